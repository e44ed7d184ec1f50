#!/usr/bin/python3
"""The agent and its link: what comes between a record and the hub."""

import json
import os
import signal
import socket
import threading
import time
import unittest

from programs import (DEADLINE_S, Agent, Case, Daemon, Hub, free_endpoint, run,
                      wait_until)

HOUSTON = "con-houston"
QUICK = ("--retry-min-ms", "20", "--retry-max-ms", "100")


class Listener:
    """A port where something else answers: `serve` gets each connection."""

    def __init__(self, serve, port=0):
        self.serve = serve
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", port))
        self.socket.listen()
        self.port = self.socket.getsockname()[1]
        self.accepted = 0
        self.kept = []
        self.thread = threading.Thread(target=self.loop, daemon=True)
        self.thread.start()

    @property
    def endpoint(self):
        return "tcp://127.0.0.1:%d" % self.port

    def loop(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.accepted += 1
            try:
                self.serve(connection)
            except OSError:
                pass
            self.kept.append(connection)

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(DEADLINE_S)
        for connection in self.kept:
            connection.close()


def web_page(connection):
    connection.recv(10)
    connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                       b"Content-Length: 0\r\nConnection: close\r\n\r\n")
    connection.close()


def plain_text(connection):
    connection.sendall(b"220 mail.example ESMTP ready\r\n" * 10)


def close_at_once(connection):
    connection.close()


def say_nothing(_connection):
    pass


OTHERS = {"a web page": web_page, "plain text": plain_text, "closed at once": close_at_once}


class LinkCase(Case):
    def agent(self, hub, endpoint=None, name="agent"):
        return Agent(self.path(name), hub, endpoint or hub.endpoint, HOUSTON)

    def stopped_hub(self):
        """A hub that is made and not started."""
        hub = Hub(self.path("hub"), bind=free_endpoint())
        with open(self.path("hub", "bind"), encoding="ascii") as f:
            hub.endpoint = f.read().strip()
        self.addCleanup(hub.stop)
        return hub

    def listener(self, serve, **other):
        listener = Listener(serve, **other)
        self.addCleanup(listener.close)
        return listener

    def daemon(self, agent, *args):
        daemon = Daemon(agent.home + ".log", "valija-agent", "run", "--home", agent.home,
                        *QUICK, *args)
        self.addCleanup(daemon.stop)
        return daemon

    def wait_for_pending(self, agent, pending):
        wait_until(lambda: agent.status()["pending"] == pending, "%d pending" % pending)

    @staticmethod
    def record(agent, count=1):
        return [agent.record("--indicator", "IND-1", "--date", "2025-11-14", "--quantity", "1",
                             "--place", "Houston") for _ in range(count)]


class Init(LinkCase):
    def setUp(self):
        super().setUp()
        self.key = Hub(self.path("hub")).pub

    def init(self, *args, home="agent", **other):
        return run("valija-agent", "init", "--home", self.path(home), "--hub",
                   "tcp://127.0.0.1:23000", "--hub-key", self.key, *args, **other)

    def test_the_home_is_private_where_it_must_be_whatever_the_umask(self):
        for umask in (0o000, 0o077):
            home = "agent%o" % umask
            self.init("--unit", HOUSTON, home=home, umask=umask)
            modes = {name: os.stat(self.path(home, name)).st_mode & 0o7777
                     for name in ("", "feed.key", "curve.key")}
            self.assertEqual(modes, {"": 0o2770, "feed.key": 0o600, "curve.key": 0o600})

    def test_the_last_line_is_the_fingerprint_in_every_language(self):
        for number, language in enumerate(("C", "es_CO.UTF-8")):
            out = self.init("--unit", HOUSTON, home="agent%d" % number,
                            env={**os.environ, "LC_ALL": language}).stdout
            self.assertRegex(out.splitlines()[-1],
                             r"^fingerprint: [A-Z2-7]{4}(-[A-Z2-7]{4}){3}$")
            self.assertIn(self.path("agent%d" % number, "feed.key"), out)
            if language == "C":
                self.assertIn("'valija-agent sync --home %s'" % self.path("agent0"), out)
            self.assertIn(self.path("agent%d" % number, "curve.key"), out)

    def test_an_empty_folder_becomes_a_home(self):
        os.mkdir(self.path("agent"), 0o755)
        self.init("--unit", HOUSTON)
        self.assertEqual(os.stat(self.path("agent")).st_mode & 0o7777, 0o2770)

    def test_nothing_is_ever_overwritten(self):
        self.init("--unit", HOUSTON)
        with open(self.path("agent", "feed.key"), "rb") as f:
            before = f.read()
        said = self.init("--unit", HOUSTON, status=73).stderr
        self.assertIn("nothing was changed", said)
        with open(self.path("agent", "feed.key"), "rb") as f:
            self.assertEqual(f.read(), before)
        self.init("--unit", HOUSTON, "--request", self.key, home="other", status=73)
        self.assertFalse(os.path.exists(self.path("other")))

    def test_the_request_is_where_it_was_asked_for(self):
        self.init("--unit", HOUSTON, "--request", self.path("copy"))
        with open(self.path("copy"), "rb") as copy, open(self.path("agent", "request"), "rb") as f:
            self.assertEqual(copy.read(), f.read())

    def test_what_is_wrong_is_named_and_nothing_is_made(self):
        unit = ("--unit", HOUSTON)
        for args, status, named in (
                (("--unit", "con houston"), 64, "con houston"),
                (("--unit", ""), 64, "--unit"),
                (("--unit", HOUSTON + "," + HOUSTON), 64, HOUSTON),
                (("--unit", "x" * 33), 64, "xxx"),
                ((*unit, "--hub", "127.0.0.1:5555"), 64, "127.0.0.1:5555"),
                ((*unit, "--hub", "tcp://a:1,tcp://b"), 64, "tcp://b"),
                ((*unit, "--hub-key", self.path("none")), 66, "none"),
                ((*unit, "--hub-key", __file__), 65, "hub.pub"),
                ((*unit, "--home", self.path("a/b/c")), 73, "a/b/c"),
                ((*unit, "word"), 64, "word")):
            with self.subTest(args=args):
                said = self.init(*args, status=status).stderr
                self.assertIn(named, said)
                self.assertFalse(os.path.exists(self.path("agent")))
        self.assertEqual([n for n in os.listdir(self.folder) if "new" in n], [])


class Sync(LinkCase):
    def test_everything_goes_and_the_plan_comes(self):
        hub = self.hub()
        agent = self.agent(hub)
        self.assertEqual(len(set(self.record(agent, 3))), 3)
        self.assertEqual(agent.sync(), "3 entries acknowledged in all; 0 pending\n")
        status = agent.status()
        self.assertEqual((status["acknowledged"], status["pending"]), (3, 0))
        self.assertEqual(status["plan_version"], 1)
        self.assertEqual(agent.sync(), "3 entries acknowledged in all; 0 pending\n")
        self.record(agent)
        self.assertEqual(agent.sync(), "4 entries acknowledged in all; 0 pending\n")

    def test_a_second_hub_gets_the_same_and_is_acknowledged_apart(self):
        first, second = self.hub(), Hub(self.path("second")).start()
        self.addCleanup(second.stop)
        agent = self.agent(first)
        self.record(agent, 3)
        second.enroll(os.path.join(agent.home, "request"), agent.fingerprint)
        there = ("--hub", second.endpoint, "--hub-key", second.pub)
        self.assertEqual(agent.sync(*there), "3 entries acknowledged in all; 0 pending\n")
        self.assertEqual(agent.status()["pending"], 3)
        self.assertEqual(agent.sync(), "3 entries acknowledged in all; 0 pending\n")
        self.assertEqual(agent.status()["pending"], 0)
        self.assertEqual(first.digest(), second.digest())

    def test_the_same_hub_is_found_at_another_address(self):
        hub = self.hub()
        agent = self.agent(hub, free_endpoint())
        self.record(agent)
        self.assertEqual(agent.sync("--hub", hub.endpoint), "1 entry acknowledged in all; 0 pending\n")
        self.assertEqual(agent.status()["pending"], 0)

    def test_another_hub_needs_an_address_and_a_key_that_is_one(self):
        agent = self.agent(self.hub())
        for wrong, status in ((("--hub-key", agent.home + "/hub.pub"), 64),
                              (("--hub", "houston:5570"), 64),
                              (("--hub", "tcp://127.0.0.1:1", "--hub-key",
                                agent.home + "/request"), 65)):
            with self.subTest(wrong=wrong):
                self.assertEqual(run("valija-agent", "sync", *wrong, "--home", agent.home,
                                     status=None).returncode, status)

    def test_what_needs_many_batches_goes_too(self):
        hub = self.hub()
        agent = self.agent(hub)
        with open(self.path("days.csv"), "w", encoding="utf-8") as f:
            f.write("indicator,date,quantity,place,note\n")
            for n in range(3000):
                f.write("IND-1,2025-11-%02d,1,Houston,%d %s\n" % (
                    n % 28 + 1, n, os.urandom(60).hex()))
        agent.valija("import", self.path("days.csv"))
        self.assertEqual(agent.sync(), "3000 entries acknowledged in all; 0 pending\n")

    def test_a_hub_that_is_away_is_said_and_nothing_is_lost(self):
        hub = self.stopped_hub()
        agent = self.agent(hub)
        self.record(agent, 2)
        done = run("valija-agent", "sync", "--home", agent.home, "--timeout-ms", "300", status=69)
        self.assertIn("nobody answers at " + hub.endpoint, done.stderr)
        self.assertIn("0 entries acknowledged in all; 2 pending", done.stderr)
        self.assertEqual(done.stdout, "")
        hub.start()
        self.assertEqual(agent.sync(), "2 entries acknowledged in all; 0 pending\n")

    def test_who_is_not_enrolled_is_told_so(self):
        hub = self.hub()
        run("valija-agent", "init", "--home", self.path("new"), "--unit", HOUSTON, "--hub",
            hub.endpoint, "--hub-key", hub.pub)
        done = run("valija-agent", "sync", "--home", self.path("new"), "--timeout-ms", "500",
                   status=69)
        self.assertIn("not enrolled yet", done.stderr)

    def test_a_hub_pub_of_another_hub_is_suspected(self):
        hub, other = self.hub(), Hub(self.path("other"))
        run("valija-agent", "init", "--home", self.path("new"), "--unit", HOUSTON, "--hub",
            hub.endpoint, "--hub-key", other.pub)
        done = run("valija-agent", "sync", "--home", self.path("new"), "--timeout-ms", "500",
                   status=69)
        self.assertIn("hub.pub is not this hub's", done.stderr)

    def test_enrolment_meanwhile_ends_the_waiting(self):
        hub = self.hub()
        out = run("valija-agent", "init", "--home", self.path("new"), "--unit", HOUSTON, "--hub",
                  hub.endpoint, "--hub-key", hub.pub).stdout
        sync = Daemon(self.path("log"), "valija-agent", "sync", "--home", self.path("new"), *QUICK)
        self.addCleanup(sync.stop)
        wait_until(lambda: "not enrolled yet" in sync.said(), "the refusal")
        hub.enroll(self.path("new", "request"), out.split("fingerprint: ")[1].strip())
        self.assertEqual(sync.line(), "0 entries acknowledged in all; 0 pending")
        self.assertEqual(sync.stop(), 0)

    def test_a_hub_that_says_nothing_is_given_up_in_time(self):
        hub = self.hub()
        mute = self.listener(say_nothing)
        agent = self.agent(hub, mute.endpoint)
        begin = time.monotonic()
        run("valija-agent", "sync", "--home", agent.home, "--timeout-ms", "700", status=69)
        self.assertLess(time.monotonic() - begin, 5)

    def test_a_signal_ends_it_with_a_word(self):
        agent = self.agent(self.hub(), self.listener(say_nothing).endpoint)
        sync = Daemon(self.path("log"), "valija-agent", "sync", "--home", agent.home)
        wait_until(lambda: "SigBlk:\t0000000000004003" in self.signals(sync), "signals are blocked")
        self.assertEqual(sync.stop(signal.SIGINT), 75)
        self.assertIn("interrupted", sync.said())

    @staticmethod
    def signals(daemon):
        with open("/proc/%d/status" % daemon.process.pid, encoding="ascii") as f:
            return f.read()

    def test_a_home_that_is_not_one_is_said(self):
        done = run("valija-agent", "sync", "--home", self.path("none"), status=66)
        self.assertIn(self.path("none"), done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_keys_of_another_home_are_refused(self):
        hub = self.hub()
        agent, other = self.agent(hub), self.agent(hub, name="other")
        os.replace(self.path("other", "feed.key"), self.path("agent", "feed.key"))
        done = run("valija-agent", "sync", "--home", agent.home, status=78)
        self.assertIn("feed.key", done.stderr)
        os.unlink(self.path("other", "curve.key"))
        os.replace(self.path("agent", "feed.key"), self.path("other", "feed.key"))
        done = run("valija-agent", "sync", "--home", other.home, status=66)
        self.assertIn("curve.key", done.stderr)

    def test_numbers_out_of_bounds_are_refused(self):
        agent = self.agent(self.hub())
        for option in ("--timeout-ms", "--retry-min-ms", "--retry-max-ms"):
            for value in ("0", "-1", "x", "", "1x", "99999999999", "86400001"):
                run("valija-agent", "sync", "--home", agent.home, option, value, status=64)


class Run(LinkCase):
    def test_what_is_recorded_goes_by_itself(self):
        hub = self.hub()
        agent = self.agent(hub)
        self.daemon(agent)
        self.wait_for_pending(agent, 0)
        for _ in range(3):
            self.record(agent)
            self.wait_for_pending(agent, 0)
        self.assertEqual(agent.status()["acknowledged"], 3)

    def test_a_hub_that_goes_away_is_found_again(self):
        hub = self.stopped_hub()
        agent = self.agent(hub)
        daemon = self.daemon(agent)
        for recorded, how in enumerate((signal.SIGTERM, signal.SIGKILL), 1):
            self.record(agent)
            hub.start()
            self.wait_for_pending(agent, 0)
            self.assertEqual(agent.status()["acknowledged"], recorded)
            hub.stop(how)
        self.assertTrue(daemon.running())

    def test_it_comes_back_from_a_port_where_something_else_answered(self):
        hub = self.stopped_hub()
        port = int(hub.endpoint.rsplit(":", 1)[1])
        agent = self.agent(hub)
        self.record(agent)
        daemon = None
        for what, serve in OTHERS.items():
            other = Listener(serve, port)
            daemon = daemon or self.daemon(agent)
            try:
                wait_until(lambda: other.accepted > 2, "attempts at " + what)
            finally:
                other.close()
        self.assertEqual(agent.status()["pending"], 1)
        hub.start()
        self.wait_for_pending(agent, 0)

    def test_the_second_endpoint_is_tried_too(self):
        hub = self.hub()
        first = self.listener(close_at_once)
        agent = self.agent(hub, first.endpoint + "," + hub.endpoint)
        self.record(agent)
        self.daemon(agent)
        self.wait_for_pending(agent, 0)
        self.assertGreater(first.accepted, 0)

    def test_a_hub_that_is_away_for_long_is_one_line(self):
        agent = self.agent(self.hub(), free_endpoint())
        refused = self.listener(close_at_once)
        other = self.agent(self.hub("second"), refused.endpoint, name="other")
        daemon, busy = self.daemon(agent), self.daemon(other)
        wait_until(lambda: refused.accepted > 10, "attempts")
        for d in (daemon, busy):
            wait_until(lambda d=d: "UPLINK-FAILED" in d.said(), "the line")
            self.assertEqual(d.said().count("UPLINK-FAILED"), 1)

    def test_each_of_several_addresses_is_one_line(self):
        refused = [self.listener(close_at_once) for _ in range(2)]
        agent = self.agent(self.hub(), ",".join(r.endpoint for r in refused))
        daemon = self.daemon(agent)
        wait_until(lambda: all(r.accepted > 5 for r in refused), "attempts")
        wait_until(lambda: daemon.said().count("UPLINK-FAILED") >= 2, "the lines")
        self.assertEqual(daemon.said().count("UPLINK-FAILED"), 2)

    def test_enrolment_is_noticed_without_help(self):
        hub = self.hub()
        out = run("valija-agent", "init", "--home", self.path("agent"), "--unit", HOUSTON, "--hub",
                  hub.endpoint, "--hub-key", hub.pub).stdout
        daemon = Daemon(self.path("log"), "valija-agent", "run", "--home", self.path("agent"),
                        *QUICK)
        self.addCleanup(daemon.stop)
        wait_until(lambda: "not enrolled yet" in daemon.said(), "the refusal")
        def status(*args):
            return run("valija", "status", "--home", self.path("agent"), *args).stdout
        wait_until(lambda: json.loads(status("--json"))["refused"] == "enrolment", "the status")
        self.assertIn("does not let this device in: it is not enrolled, or was revoked", status())
        hub.enroll(self.path("agent", "request"), out.split("fingerprint: ")[1].strip())
        wait_until(lambda: "UPLINK-WELCOME" in daemon.said(), "the welcome", 5)
        wait_until(lambda: json.loads(status("--json"))["refused"] is None, "the status")
        self.assertNotIn("revoked", status())

    def test_one_daemon_serves_a_home_and_sync_works_beside_it(self):
        agent = self.agent(self.hub())
        daemon = self.daemon(agent)
        wait_until(lambda: "AGENT-READY" in daemon.said(), "the daemon")
        done = run("valija-agent", "run", "--home", agent.home, status=75)
        self.assertIn("process %d" % daemon.process.pid, done.stderr)
        self.record(agent)
        self.assertEqual(agent.sync(), "1 entry acknowledged in all; 0 pending\n")

    def test_it_stops_in_order(self):
        agent = self.agent(self.hub())
        for times, how in enumerate((signal.SIGTERM, signal.SIGINT), 1):
            daemon = self.daemon(agent)
            wait_until(lambda d=daemon, n=times: d.said().count("UPLINK-WELCOME") == n, "the link")
            self.assertEqual(daemon.stop(how), 0)
            self.assertEqual(daemon.said().count("AGENT-STOP"), times)

    def test_the_service_manager_is_told(self):
        agent = self.agent(self.hub())
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(self.path("notify"))
            notify.settimeout(DEADLINE_S)
            os.environ["NOTIFY_SOCKET"] = self.path("notify")
            try:
                daemon = self.daemon(agent)
            finally:
                del os.environ["NOTIFY_SOCKET"]
            self.assertEqual(notify.recv(100), b"READY=1")
            daemon.stop()
            self.assertEqual(notify.recv(100), b"STOPPING=1")


if __name__ == "__main__":
    unittest.main()
