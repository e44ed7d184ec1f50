#!/usr/bin/python3
"""Disks without room, for real: a device and a hub on a file system of their own that
somebody fills to the last byte, and stores that have reached the most they may hold.

What is new is refused, in words that say what to do; what is there can be read, is
carried, and is acknowledged; and once there is room all goes on, nothing lost, nothing
twice.  Without the right to mount, the tests are skipped.
"""

import json
import os
import signal
import struct
import unittest

import peer
from programs import PLAN, Agent, Case, Daemon, Hub, free_endpoint, run, wait_until

DAY = ("--indicator", "IND-1", "--date", "2025-11-14")
DATE = 20406  # 2025-11-14
RETRY = ("--retry-min-ms", "5", "--retry-max-ms", "100", "--ping-ms", "1000")
PAGE_BYTES = 4096


def fill(disk, leave=0):
    """No room but so many bytes; the file that is to be removed again.  It may be called
    again, as by somebody who fills what becomes free."""
    path = os.path.join(disk, "filler")
    with open(path, "ab") as f:
        room = os.statvfs(disk)
        more = room.f_bavail * room.f_frsize - leave
        if more > 0:
            os.posix_fallocate(f.fileno(), f.tell(), more)
    return path


def use_up_map(store, map_bytes, leave):
    """As if all of the map but so many bytes had been in use: what LMDB keeps of its last
    page in the two places for the last commit.  The file gets that length, not that size."""
    last = (map_bytes - leave) // PAGE_BYTES - 1
    with open(os.path.join(store, "data.mdb"), "r+b") as f:
        for meta in range(2):
            f.seek(meta * PAGE_BYTES + LAST_PAGE_AT)
            f.write(struct.pack("<Q", last))
        f.truncate((last + 1) * PAGE_BYTES)


# Behind the head of the page (16 bytes): magic and version (4 each), address and map size
# (8 each), and the roots of two trees (48 each).
LAST_PAGE_AT = 16 + 4 + 4 + 8 + 8 + 48 + 48


class Device(Case):
    """One with its home on the small disk, and its hub elsewhere."""

    def setUp(self):
        super().setUp()
        self.disk = self.small_disk("disk", "24m")
        endpoint = free_endpoint()
        self.office = Hub(self.path("hub"), bind=endpoint)
        self.addCleanup(self.office.stop, signal.SIGKILL)
        self.office.start()
        self.agent = Agent(os.path.join(self.disk, "home"), self.office, endpoint, "con-houston")
        self.agent.sync()
        self.days = 0

    def day(self, *args):
        self.agent.record(*DAY, *args)
        self.days += 1

    def record_until_full(self):
        """In what the store has free of old pages a few find room."""
        for _ in range(100):
            done = run("valija", "record", *DAY, "--home", self.agent.home, status=None)
            if done.returncode != 0:
                return done
            self.days += 1
        raise AssertionError("it goes on recording")

    def csv(self, name, rows):
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as f:
            f.write("indicator,date,place\n")
            f.writelines("IND-1,2025-11-14,%s.%d\n" % (name, n) for n in range(rows))
        return path

    def refused(self, *args):
        before = self.agent.status()["tip"]
        done = run("valija", *args, "--home", self.agent.home, status=74)
        self.assertEqual(done.stdout, "")
        self.assertEqual(self.agent.status()["tip"], before)
        return done.stderr

    def assert_read(self):
        """All that only reads."""
        entries = json.loads(self.agent.valija("list", "--json"))["entries"]
        self.assertEqual(len(entries), self.days)
        self.assertIn("2025-11-14", self.agent.valija("list"))
        self.assertIn("con-houston", self.agent.valija("status"))
        self.agent.valija("show", entries[0]["ref"])
        self.agent.valija("verify")

    def assert_settled(self):
        self.agent.sync()
        self.assertEqual(self.agent.status()["pending"], 0)
        self.assertEqual(self.office.total("IND-1"), self.days)
        self.assertEqual(self.office.state()["events"],
                         {"counted": self.days, "held": 0, "dated_ahead": 0})
        self.office.command("verify")
        self.agent.valija("verify")

    def test_what_is_recorded_is_read_carried_and_acknowledged_without_room(self):
        for n in range(3):
            self.day("--key", "key-%d" % n)
        filler = fill(self.disk)
        said = self.refused("record", *DAY)
        self.assertIn("no room left at %s: nothing was recorded" % self.agent.home, said)
        self.assertIn("8 MiB must be free", said)
        self.assertIn("no room left at " + self.agent.home,
                      self.refused("import", self.csv("a.csv", 50)))
        self.assertIn("no room left at " + self.agent.home,
                      self.refused("correct", "1", "--quantity", "2", "--why", "x"))
        self.agent.record(*DAY, "--key", "key-1")  # known: confirmed again
        self.assert_read()
        for _ in range(5):  # each says HELLO, and keeps what it was told
            self.agent.sync()
        fill(self.disk)  # what the ballast gave
        self.agent.sync()
        self.assertEqual(self.agent.status()["pending"], 0)
        self.assertEqual(self.office.total("IND-1"), 3)
        self.assert_read()
        self.refused("record", *DAY)
        os.unlink(filler)
        self.day()
        self.agent.valija("import", self.csv("a.csv", 50))
        self.days += 50
        self.assert_settled()

    def test_a_long_file_leaves_the_reserve_alone(self):
        """The disk has room for it, and for nothing then that must go on."""
        self.day()
        file = self.path("long.csv")
        with open(file, "w", encoding="utf-8") as f:
            f.write("indicator,date,note\n")
            f.writelines("IND-1,2025-11-14,%s\n" % os.urandom(1900).hex() for _ in range(1000))
        filler = fill(self.disk, 9 << 20)
        free = os.statvfs(self.disk).f_bavail
        self.assertIn("no room left at " + self.agent.home, self.refused("import", file))
        self.assertGreaterEqual(os.statvfs(self.disk).f_bavail, free)
        self.day()
        os.unlink(filler)
        self.agent.valija("import", file)
        self.days += 1000
        self.assert_settled()

    def test_a_service_on_a_full_disk_goes_on(self):
        service = Daemon(self.path("log"), "valija-agent", "run", "--home", self.agent.home,
                         *RETRY)
        self.addCleanup(service.stop, signal.SIGKILL)
        self.office.stop()
        self.day()
        filler = fill(self.disk)
        self.record_until_full()
        self.office.start()
        wait_until(lambda: self.agent.status()["pending"] == 0, "all is acknowledged")
        self.assertTrue(service.running())
        self.assertEqual(service.stop(), 0)
        service = Daemon(self.path("log"), "valija-agent", "run", "--home", self.agent.home,
                         *RETRY)  # it starts on such a disk too
        self.addCleanup(service.stop, signal.SIGKILL)
        self.office.command("return", self.agent_ref(), "--why", "which consulate?")
        wait_until(lambda: self.agent.status()["remarks"], "what the hub says arrives")
        os.unlink(filler)
        self.day()
        wait_until(lambda: self.office.total("IND-1") == self.days, "the new one counts")
        self.assertEqual(service.stop(), 0)
        self.assert_settled()

    def agent_ref(self):
        return json.loads(self.agent.valija("list", "--json"))["entries"][0]["ref"]


class DeviceMap(Case):
    def test_a_device_that_has_recorded_all_it_can_says_what_to_do(self):
        endpoint = free_endpoint()
        office = Hub(self.path("hub"), bind=endpoint)
        self.addCleanup(office.stop)
        office.start()
        agent = Agent(self.path("home"), office, endpoint, "con-houston")
        agent.sync()
        agent.record(*DAY)
        use_up_map(os.path.join(agent.home, "outbox"), 16 << 30, (64 << 20) - PAGE_BYTES)
        done = run("valija", "record", *DAY, "--home", agent.home, status=74)
        self.assertIn("16 GiB", done.stderr)
        self.assertIn("nothing was recorded", done.stderr)
        self.assertIn("valija-agent init", done.stderr)
        self.assertNotIn("make room", done.stderr)
        self.assertEqual(len(json.loads(agent.valija("list", "--json"))["entries"]), 1)
        agent.valija("verify")
        for _ in range(3):
            agent.sync()
        self.assertEqual(agent.status()["pending"], 0)
        self.assertEqual(office.total("IND-1"), 1)


class HubDisk(Case):
    """A hub with its home on the small disk, and devices elsewhere."""

    def setUp(self):
        super().setUp()
        self.disk = self.small_disk("disk", "24m")
        self.endpoint = free_endpoint()
        self.office = Hub(os.path.join(self.disk, "hub"), bind=self.endpoint)
        self.office.start()
        self.addCleanup(self.office.stop, signal.SIGKILL)
        self.peer = self.device(self.office, "con-madrid")
        self.push(self.peer, 3)

    def push(self, device, count):
        for _ in range(count):
            device.activity(DATE - device.tip[0] % 600, ind="IND-1", qty=1,
                            note=os.urandom(1000).hex())
        self.office.sync(device)

    def push_until_full(self):
        """Batches of a peer until the hub takes no more of them."""
        for _ in range(200):
            try:
                self.push(self.peer, 30)
            except peer.Refused as refusal:
                return refusal.code
        raise AssertionError("it takes all of it")

    def assert_no_space(self, done):
        self.assertEqual(done.returncode, 74, done.stdout + done.stderr)
        self.assertIn("no space left for " + self.office.home, done.stderr)

    def test_what_comes_waits_at_the_devices_and_goes_in_later(self):
        agent = Agent(self.path("houston"), self.office, self.endpoint, "con-houston")
        agent.sync()
        service = Daemon(self.path("log"), "valija-agent", "run", "--home", agent.home, *RETRY)
        self.addCleanup(service.stop, signal.SIGKILL)
        agent.record(*DAY)
        wait_until(lambda: agent.status()["pending"] == 0, "the first is there")

        filler = fill(self.disk)
        self.assertEqual(self.push_until_full(), "busy")
        for _ in range(5):
            agent.record(*DAY, "--note", os.urandom(1900).hex())
        # what it tries again meanwhile may fit where pages become free
        service.process.send_signal(signal.SIGSTOP)
        stored = self.office.total("IND-1")
        digest = self.office.digest()
        self.assertIn("HUB-STORE: what came cannot be stored, the devices keep it",
                      self.office.daemon.said())
        self.assertTrue(self.office.daemon.running())
        for name, *args in (("counts", "IND-1"), ("units",), ("events",), ("devices",),
                            ("verify", "--no-count")):
            self.office.command(name, *args)
        self.assertEqual(self.office.digest(), digest)
        self.assertEqual(self.office.total("IND-1"), stored)

        service.process.send_signal(signal.SIGCONT)
        os.unlink(filler)
        self.office.sync(self.peer)
        wait_until(lambda: agent.status()["pending"] == 0, "all that waited is there")
        self.assertEqual(self.office.total("IND-1"), self.peer.tip[0] + 6)
        self.assertEqual(self.office.state()["events"]["held"], 0)
        self.assertEqual(service.stop(), 0)
        self.office.command("verify")

    def test_commands_that_find_no_room_change_nothing(self):
        filler = fill(self.disk)
        self.push_until_full()
        digest = self.office.digest()
        before = self.office.command("devices", "--json")
        refused = 0
        for leave in (0, 1, 2, 4, 8):  # pages; what is there may be enough for a part of it
            os.truncate(filler, os.path.getsize(filler) - leave * PAGE_BYTES)
            done = run("valija-hub", "rebuild", "--home", self.office.home, status=None)
            if done.returncode != 0:
                refused += 1
                self.assert_no_space(done)
            self.assertEqual(self.office.digest(), digest)
            fill(self.disk)
        self.assertGreater(refused, 0)
        self.assert_no_space(run("valija-hub", "plan", "load", self.next_plan(), "--home",
                                 self.office.home, status=None))
        self.assertEqual(self.office.command("devices", "--json"), before)
        self.office.command("verify")
        self.office.stop()
        self.office.start()  # it starts and answers on such a disk too
        self.assertEqual(self.office.digest(), digest)
        os.unlink(filler)
        self.assertIn("the same as before", self.office.command("rebuild"))
        self.office.sync(self.peer)
        self.assertEqual(self.office.total("IND-1"), self.peer.tip[0])

    def next_plan(self):
        path = self.path("plan-2.json")
        with open(PLAN, encoding="utf-8") as f, open(path, "w", encoding="utf-8") as out:
            out.write(f.read().replace('"version": 1,', '"version": 2,', 1))
        return path

    def test_a_home_that_was_put_on_a_full_disk_is_not_called_damaged(self):
        """What LMDB would make anew beside the data has no room."""
        self.office.stop()
        digest = self.office.digest()
        os.unlink(os.path.join(self.office.home, "store/lock.mdb"))
        filler = fill(self.disk)
        for name in ("run", "state", "rebuild"):
            done = run("valija-hub", name, "--home", self.office.home, status=74)
            self.assertIn("no space left", done.stderr)
        os.unlink(filler)
        self.office.start()
        self.assertEqual(self.office.digest(), digest)

    def test_no_half_of_a_home_is_made(self):
        filler = fill(self.disk)
        new = os.path.join(self.disk, "new")
        before = sorted(os.listdir(self.disk))
        for program, words in (
                ("valija-hub", ("--bind", "tcp://127.0.0.1:*", "--plan", PLAN)),
                ("valija-agent", ("--unit", "con-houston", "--hub", self.endpoint, "--hub-key",
                                  self.office.pub))):
            done = run(program, "init", "--home", new, *words, status=74)
            self.assertIn("no space left", done.stderr)
            self.assertEqual(sorted(os.listdir(self.disk)), before)
        os.unlink(filler)

    def test_a_hub_without_room_is_copied_elsewhere(self):
        filler = fill(self.disk)
        self.push_until_full()
        run("valija-hub", "backup", self.path("copy"), "--home", self.office.home, status=None)
        copy = Hub.__new__(Hub)
        copy.home = self.path("copy")
        copy.command("verify")
        self.assertEqual(copy.digest(), self.office.digest())
        os.unlink(filler)

    def test_a_copy_that_finds_no_room_leaves_nothing(self):
        """Wherever in it the disk is full."""
        other = self.small_disk("other", "1m")
        self.push(self.peer, 200)
        for leave in (0, 4096, 16384, 65536, 262144):
            filler = fill(other, leave)
            done = run("valija-hub", "backup", os.path.join(other, "copy"), "--home",
                       self.office.home, status=74)
            self.assertIn("no space left for " + os.path.join(other, "copy"), done.stderr)
            self.assertEqual(os.listdir(other), ["filler"])
            os.unlink(filler)


class HubMap(Case):
    def test_a_hub_that_holds_all_it_can_answers_and_refuses_what_is_new(self):
        office = self.hub()
        device = self.device(office, "con-madrid")
        device.activity(DATE, ind="IND-1")
        office.sync(device)
        digest = office.digest()
        office.stop()
        use_up_map(os.path.join(office.home, "store"), 256 << 30, 0)
        office.start()
        self.assertEqual(office.digest(), digest)
        for _ in range(100):
            device.activity(DATE, ind="IND-1", note=os.urandom(1000).hex())
        with self.assertRaises(peer.Refused) as refusal:
            while device.acknowledged != device.tip:  # some go where old pages were
                office.sync(device, events=5)
        self.assertEqual(refusal.exception.code, "busy")
        self.assertIn("HUB-STORE: what came cannot be stored", office.daemon.said())
        self.assertEqual(office.total("IND-1"), office.state()["events"]["counted"])
        self.assertLess(office.total("IND-1"), device.tip[0])


if __name__ == "__main__":
    unittest.main()
