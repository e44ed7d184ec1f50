#!/usr/bin/python3
"""Copies of the ledger that a hub keeps for questions about the past: with them all is told as
without, and whatever becomes of them."""

import os
import shutil
import signal
import subprocess
import unittest

from programs import BIN, Agent, run, wait_until
from query import HOUSTON, MADRID, QueryCase, day

ENOUGH = 100_000  # entries, for the first one
ASKED = [("state",), ("counts", "IND-1"), ("events",), ("held",), ("plan show",)]


class Snapshots(QueryCase):
    def setUp(self):
        super().setUp()
        self.office = self.hub()
        self.folder_of = os.path.join(self.office.home, "snapshots")

    def kept(self):
        """The moments there are, as they were told."""
        return sorted(os.listdir(self.folder_of)) if os.path.isdir(self.folder_of) else []

    def snapshot(self, *args):
        return self.office.command("snapshot", *args)

    def moment(self):
        return self.office.state()["at"]

    def answers(self, *at):
        return [self.office.command(name, *args, "--json", *at,
                                    *(() if name == "plan show" else ("--cutoff", "2025-12-31")))
                for name, *args in ASKED]

    def history(self):
        """Moments, some with a snapshot: corrections, a plan, devices, rights on the way."""
        moments = []
        houston = self.records(self.office, HOUSTON, ("2025-03-01", {"qty": 2}))
        moments.append(self.moment())
        self.snapshot()
        self.records(self.office, MADRID, ("2025-03-01", {"qty": 5}), ("2019-01-01", {}))
        moments.append(self.moment())
        self.office.command("cut", "first", "--cutoff", "2025-12-31")
        self.snapshot()
        houston.activity(day("2025-04-01"), ind="IND-1", qty=7)
        self.office.sync(houston)
        moments.append(self.moment())
        self.office.command("plan load", self.plan(version=2))
        moments.append(self.moment())
        self.snapshot()
        houston.activity(day("2025-05-01"), ind="IND-1", qty=1)
        self.office.sync(houston)
        return moments + ["first"]

    def test_all_is_told_as_without_them(self):
        moments = self.history()
        self.assertEqual(len(self.kept()), 3)
        told = [self.answers("--at", at) for at in moments]
        between = self.office.command("diff", moments[0], moments[3], "--json")
        self.snapshot("--keep", "0")
        self.assertEqual(self.kept(), [])
        for at, with_them in zip(moments, told):
            self.assertEqual(self.answers("--at", at), with_them, at)
        self.assertEqual(self.office.command("diff", moments[0], moments[3], "--json"), between)

    def test_what_is_asked_for_from_elsewhere_is_told_with_them_too(self):
        at = self.history()[1]
        told = run("valija-hub", "--connect", self.office.query_socket, "counts", "IND-1",
                   "--at", at, "--cutoff", "2025-12-31").stdout
        self.assertEqual(told, self.office.command("counts", "IND-1", "--at", at,
                                                   "--cutoff", "2025-12-31"))

    def test_nobody_asks_for_one_from_elsewhere(self):
        run("valija-hub", "--connect", self.office.query_socket, "snapshot", status=64)
        self.assertEqual(self.kept(), [])

    def test_a_damaged_one_is_passed_over(self):
        moments = self.history()
        told = [self.answers("--at", at) for at in moments]
        for name in self.kept():
            path = os.path.join(self.folder_of, name, "ledger.zst")
            with open(path, "r+b") as f:
                f.seek(os.path.getsize(path) // 2)
                byte = f.read(1)[0]
                f.seek(-1, os.SEEK_CUR)
                f.write(bytes([byte ^ 0x20]))
        for at, whole in zip(moments, told):
            self.assertEqual(self.answers("--at", at), whole, at)
        self.snapshot()
        self.assertEqual(len(self.kept()), 1)

    def test_those_that_are_missed_least_go(self):
        houston = self.records(self.office, HOUSTON)
        for n in range(5):
            houston.activity(day("2025-04-0%d" % (n + 1)), ind="IND-1", qty=1)
            self.office.sync(houston)
            self.assertRegex(self.snapshot("--keep", "3"), r"snapshot of \d+@[0-9a-f]{8}\n")
        self.assertEqual(len(self.kept()), 3)
        self.assertIn(self.moment().split("@")[0], self.kept())
        self.assertIn("already", self.snapshot("--keep", "3"))
        for word in ("-1", "x", "65", ""):
            run("valija-hub", "snapshot", "--keep", word, "--home", self.office.home, status=64)

    def test_one_that_is_killed_leaves_nothing_that_counts(self):
        moments = self.history()
        told = self.answers("--at", moments[2])
        self.snapshot("--keep", "0")
        for delay in range(1, 30, 4):
            with subprocess.Popen([os.path.join(BIN, "valija-hub"), "snapshot", "--home",
                                   self.office.home], stdout=subprocess.DEVNULL) as going:
                try:
                    going.wait(delay / 1000)
                except subprocess.TimeoutExpired:
                    going.send_signal(signal.SIGKILL)
            self.assertEqual(self.answers("--at", moments[2]), told)
        self.snapshot()
        self.assertEqual(self.kept(), [self.moment().split("@")[0]])

    def test_a_hub_that_was_put_back_keeps_those_of_its_own_past(self):
        houston = self.records(self.office, HOUSTON, ("2025-03-01", {"qty": 2}))
        self.snapshot()
        early, copy = self.kept(), self.path("copy")
        self.office.stop()
        shutil.copytree(os.path.join(self.office.home, "store"), copy)
        self.office.start()
        houston.activity(day("2025-04-01"), ind="IND-1", qty=7)
        self.office.sync(houston)
        self.snapshot()
        late = self.kept()
        self.assertEqual(len(late), 2)
        self.office.stop()
        shutil.rmtree(os.path.join(self.office.home, "store"))
        shutil.move(copy, os.path.join(self.office.home, "store"))
        self.office.start()
        # another history grows over the number of the one that is gone
        for n in range(3):
            self.records(self.office, MADRID, ("2025-03-0%d" % (n + 1), {"qty": 5}))
        then = self.moment()
        whole = self.answers()
        self.records(self.office, MADRID, ("2025-06-01", {"qty": 5}))
        self.assertEqual(self.answers("--at", then), whole)
        self.snapshot()
        self.assertEqual(len(self.kept()), 2)
        self.assertLessEqual(set(early), set(self.kept()))
        self.assertFalse(set(late) - set(early) & set(self.kept()))

    def test_what_was_made_anew_has_none(self):
        moments = self.history()
        told = self.answers("--at", moments[1])
        self.office.command("rebuild")
        self.assertEqual(self.kept(), [])
        self.assertEqual(self.answers("--at", moments[1]), told)

    def test_a_backup_has_none(self):
        self.history()
        self.office.command("backup", self.path("copy"))
        self.assertFalse(os.path.exists(self.path("copy", "snapshots")))

    def test_without_room_none_is_made(self):
        houston = self.records(self.office, HOUSTON, ("2025-03-01", {"qty": 2}))
        at = self.moment()
        houston.activity(day("2025-04-01"), ind="IND-1", qty=7)
        self.office.sync(houston)
        told = self.answers("--at", at)
        self.office.stop()
        disk = self.small_disk("small", "1536k")
        shutil.copytree(self.office.home, os.path.join(disk, "hub"))
        self.office.home = os.path.join(disk, "hub")
        with open(os.path.join(disk, "rest"), "wb") as f:
            left = os.statvfs(disk)
            f.write(bytes(left.f_bavail * left.f_frsize - (200 << 10)))
        done = run("valija-hub", "snapshot", "--home", self.office.home, status=74)
        self.assertIn("too little space", done.stderr)
        self.assertEqual(os.listdir(os.path.join(self.office.home, "snapshots")), [])
        self.assertEqual(self.answers("--at", at), told)

    def test_the_service_makes_one_by_itself(self):
        agent = Agent(self.path("agent"), self.office, self.office.endpoint, HOUSTON)
        agent.sync()
        with open(self.path("rows.csv"), "w", encoding="ascii") as f:
            f.write("date,initiative,note\n")
            f.writelines("2025-01-%02d,2.3.02,no. %d\n" % (n % 28 + 1, n) for n in range(ENOUGH))
        agent.valija("import", self.path("rows.csv"))
        agent.sync()
        wait_until(lambda: any(n.isdigit() for n in self.kept()), "there is a snapshot")
        at = self.moment()
        self.assertIn(at.split("@")[0], self.kept())
        self.records(self.office, MADRID, ("2025-03-01", {}))
        self.assertEqual(self.office.ask("state", "--at", at)["events"]["counted"], ENOUGH)

    def test_the_service_removes_what_is_not_wanted_any_more(self):
        self.history()
        self.office.stop()
        self.office.start("--snapshots", "0")
        wait_until(lambda: not self.kept(), "no snapshots are kept")


if __name__ == "__main__":
    unittest.main()
