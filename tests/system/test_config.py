#!/usr/bin/python3
"""Settings: files with faults, what is over what, and a reload while everything
runs; and what a service manager is told."""

import os
import pwd
import re
import signal
import socket
import subprocess
import unittest

from programs import (BIN, PLAN, Agent, Case, Daemon, Hub, free_endpoint, run, wait_until)

DAY = ("--indicator", "IND-1", "--date", "2025-11-15")


class ConfigCase(Case):
    def setUp(self):
        super().setUp()
        self.endpoint = free_endpoint()
        self.office = Hub(self.path("hub"), bind=self.endpoint)
        self.addCleanup(self.office.stop, signal.SIGKILL)

    def conf(self, text, name="conf"):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path(name)

    def daemon(self, program, *args):
        daemon = Daemon(self.path(program + ".log"), program, "run", *args)
        self.addCleanup(daemon.stop, signal.SIGKILL)
        return daemon

    def logged(self, daemon, words):
        wait_until(lambda: words in daemon.said(), "%r in the log of %s" % (words, daemon.log))


class Files(ConfigCase):
    def test_all_faults_are_told_and_nothing_is_started(self):
        path = self.conf("bind = here\nidle-ms = 5\n\nidel-ms = 60000\n")
        for words in (("--check-config",), ()):
            done = run("valija-hub", "run", "--home", self.office.home, "--config", path, *words,
                       status=78)
            said = done.stderr.splitlines()
            self.assertEqual(len(said), 3, said)
            self.assertIn("conf:1: bind: 'here' is not tcp://ADDRESS:PORT", said[0])
            self.assertIn("conf:2: idle-ms: '5' is not a number from 60000 to 86400000 (ms)",
                          said[1])
            self.assertIn("conf:4: there is no key 'idel-ms'; did you mean 'idle-ms'?", said[2])
        self.assertFalse(os.path.exists(os.path.join(self.office.home, "endpoint")))

    def test_a_good_file_is_checked_without_a_word_or_a_home(self):
        path = self.conf("home = /nowhere\nhub = tcp://a.example:1,tcp://[2001:db8::1]:5555\n")
        done = run("valija-agent", "run", "--check-config", "--config", path)
        self.assertEqual((done.stdout, done.stderr), ("", ""))

    def test_a_file_that_is_not_there_is_named(self):
        done = run("valija-hub", "run", "--config", self.path("none"), status=78)
        self.assertIn("none: cannot be read: not found", done.stderr)

    def test_the_sample_is_a_file_that_is_taken(self):
        for program in ("valija-hub", "valija-agent"):
            path = self.conf(run(program, "run", "--sample-config").stdout)
            run(program, "run", "--check-config", "--config", path)

    def test_each_key_is_an_option_with_its_bounds_in_the_help(self):
        for program in ("valija-hub", "valija-agent"):
            sample = run(program, "run", "--sample-config").stdout
            usage = run(program, "run", "--help").stdout
            keys = re.findall(r"^# ([a-z-]+) =", sample, re.M)
            self.assertGreater(len(keys), 5)
            for key in keys:
                self.assertIn("--%s=" % key, usage)

    def test_a_wrong_option_is_wrong_usage(self):
        done = run("valija-agent", "run", "--ping-ms", "0", status=64)
        self.assertIn("--ping-ms: '0' is not a number from 1000 to 3600000 (ms)", done.stderr)

    def test_an_option_is_over_the_file(self):
        other = free_endpoint()
        path = self.conf("home = %s\nbind = tcp://127.0.0.1:1\n" % self.office.home)
        hub = self.daemon("valija-hub", "--config", path, "--bind", other)
        self.assertEqual(hub.line(), "listening on " + other)
        hub.stop()
        path = self.conf("home = %s\nbind = %s\n" % (self.office.home, other))
        self.assertEqual(self.daemon("valija-hub", "--config", path).line(),
                         "listening on " + other)


class Reload(ConfigCase):
    def test_an_agent_takes_another_address_of_its_hub(self):
        agent = Agent(self.path("houston"), self.office, self.endpoint, "con-houston")
        agent.record(*DAY)
        path = self.conf("home = %s\nhub = tcp://127.0.0.1:1\nretry-max-ms = 100\n"
                         "retry-min-ms = 10\n" % agent.home)
        self.office.start()
        daemon = self.daemon("valija-agent", "--config", path)
        self.logged(daemon, "UPLINK-FAILED")
        self.conf("home = %s\nhub = %s\nping-ms = 20000\nretry-max-ms = 100\n"
                  "retry-min-ms = 10\n" % (agent.home, self.endpoint))
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.office.total("IND-1") == 1, "the record at the hub")
        said = daemon.said()
        self.assertIn("CONFIG-CHANGED: hub has another value now", said)
        self.assertIn("CONFIG-RESTART: ping-ms has changed; that holds with the next start", said)
        self.assertIn("CONFIG-LOADED", said)
        self.assertEqual(daemon.stop(), 0)

    def test_a_link_to_an_address_that_was_taken_out_ends(self):
        agent = Agent(self.path("houston"), self.office, self.endpoint, "con-houston")
        text = "home = %s\nretry-max-ms = 100\nretry-min-ms = 10\nhub = %%s\n" % agent.home
        dead = "tcp://127.0.0.1:1"
        path = self.conf(text % self.endpoint)
        self.office.start()
        daemon = self.daemon("valija-agent", "--config", path)
        self.logged(daemon, "UPLINK-WELCOME")
        self.conf(text % (dead + "," + self.endpoint))
        daemon.process.send_signal(signal.SIGHUP)
        self.logged(daemon, "CONFIG-LOADED")
        agent.record(*DAY)
        wait_until(lambda: self.office.total("IND-1") == 1, "the record, by the same link")
        self.assertNotIn("UPLINK-FAILED", daemon.said())
        self.conf(text % dead)
        daemon.process.send_signal(signal.SIGHUP)
        self.logged(daemon, "UPLINK-FAILED")
        self.assertIn("nobody answers at " + dead, daemon.said())
        self.assertEqual(daemon.stop(), 0)

    def test_a_faulty_file_changes_nothing(self):
        path = self.conf("home = %s\n" % self.office.home)
        hub = self.daemon("valija-hub", "--config", path)
        hub.line()
        self.conf("home = %s\nidle-ms = x\n" % self.office.home)
        hub.process.send_signal(signal.SIGHUP)
        self.logged(hub, "CONFIG-KEPT")
        self.assertIn("conf:2: idle-ms: 'x' is not a number", hub.said())
        self.conf("home = %s\nidle-ms = 70000\n" % self.office.home)
        hub.process.send_signal(signal.SIGHUP)
        self.logged(hub, "CONFIG-CHANGED: idle-ms has another value now")
        self.assertTrue(hub.running())
        self.assertEqual(hub.stop(), 0)


class Manager:
    """The socket of a service manager."""

    def __init__(self, path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.told = []

    def wait_for(self, words, seconds=20):
        def come():
            self.socket.settimeout(0.2)
            try:
                self.told.append(self.socket.recv(4096).decode())
            except socket.timeout:
                pass
            return any(words in line for line in self.told)
        wait_until(come, "%r told to the service manager" % words, seconds)

    def silent_for(self, seconds):
        """Nothing more comes within that time."""
        while True:
            self.socket.settimeout(seconds)
            try:
                self.socket.recv(4096)
            except socket.timeout:
                return


class Services(ConfigCase):
    def started(self, program, home):
        manager = Manager(self.path("notify"))
        self.addCleanup(manager.socket.close)
        command = [os.path.join(BIN, program), "run", "--home", home]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "400000"})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return manager, process

    def check(self, program, home):
        manager, process = self.started(program, home)
        manager.wait_for("READY=1")
        self.assertNotIn("WATCHDOG=1", manager.told[0])
        manager.told.clear()
        manager.wait_for("WATCHDOG=1")
        manager.told.clear()
        process.send_signal(signal.SIGHUP)
        manager.wait_for("RELOADING=1")
        manager.wait_for("READY=1")
        # a loop that does not turn gives no sign of life
        process.send_signal(signal.SIGSTOP)
        manager.silent_for(1)
        process.send_signal(signal.SIGCONT)
        manager.told.clear()
        manager.wait_for("WATCHDOG=1")
        process.send_signal(signal.SIGTERM)
        manager.wait_for("STOPPING=1")
        self.assertEqual(process.wait(20), 0)

    def test_the_hub_tells_its_service_manager(self):
        self.check("valija-hub", self.office.home)

    def test_the_agent_tells_its_service_manager(self):
        agent = Agent(self.path("houston"), self.office, self.endpoint, "con-houston")
        self.check("valija-agent", agent.home)

    def test_a_hub_that_cannot_listen_is_never_ready(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            with open(os.path.join(self.office.home, "bind"), "w", encoding="utf-8") as f:
                f.write("tcp://127.0.0.1:%d\n" % taken.getsockname()[1])
            manager, process = self.started("valija-hub", self.office.home)
            self.assertEqual(process.wait(20), 69)
            manager.silent_for(0.1)
            self.assertEqual([line for line in manager.told if "READY" in line], [])

    def test_keys_come_from_the_credentials_of_the_service(self):
        agent = Agent(self.path("houston"), self.office, self.endpoint, "con-houston")
        agent.record(*DAY)
        self.office.start()
        os.mkdir(self.path("credentials"))
        for name in ("feed.key", "curve.key"):
            os.rename(os.path.join(agent.home, name), self.path("credentials", name))
        done = run("valija-agent", "sync", "--home", agent.home, status=66)
        self.assertIn("feed.key: cannot be read", done.stderr)
        agent.sync(env={**os.environ, "CREDENTIALS_DIRECTORY": self.path("credentials")})
        self.assertEqual(self.office.total("IND-1"), 1)


class Root(ConfigCase):
    """What root types is done as the owner of the home."""

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("SKIPPED: needs root")
        super().setUp()
        self.nobody = pwd.getpwnam("nobody")
        os.chmod(self.folder, 0o755)

    def owners(self, folder):
        found = set()
        for where, folders, files in os.walk(folder):
            for name in (".", *folders, *files):
                found.add(os.stat(os.path.join(where, name)).st_uid)
        return found

    def given(self, name):
        os.mkdir(self.path(name), 0o700)
        os.chown(self.path(name), self.nobody.pw_uid, self.nobody.pw_gid)
        return self.path(name)

    def test_a_home_made_in_the_folder_of_a_service_is_the_services(self):
        home = self.given("hub-of-nobody")
        run("valija-hub", "init", "--home", home, "--bind", self.endpoint, "--plan", PLAN)
        self.assertEqual(self.owners(home), {self.nobody.pw_uid})

        device = self.given("houston")
        out = run("valija-agent", "init", "--home", device, "--unit", "con-houston", "--hub",
                  self.endpoint, "--hub-key", os.path.join(home, "hub.pub"),
                  "--request", self.path("request")).stdout
        os.chmod(self.path("request"), 0o600)  # only root may read it
        run("valija-hub", "enroll", self.path("request"), "--fingerprint", out.split()[-1],
            "--home", home)
        run("valija", "record", *DAY, "--home", device)
        self.assertEqual(self.owners(home) | self.owners(device), {self.nobody.pw_uid})


if __name__ == "__main__":
    unittest.main()
