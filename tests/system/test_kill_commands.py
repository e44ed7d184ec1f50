#!/usr/bin/python3
"""kill -9 of the commands that do much in one go: import, sync, rebuild, backup.

What an import had answered counts once, one that was killed has done all or nothing;
a killed rebuild leaves the old ledger or the new one; what a killed backup leaves is
no home, or a whole one.  VALIJA_KILL_SEED repeats the choices of a run, VALIJA_KILLS
(kills of each command) makes it longer.
"""

import csv
import json
import os
import random
import signal
import subprocess
import time
import unittest

from programs import BIN, DEADLINE_S, Agent, Case, Hub, free_endpoint, run

SEED = int(os.environ.get("VALIJA_KILL_SEED") or random.SystemRandom().randrange(1 << 32))
KILLS = int(os.environ.get("VALIJA_KILLS", "15"))
DATE = 20406  # 2025-11-14
ROWS_MAX = 40


class KillCase(Case):
    def setUp(self):
        super().setUp()
        print("seed %d (VALIJA_KILL_SEED repeats it)" % SEED, flush=True)
        self.chance = random.Random(SEED)
        self.lasts = {}  # command -> seconds that it takes when nobody kills it

    def killed(self, program, name, *args):
        """Gives a command and kills it anywhere: True when it was, False when it had done.
        It may have children: all of them are killed, as when the machine dies."""
        if name not in self.lasts:
            self.lasts[name] = 0.05
        start = time.monotonic()
        with subprocess.Popen([os.path.join(BIN, program), name, *map(str, args)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True,
                              start_new_session=True) as process:
            try:
                _, error = process.communicate(
                    timeout=self.chance.random() * 1.3 * self.lasts[name])
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                _, error = process.communicate(timeout=DEADLINE_S)
        if process.returncode == -signal.SIGKILL:
            self.lasts[name] *= 1.2  # so that some come to their end, however slow it is
            return True
        self.assertEqual(process.returncode, 0, error)
        self.lasts[name] = (self.lasts[name] + time.monotonic() - start) / 2
        return False


class Import(KillCase):
    def setUp(self):
        super().setUp()
        endpoint = free_endpoint()
        self.office = Hub(self.path("hub"), bind=endpoint)
        self.addCleanup(self.office.stop, signal.SIGKILL)
        self.office.start()
        self.agent = Agent(self.path("houston"), self.office, endpoint, "con-houston")
        self.agent.sync()  # brings the plan
        self.answered, self.open = {}, {}  # file -> place -> quantity

    def new_file(self, number):
        """A file of days, each at a place of its own."""
        path = self.path("days-%d.csv" % number)
        rows = {"%d.%d" % (number, n): self.chance.randint(1, 9)
                for n in range(self.chance.randint(1, ROWS_MAX))}
        with open(path, "w", encoding="utf-8", newline="") as f:
            out = csv.writer(f)
            out.writerow(["indicator", "date", "place", "quantity"])
            out.writerows(["IND-1", "2025-11-14", place, n] for place, n in rows.items())
        return path, rows

    def load(self, number):
        """Import of a new file; when it is killed, another time until it answers, or never."""
        path, rows = self.new_file(number)
        again = self.chance.random() < 0.5
        while self.killed("valija", "import", path, "--home", self.agent.home):
            if not again:
                self.open[path] = rows
                return
        self.answered[path] = rows

    def assert_same(self, entries):
        """Each place once; of a file all or nothing; all of what was answered."""
        found = {}
        for entry in entries:
            self.assertFalse(entry["place"] in found, entry["place"] + " is there twice")
            found[entry["place"]] = entry["quantity"]
        for path, rows in {**self.answered, **self.open}.items():
            here = {place: found.pop(place) for place in rows if place in found}
            if here or path in self.answered:
                self.assertEqual(here, rows, path)
        self.assertEqual(found, {}, "nobody recorded this")

    def test_each_answered_file_counts_once_and_each_killed_one_whole_or_not(self):
        syncs = 0
        for number in range(KILLS):
            self.load(number)
            if self.chance.random() < 0.7:
                syncs += self.killed("valija-agent", "sync", "--home", self.agent.home)
        self.assert_same(json.loads(self.agent.valija("list", "--json"))["entries"])
        self.agent.valija("verify")
        self.agent.sync()
        self.assertEqual(self.agent.status()["pending"], 0)
        self.assert_same(self.office.ask("events", "--code", "IND-1")["events"])
        self.assertEqual(self.office.state()["events"]["held"], 0)
        self.office.command("verify")
        print("%d files answered, %d killed and not given again, %d syncs killed" % (
            len(self.answered), len(self.open), syncs))


class Hubs(KillCase):
    """At a hub that serves meanwhile."""

    def setUp(self):
        super().setUp()
        self.office = self.hub()
        self.devices = [self.device(self.office, unit) for unit in ("con-houston", "con-madrid")]
        self.sent = 0

    def send(self, count):
        for device in self.devices:
            for _ in range(count):
                self.sent += 1
                device.activity(DATE, ind="IND-1", qty=1)
            self.office.sync(device, events=7)

    def test_a_killed_rebuild_leaves_the_old_ledger_or_the_new_one(self):
        self.send(300)
        digest = self.office.digest()
        self.office.stop()
        home, store = self.office.home, os.path.join(self.office.home, "store/data.mdb")
        old = self.falsify(store)
        self.assertNotEqual(old, digest)
        with open(store, "rb") as f:
            false = f.read()
        ends = {"old": 0, "new": 0}
        for _ in range(KILLS):
            killed = self.killed("valija-hub", "rebuild", "--home", home)
            now = self.office.digest()
            if now == old:
                self.assertTrue(killed)
                ends["old"] += 1
                continue
            self.assertEqual(now, digest)
            self.office.command("verify")
            ends["new"] += 1
            with open(store, "r+b") as f:  # the false one again
                f.write(false)
                f.truncate()
        self.office.command("rebuild")
        self.office.start()
        self.send(1)  # and who serves goes on from there
        self.assertEqual(self.office.total("IND-1"), self.sent)
        self.office.command("verify")
        print("rebuild: old ledger %(old)d times, new one %(new)d times" % ends)

    def falsify(self, store):
        """A ledger that counts otherwise than the journal has it: its digest."""
        with open(store, "rb") as f:
            data = bytearray(f.read())
        key = b"IND-1\0con-madrid\0ES\0" + (0x80000000 + DATE).to_bytes(4, "big")
        at, changed = data.find(key), 0
        while at >= 0:
            data[at + len(key) + 2] ^= 2  # no mode, its NUL, the status; then the sum
            changed += 1
            at = data.find(key, at + 1)
        self.assertGreater(changed, 0)
        with open(store, "wb") as f:
            f.write(data)
        return self.office.digest()

    def test_a_killed_rebuild_of_a_serving_hub_stops_nobody(self):
        for _ in range(KILLS):
            self.send(2)
            self.killed("valija-hub", "rebuild", "--home", self.office.home)
        self.send(1)
        self.assertEqual(self.office.total("IND-1"), self.sent)
        self.office.command("verify")

    def opens(self, home):
        return run("valija-hub", "state", "--home", home, status=None).returncode == 0

    def test_what_a_killed_backup_leaves_is_no_home_or_a_whole_one(self):
        os.mkdir(self.path("copies"))
        self.send(100)
        left = whole = 0
        for n in range(KILLS):
            self.send(1)
            sent = self.sent
            killed = self.killed("valija-hub", "backup", self.path("copies", str(n)), "--home",
                                 self.office.home)
            if not killed:
                self.assertTrue(self.opens(self.path("copies", str(n))))
            for name in os.listdir(self.path("copies")):
                copy = Hub.__new__(Hub)
                copy.home = self.path("copies", name)
                if self.opens(copy.home):
                    whole += 1
                    copy.command("verify")
                    self.assertEqual(copy.total("IND-1"), sent)
                else:
                    left += 1
                subprocess.run(["rm", "-r", copy.home], check=True)
        self.office.command("backup", self.path("copies", "last"))
        self.office.command("verify")
        print("backup: %d that open, %d that do not" % (whole, left))


if __name__ == "__main__":
    unittest.main()
