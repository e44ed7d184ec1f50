#!/usr/bin/python3
"""The hub at its port: who comes, what is in its way, how it starts and ends."""

import fcntl
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import unittest

import peer
import zmq
from programs import BIN, DEADLINE_S, PLAN, Case, Daemon, Hub, run, wait_until

HOUSTON = "con-houston"
DATE = 20406  # 2025-11-14


def days(device, count, **keys):
    for n in range(count):
        device.activity(DATE + n, ind="IND-1", **keys)


class HubCase(Case):
    def served(self, hub):
        """A device of its own is served."""
        device = self.device(hub, HOUSTON)
        days(device, 1)
        wait_until(lambda: self.shakes_hands(hub, device), "the hub lets the device in")
        hub.sync(device)
        return device

    @staticmethod
    def shakes_hands(hub, device):
        with hub.link(device) as link:
            return link.handshake()

    def made(self, name="hub", **other):
        """A hub that is made and not started."""
        hub = Hub(self.path(name), **other)
        self.addCleanup(hub.stop)
        return hub


class Init(HubCase):
    def test_only_the_hub_may_read_its_home(self):
        for umask in (0o000, 0o077):
            home = self.path("hub%o" % umask)
            run("valija-hub", "init", "--home", home, "--bind", "tcp://*:5555", "--plan", PLAN,
                umask=umask)
            modes = {name: os.stat(os.path.join(home, name)).st_mode & 0o7777
                     for name in ("", "sign.key", "curve.key")}
            self.assertEqual(modes, {"": 0o700, "sign.key": 0o600, "curve.key": 0o600})

    def test_it_says_what_to_hand_out_and_what_to_keep_safe(self):
        out = run("valija-hub", "init", "--home", self.path("hub"), "--bind", "tcp://*:5555",
                  "--plan", PLAN).stdout
        for name in ("hub.pub", "sign.key", "curve.key"):
            self.assertIn(self.path("hub", name), out)
        self.assertNotEqual(peer.HubKeys.read(self.path("hub", "hub.pub")).sign, bytes(32))

    def test_nothing_is_overwritten(self):
        hub = self.made()
        before = self.read("hub", "sign.key")
        done = run("valija-hub", "init", "--home", hub.home, "--bind", "tcp://*:5555", "--plan",
                   PLAN, status=73)
        self.assertIn("nothing was changed", done.stderr)
        self.assertEqual(self.read("hub", "sign.key"), before)

    def read(self, *names):
        with open(self.path(*names), "rb") as f:
            return f.read()

    def test_what_is_wrong_is_named_and_nothing_is_made(self):
        with open(self.path("plan.json"), "w", encoding="utf-8") as f:
            f.write('{"format": "valija/plan/1", "version": 0}')
        good = ("--bind", "tcp://127.0.0.1:*", "--plan", PLAN)
        for args, status, named in (
                ((*good, "--plan", self.path("plan.json")), 65, "/version"),
                ((*good, "--plan", self.path("none")), 66, "none"),
                ((*good, "--bind", "127.0.0.1:5555"), 64, "tcp://ADDRESS:PORT"),
                ((*good, "--bind", "tcp://127.0.0.1:99999"), 64, "tcp://ADDRESS:PORT"),
                (good[:2], 64, "--plan"), (good[2:], 64, "--bind"),
                ((*good, "--home", self.path("a/b")), 73, "a/b")):
            with self.subTest(args=args):
                said = run("valija-hub", "init", "--home", self.path("hub"), *args,
                           status=status).stderr
                self.assertIn(named, said)
        self.assertEqual(os.listdir(self.folder), ["plan.json"])


class Enroll(HubCase):
    def request(self, device):
        with open(self.path("request"), "wb") as f:
            f.write(device.request())
        return self.path("request")

    def enroll(self, hub, *args, **other):
        return run("valija-hub", "enroll", "--home", hub.home, *args, **other)

    def test_it_says_who_was_enrolled_for_what(self):
        hub, device = self.made(), peer.Device([HOUSTON, "con-miami"])
        args = (self.request(device), "--fingerprint", device.fingerprint())
        said = self.enroll(hub, *args).stdout
        for what in (HOUSTON, "con-miami", peer.device_name(device.feed)):
            self.assertIn(what, said)
        self.assertIn("already", self.enroll(hub, *args).stdout)

    def test_a_fingerprint_is_taken_as_people_write_it(self):
        hub, device = self.made(), peer.Device([HOUSTON])
        spoken = device.fingerprint().lower().replace("-", " ")
        self.enroll(hub, self.request(device), "--fingerprint", spoken)

    def test_without_a_fingerprint_and_a_terminal_nobody_is_enrolled(self):
        hub, device = self.made(), peer.Device([HOUSTON])
        done = self.enroll(hub, self.request(device), status=64)
        self.assertIn("--fingerprint", done.stderr)

    def test_at_a_terminal_it_is_asked_for(self):
        hub, device = self.made(), peer.Device([HOUSTON])
        command = [os.path.join(BIN, "valija-hub"), "enroll", "--home", hub.home,
                   self.request(device)]
        for answer, status in (("AAAA-BBBB-CCCC-DDDD", 77), (device.fingerprint(), 0)):
            outer, inner = os.openpty()
            try:
                os.write(outer, answer.encode() + b"\n")
                done = subprocess.run(command, stdin=inner, capture_output=True, text=True,
                                      timeout=DEADLINE_S, check=False)
            finally:
                os.close(outer)
                os.close(inner)
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertIn(HOUSTON, done.stdout)
            self.assertNotIn(device.fingerprint(), done.stdout)

    def test_a_unit_that_the_plan_does_not_know_is_refused(self):
        hub, device = self.made(), peer.Device(["con-huston"])
        args = (self.request(device), "--fingerprint", device.fingerprint())
        self.assertIn("con-huston", self.enroll(hub, *args, status=65).stderr)
        self.assertIn("con-huston", self.enroll(hub, *args, "--force").stdout)

    def test_a_link_key_belongs_to_one_device(self):
        hub, device = self.made(), peer.Device([HOUSTON])
        hub.admit(device)
        thief = peer.Device([HOUSTON])
        thief.curve = device.curve
        done = self.enroll(hub, self.request(thief), "--fingerprint", thief.fingerprint(),
                           status=65)
        self.assertIn("same link key", done.stderr)

    def test_a_wrong_role_is_named(self):
        hub, device = self.made(), peer.Device([HOUSTON])
        done = self.enroll(hub, self.request(device), "--fingerprint", device.fingerprint(),
                           "--role", "ofice", status=64)
        self.assertIn("office", done.stderr)


class Start(HubCase):
    def test_a_home_is_served_once(self):
        hub = self.hub()
        done = run("valija-hub", "run", "--home", hub.home, status=75)
        self.assertIn("process %d" % hub.daemon.process.pid, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_a_port_in_use_is_one_clear_line(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            endpoint = "tcp://127.0.0.1:%d" % s.getsockname()[1]
            hub = self.made(bind=endpoint)
            done = run("valija-hub", "run", "--home", hub.home, status=69)
        self.assertEqual(done.stderr.splitlines(),
                         ["valija-hub run: %s: the port is in use by another program" % endpoint])
        self.assertEqual(done.stdout, "")

    def test_an_address_that_is_not_here_is_said(self):
        hub = self.made()
        done = run("valija-hub", "run", "--home", hub.home, "--bind", "tcp://192.0.2.1:5555",
                   status=78)
        self.assertIn("no such address", done.stderr)

    def test_a_home_that_is_not_there_is_said(self):
        done = run("valija-hub", "run", "--home", self.path("none"), status=66)
        self.assertIn(self.path("none"), done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_missing_and_damaged_keys_are_named(self):
        hub = self.made()
        for name, content, status in (("curve.key", b"no\n", 78), ("curve.key", None, 66),
                                      ("sign.key", None, 66)):
            kept = self.path("kept")
            shutil.copy(os.path.join(hub.home, name), kept)
            os.unlink(os.path.join(hub.home, name))
            if content:
                with open(os.path.join(hub.home, name), "wb") as f:
                    f.write(content)
            done = run("valija-hub", "run", "--home", hub.home, status=status)
            self.assertIn(name, done.stderr)
            shutil.copy(kept, os.path.join(hub.home, name))

    def test_the_real_port_is_in_a_file_while_it_serves(self):
        hub = self.hub()
        with open(os.path.join(hub.home, "endpoint"), encoding="ascii") as f:
            self.assertEqual(f.read(), hub.endpoint + "\n")
        self.assertEqual(hub.stop(), 0)
        self.assertFalse(os.path.exists(os.path.join(hub.home, "endpoint")))

    def test_it_stops_in_order(self):
        hub = self.hub()
        for how in (signal.SIGTERM, signal.SIGINT):
            self.served(hub)
            self.assertEqual(hub.stop(how), 0)
            hub.start()

    def test_the_service_manager_is_told_when_it_listens(self):
        hub = self.made()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(self.path("notify"))
            notify.settimeout(DEADLINE_S)
            os.environ["NOTIFY_SOCKET"] = self.path("notify")
            try:
                hub.start()
            finally:
                del os.environ["NOTIFY_SOCKET"]
            self.assertEqual(notify.recv(100), b"READY=1")
            hub.stop()
            self.assertEqual(notify.recv(100), b"STOPPING=1")


class Strangers(HubCase):
    def connect(self, hub):
        host, port = hub.endpoint[len("tcp://"):].rsplit(":", 1)
        s = socket.create_connection((host, int(port)), DEADLINE_S)
        self.addCleanup(s.close)
        return s

    def test_who_does_not_speak_the_protocol_is_cut_off(self):
        hub = self.hub()
        greeting = b"\xff" + bytes(8) + b"\x7f\x03\x00"
        for data in (b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n", b"EHLO mail.example\r\n",
                     b"\0" * 100, os.urandom(1000), greeting + b"PLAIN" + bytes(47) + b"\x04\x26"):
            s = self.connect(hub)
            s.sendall(data)
            s.settimeout(DEADLINE_S)
            try:
                while s.recv(1000):
                    pass
            except ConnectionResetError:
                pass
        self.served(hub)

    def test_who_says_nothing_harms_nobody(self):
        hub = self.hub()
        for _ in range(50):
            self.connect(hub)
        self.served(hub)

    def test_a_socket_without_curve_gets_nothing(self):
        hub = self.hub()
        with zmq.Context.instance().socket(zmq.DEALER) as s:
            s.linger = 0
            s.connect(hub.endpoint)
            s.send(b"hello")
            self.assertEqual(s.poll(300), 0)
        self.served(hub)

    def test_unknown_keys_are_logged_once(self):
        hub = self.hub()
        for _ in range(3):
            self.assertFalse(self.shakes_hands(hub, peer.Device([HOUSTON])))
        hub.stop()
        with open(hub.home + ".log", encoding="utf-8") as f:
            self.assertEqual(f.read().count("HUB-STRANGER"), 1)


class Devices(HubCase):
    def test_what_a_device_does_wrong_is_logged_once_for_each_reason(self):
        hub = self.hub()
        device = self.device(hub, HOUSTON)
        wait_until(lambda: self.shakes_hands(hub, device), "the hub lets the device in")
        for frame in (b"", b"\xc1", peer.message("PING", boot=0, clock=0, pending=0)) * 3:
            with hub.link(device) as link:
                link.send(frame)
                with self.assertRaises(peer.Refused):
                    link.receive()
                self.assertTrue(link.dropped())
        self.served(hub)
        hub.stop()
        with open(hub.home + ".log", encoding="utf-8") as f:
            log = f.read()
        self.assertEqual(log.count("HUB-REFUSED"), 2)
        name = peer.device_name(device.feed)
        self.assertIn("device %s: bytes that do not follow the protocol" % name, log)
        self.assertIn("device %s: that message does not belong here" % name, log)

    def test_a_routing_id_gives_no_rights(self):
        hub = self.hub()
        one, two = self.device(hub, HOUSTON), self.device(hub, HOUSTON)
        days(one, 1)
        days(two, 2)
        wait_until(lambda: self.shakes_hands(hub, two), "the hub lets the device in")
        for device in (one, two):
            self.by_name(hub, device, lambda link: link.sync())
        with self.assertRaises(peer.Refused) as refusal:
            self.by_name(hub, two, lambda link: link.hello(feed=one.feed))
        self.assertEqual(refusal.exception.code, "feed")

    @staticmethod
    def by_name(hub, device, say):
        """Say it over a link that calls itself by a name another device used.  While the hub has
        not seen the end of the link before, it does not listen to a second of that name."""
        def heard():
            with hub.link(device, deadline=1) as link:
                link.socket.disconnect(hub.endpoint)
                link.socket.identity = b"name"
                link.socket.connect(hub.endpoint)
                try:
                    say(link)
                except TimeoutError:
                    return False
            return True
        wait_until(heard, "the hub listens to that name")

    def test_contacts_are_kept_and_follow_the_acknowledgements(self):
        hub = self.hub()
        device = self.device(hub, HOUSTON)
        days(device, 5)
        wait_until(lambda: self.shakes_hands(hub, device), "the hub lets the device in")
        with hub.link(device) as link:
            link.hello(clock=1)
            row = wait_until(lambda: self.contact(hub), "the contact")
            self.assertEqual((row["tip"], row["pending"]), (5, 5))
            self.assertLess(row["skew_ms"], -10 ** 12)
            link.push(device.batch(1, 3))
            self.assertEqual(self.contact(hub)["pending"], 2)
            link.push(device.batch(4, 5))
            self.assertEqual(self.contact(hub)["pending"], 0)

    @staticmethod
    def contact(hub):
        return next((row for row in hub.ask("units")["units"] if row["last_contact"]), None)

    def test_a_device_that_has_seen_more_than_the_hub_is_named(self):
        hub = self.hub()
        device = self.served(hub)
        for more in ({"plan": 2, "registry": 99}, {"registry": 99}):
            with hub.link(device) as link:
                link.hello(**more)
                wait_until(lambda: "HUB-BEHIND" in hub.daemon.said(), "the hub says so")
        hub.stop()
        with open(hub.home + ".log", encoding="utf-8") as f:
            log = f.read()
        self.assertEqual(log.count("HUB-BEHIND"), 1)
        self.assertIn(peer.device_name(device.feed), log)

    def test_a_new_plan_is_told_to_who_is_connected(self):
        hub = self.hub()
        device = self.served(hub)
        with open(PLAN, encoding="utf-8") as f:
            text = f.read()
        with open(self.path("plan.json"), "w", encoding="utf-8") as f:
            f.write(text.replace('"version": 1,', '"version": 2,', 1))
        with hub.link(device) as link:
            self.assertEqual(link.hello()["plan"], 1)
            hub.command("plan load", self.path("plan.json"))
            self.assertEqual(link.expect("PONG", seconds=2)["plan"], 2)
            self.assertEqual(link.document("plan")[0], 2)


class Store(HubCase):
    @staticmethod
    def hold(hub):
        """Take the write lock as a command does; a file to be closed."""
        f = open(os.path.join(hub.home, "store", "write.lock"), "r+b")
        lock = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        wait_until(lambda: Store.taken(f, lock), "the lock")
        return f

    @staticmethod
    def taken(f, lock):
        f_ofd_setlk = 37
        try:
            fcntl.fcntl(f, f_ofd_setlk, lock)
        except BlockingIOError:
            return False
        return True

    def test_while_a_command_writes_others_are_served_and_batches_wait(self):
        hub = self.hub()
        device = self.served(hub)
        days(device, 1)
        with hub.link(device) as link:
            link.hello()
            with self.hold(hub):
                link.say_push(device.batch(2, 2))
                for _ in range(3):
                    link.ping()
                self.assertEqual(link.socket.poll(100), 0)
            link.expect_ack(device.batch(2, 2))

    def test_a_full_disk_refuses_and_loses_nothing(self):
        hub = self.made()
        device = hub.admit(peer.Device([HOUSTON]))
        days(device, 1)
        for _ in range(8):
            device.add(peer.activity(HOUSTON, DATE, ind="IND-1", x=os.urandom(15000)))
        size = os.stat(os.path.join(hub.home, "store", "data.mdb")).st_size
        full = Daemon(self.path("log"), "valija-hub", "run", "--home", hub.home)
        self.addCleanup(full.stop)
        hub.endpoint = full.line().split()[-1]
        resource.prlimit(full.process.pid, resource.RLIMIT_FSIZE, (size, size))
        with hub.link(device) as link:
            link.hello()
            for first in range(1, 10):
                link.say_push(device.batch(first, first))
            with self.assertRaises(peer.Refused) as refusal:
                while True:
                    link.receive()
        self.assertEqual(refusal.exception.code, "busy")
        self.assertEqual(full.stop(), 0)
        self.assertEqual(full.said().count("HUB-STORE"), 1)
        hub.start()
        hub.sync(device)
        self.assertEqual(hub.total("IND-1"), 9)


if __name__ == "__main__":
    unittest.main()
