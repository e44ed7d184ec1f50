#!/usr/bin/python3
"""Peers that mean harm: the hub's memory and descriptors stay bounded, and others are
served meanwhile, and so an agent with a hub that is none."""

import os
import resource
import socket
import struct
import threading
import time
import unittest

import msgpack
import peer
import zmq
import zstandard
from programs import DEADLINE_S, Case, Daemon, run, wait_until

HOUSTON = "con-houston"
DATE = 20406  # 2025-11-14
MIB = 1 << 20
HUB_BYTES_MAX = 256 * MIB     # whatever anybody does; without a sanitizer
AGENT_BYTES_MAX = 64 * MIB
MANY = 2000
CALLERS_MAX = 1024            # that may be silent at one socket, hub/link/callers.h
QUICK = ("--handshake-ms", "1000")
LONG = zstandard.ZstdCompressor(level=1).compress(bytes(64 * MIB))


def memory(pid):
    """The most that a process has held, in bytes."""
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return next(int(line.split()[1]) << 10 for line in f if line.startswith("VmHWM:"))


def sanitized(pid):
    with open("/proc/%d/maps" % pid, encoding="utf-8") as f:
        return any("-10007fff8000 " in line for line in f)  # where its shadow ends


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


class HostileCase(Case):
    def setUp(self):
        super().setUp()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))
        self.hub = self.hub()
        self.pid = self.hub.daemon.process.pid
        self.honest = self.device(self.hub, HOUSTON)
        self.serve()

    def restart(self, *options):
        self.hub.stop()
        self.hub.start(*options)
        self.pid = self.hub.daemon.process.pid

    def serve(self):
        """The honest device is served, now."""
        self.honest.activity(DATE, ind="IND-1")
        wait_until(self.synced, "the honest device is served")

    def synced(self):
        """As an agent does, it tries again."""
        try:
            with self.hub.link(self.honest, deadline=3) as link:
                link.sync()
        except TimeoutError:
            return False
        return True

    def address(self):
        host, port = self.hub.endpoint[len("tcp://"):].rsplit(":", 1)
        return host, int(port)

    def raw(self, source="127.0.0.1"):
        s = socket.create_connection(self.address(), DEADLINE_S, (source, 0))
        self.addCleanup(s.close)
        return s

    @staticmethod
    def ended(s):
        """The hub has closed it."""
        s.setblocking(False)
        try:
            while s.recv(4096):
                pass
            return True
        except BlockingIOError:
            return False
        except ConnectionError:
            return True

    def silent_keys(self, device, count):
        """So many connections that prove the key of the device and say nothing."""
        self.crowd = zmq.Context()
        s = self.crowd.socket(zmq.ROUTER)  # libzmq lets no other connect twice to one place
        self.addCleanup(self.crowd.destroy, 0)
        s.curve_serverkey = zmq.utils.z85.encode(self.hub.keys.curve)
        s.curve_publickey = zmq.utils.z85.encode(device.curve)
        s.curve_secretkey = zmq.utils.z85.encode(device.curve_secret)
        s.reconnect_ivl = -1
        ends = s.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL |
            zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_AUTH)
        under_way = 0
        until = time.monotonic() + DEADLINE_S
        for _ in range(count):
            s.connect(self.hub.endpoint)
            under_way += 1
            while under_way > 50:  # a slow machine lets some of them fail, and that is an end too
                if not ends.poll(max(0, until - time.monotonic()) * 1000):
                    raise AssertionError("the crowd did not get in within %d s" % DEADLINE_S)
                zmq.utils.monitor.recv_monitor_message(ends)
                under_way -= 1
        s.disable_monitor()
        ends.close()
        self.addCleanup(s.close, 0)

    def assert_bounded(self):
        if not sanitized(self.pid):
            self.assertLess(memory(self.pid), HUB_BYTES_MAX)


class Silence(HostileCase):
    def assert_not_crowded(self, usual):
        self.serve()
        self.assertLess(descriptors(self.pid), usual + CALLERS_MAX + 64)
        self.assert_bounded()

    def test_two_thousand_that_never_speak_take_the_place_of_nobody(self):
        usual = descriptors(self.pid)
        elsewhere = self.raw("127.0.0.3")
        crowd = [self.raw("127.0.0.2") for _ in range(MANY)]
        wait_until(lambda: self.ended(crowd[0]), "the first of the crowd is closed")
        self.assert_not_crowded(usual)
        self.assertFalse(self.ended(elsewhere))
        self.assertFalse(self.ended(crowd[-1]))

    def test_who_proves_a_key_and_never_speaks_is_closed(self):
        self.restart(*QUICK)
        usual = descriptors(self.pid)
        self.silent_keys(self.device(self.hub, HOUSTON), MANY)
        self.assert_not_crowded(usual)
        wait_until(lambda: descriptors(self.pid) <= usual, "the silent ones are closed")

    def test_a_handshake_of_single_bytes_is_cut_off(self):
        self.restart(*QUICK)
        slow = [self.raw() for _ in range(50)]
        greeting = b"\xff" + bytes(8) + b"\x7f\x03\x01CURVE" + bytes(15) + b"\0" + bytes(31)
        for at, _ in enumerate(greeting):
            for s in list(slow):
                try:
                    s.sendall(greeting[at:at + 1])
                except OSError:
                    slow.remove(s)
            if not slow:
                break
            self.serve()
            time.sleep(0.05)
        for s in slow:
            wait_until(lambda s=s: self.ended(s), "the slow one is closed")


class Bombs(HostileCase):
    def refused(self, frame, *codes):
        """That frame after HELLO is refused, and nothing grows by it."""
        with self.hub.link(self.bad) as link:
            link.hello()
            link.send(frame)
            with self.assertRaises(peer.Refused) as refusal:
                while True:
                    link.receive()
            self.assertIn(refusal.exception.code, codes)

    def setUp(self):
        super().setUp()
        self.bad = self.device(self.hub, HOUSTON)
        self.bad.activity(DATE, ind="IND-1")

    def push(self, **other):
        fields = peer.unpack(self.bad.batch(1, 1))
        fields.update(other)
        return peer.message("PUSH", round=1, batch=peer.pack(fields))

    def test_batches_that_unpack_to_much_more_are_refused(self):
        unsized = zstandard.ZstdCompressor(level=1, write_content_size=False).compress(
            bytes(64 * MIB))
        for bodies in (LONG, unsized, LONG * 8):
            for raw in (1, 524288):
                self.refused(self.push(z=1, bodies=bodies, raw=raw), "malformed")
        self.refused(self.push(z=1, bodies=LONG, raw=64 * MIB), "size")
        self.serve()
        self.assert_bounded()

    def test_counts_that_are_not_there_are_refused(self):
        whole = bytearray(self.push())
        at = whole.index(b"\xa5count") + 6
        many = bytes(whole[:at]) + b"\xcf" + bytes([255] * 8) + bytes(whole[at + 1:])
        hello = peer.message("HELLO", clock=1, feed=self.bad.feed, floor=self.bad.point(0),
                             pending=0, plan=0, points=[], program="x", proto=1, registry=0,
                             round=2, tip=self.bad.tip)
        points = hello.replace(b"\xa6points\x90", b"\xa6points\xdd\xff\xff\xff\xff")
        self.assertNotEqual(points, hello)
        for frame in (many, points, b"\xdf\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff",
                      b"\x81\xa1t\xdb\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff"):
            self.refused(frame, "malformed", "size")
        self.assert_bounded()

    def test_nesting_is_refused_in_frames_and_held_in_events(self):
        self.refused(b"\x82\xa1t\xa4PING\xa1x" + b"\x91" * 100000 + b"\xc0", "size")
        deep = peer.pack({"v": 1, "k": "activity", "at": 1})
        deep = b"\x84" + deep[1:] + b"\xa1x" + b"\x91" * 16000 + b"\xc0"
        self.bad.add(deep)
        self.bad.activity(DATE, ind="IND-1")
        self.hub.sync(self.bad)
        self.assertEqual(len(self.hub.ask("held")["held"]), 1)

    def test_a_plan_that_is_deep_or_huge_is_refused(self):
        for text in ("[" * MIB, '{"a":' * 100000, "[" + "0," * (4 * MIB)):
            with open(self.path("plan.json"), "w", encoding="ascii") as f:
                f.write(text)
            done = run("valija-hub", "plan", "check", self.path("plan.json"), status=65)
            self.assertNotEqual(done.stdout + done.stderr, "")


class Floods(HostileCase):
    def flood(self, frames, seconds=1.5, least=500):
        """An enrolled device sends without reading, and comes again when it is dropped; the
        honest one is served meanwhile."""
        bad = self.device(self.hub, HOUSTON)
        for _ in range(20):
            bad.activity(DATE)
        end = threading.Event()
        sent = []

        def send():
            while not end.is_set():
                with self.hub.link(bad) as link:
                    link.socket.sndtimeo = 50
                    link.socket.rcvhwm = 1
                    try:
                        link.say_hello()
                        for _ in range(2000):
                            for frame in frames(bad):
                                if end.is_set():  # in time: each may take as long as it is let
                                    return
                                link.socket.send(frame)
                                sent.append(len(frame))
                    except (TimeoutError, zmq.Again):
                        pass
        thread = threading.Thread(target=send)
        thread.start()
        try:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                self.serve()
        finally:
            end.set()
            thread.join(DEADLINE_S)
        self.assertFalse(thread.is_alive())
        self.assertGreater(len(sent), least)
        self.serve()
        self.assert_bounded()

    def test_pushes_without_waiting(self):
        pushes = []

        def frames(bad):
            if not pushes:
                pushes.append(peer.message("PUSH", batch=bad.batch(1, 20), round=1))
            return pushes
        self.flood(frames)

    def test_hello_in_a_loop(self):
        numbers = iter(range(2, 1 << 40))
        self.flood(lambda bad: [peer.message(
            "HELLO", clock=1, feed=bad.feed, floor=bad.point(0), pending=0, plan=0,
            points=bad.points(), program="x", proto=1, registry=0, round=next(numbers),
            tip=bad.tip)])

    def test_get_in_a_loop(self):
        self.flood(lambda _: [peer.message("GET", offset=0, version=0, what=what)
                              for what in ("plan", "standing", "events")])

    def test_frames_of_the_greatest_size(self):
        frames = [bytes(900000), b"\xc6" + struct.pack(">I", 2 * MIB) + bytes(2 * MIB)]
        self.flood(lambda _: frames, least=5)


class FalseHub:
    """A hub with the right transport key, which says what a test wants."""

    def __init__(self, curve_secret, answer):
        self.socket = zmq.Context.instance().socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.curve_server = True
        self.socket.curve_secretkey = curve_secret
        self.endpoint = "tcp://127.0.0.1:%d" % self.socket.bind_to_random_port("tcp://127.0.0.1")
        self.answer = answer
        self.heard = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.loop, daemon=True)
        self.thread.start()

    def loop(self):
        while not self.ended.is_set():
            if not self.socket.poll(50):
                continue
            who, frame = self.socket.recv_multipart()
            self.heard += 1
            for reply in self.answer(peer.message_open(frame)):
                self.socket.send_multipart([who, reply])

    def close(self):
        self.ended.set()
        self.thread.join(DEADLINE_S)
        self.socket.close()


class FalseHubs(Case):
    def test_nothing_that_a_hub_says_makes_an_agent_grow_or_fall(self):
        public, secret = zmq.curve_keypair()
        sign = peer.nacl.signing.SigningKey.generate()
        with open(self.path("hub.pub"), "w", encoding="ascii") as f:
            f.write("valija-hub-key 1\ncurve %s\nsign %s\n" % (
                zmq.utils.z85.decode(public).hex(), bytes(sign.verify_key).hex()))
        hub = FalseHub(secret, lambda m: self.lies(sign, m))
        self.addCleanup(hub.close)
        home = self.path("agent")
        run("valija-agent", "init", "--home", home, "--unit", HOUSTON, "--hub", hub.endpoint,
            "--hub-key", self.path("hub.pub"))
        for _ in range(3):
            run("valija", "record", "--home", home, "--indicator", "IND-1", "--date",
                "2025-11-14", "--place", "Houston")
        agent = Daemon(home + ".log", "valija-agent", "run", "--home", home,
                       "--retry-min-ms", "20", "--retry-max-ms", "50")
        self.addCleanup(agent.stop)
        self.turn = 0
        wait_until(lambda: self.turn > 4 * len(LIES), "all was said")
        pid = agent.process.pid
        if not sanitized(pid):
            self.assertLess(memory(pid), AGENT_BYTES_MAX)
        self.assertTrue(agent.running())
        self.assertIn('"pending": 3', run("valija", "status", "--home", home, "--json").stdout)

    def lies(self, sign, m):
        self.turn += 1
        return LIES[self.turn % len(LIES)](sign, m)


def welcome(sign, m, **other):
    fields = {"beyond": 0, "boot": 7, "clock": 1, "credit": 65536, "gaps": [],
              "hub": bytes(sign.verify_key), "known": tuple(m.get("floor", (0, bytes(32)))),
              "plan": 0, "registry": 0, "round": m.get("round", 1), "standing": 0}
    fields.update(other)
    return peer.message("WELCOME", **fields)


def bomb(sign, m):
    """A plan, rightly signed, that would unpack to much more."""
    packed = LONG[:8000]
    if m["t"] == "HELLO":
        return [welcome(sign, m, plan=1)]
    if m["t"] != "GET":
        return []
    covered = b"valija/plan/1" + bytes(sign.verify_key) + bytes(32) + peer.u64(1) + \
        peer.blake(packed)
    return [peer.message("PART", bytes=packed, offset=0, sig=sign.sign(covered).signature,
                         total=len(packed), version=1, what="plan")]


def endless(sign, m):
    """A document that never ends."""
    if m["t"] == "HELLO":
        return [welcome(sign, m, standing=1)]
    if m["t"] != "GET":
        return []
    return [peer.message("PART", bytes=bytes(8192), offset=m["offset"], sig=bytes(64),
                         total=(1 << 63) - 1, version=1, what=m["what"])]


LIES = (
    bomb,
    endless,
    lambda sign, m: [b""],
    lambda sign, m: [b"\xdd\xff\xff\xff\xff"],
    lambda sign, m: [b"\x82\xa1t\xa4PONG\xa1x" + b"\x91" * 100000],
    lambda sign, m: [os.urandom(100000)],
    lambda sign, m: [welcome(sign, m, known=(1 << 60, bytes(32)))],
    lambda sign, m: [welcome(sign, m, credit=(1 << 64) - 1)] * 1000,
    lambda sign, m: [peer.message("WANT", round=m.get("round", 1))] * 1000,
    lambda sign, m: [welcome(sign, m, gaps=[(n, bytes(32)) for n in range(1, 1000)])],
    lambda sign, m: [msgpack.packb({"t": "REFUSE", "code": "x" * 100000, "text": "\x1b[2J" * 99})],
)


if __name__ == "__main__":
    unittest.main()
