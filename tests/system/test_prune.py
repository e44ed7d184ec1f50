#!/usr/bin/python3
"""Old entries that a device gives up, since the hub and a verified backup have them; and
what a hub lost to its disk and devices bring again."""

import json
import os
import shutil
import signal
import subprocess
import time
import unittest

from programs import BIN, PLAN, Agent, Case, Daemon, Hub, free_endpoint, run, wait_until

HOUSTON = "con-houston"
DAY = ("--indicator", "IND-1", "--mode", "consulado-movil")
DATA = 65
YEAR_MS = 365 * 24 * 3600 * 1000
KEEP = ("--prune-days", "400")
TOOL = os.path.join(os.environ.get("VALIJA_TEST_BIN", os.path.join(BIN, "../tests")), "home_tool")


class Device(Case):
    def setUp(self):
        super().setUp()
        self.endpoint = free_endpoint()
        self.office = Hub(self.path("hub"), bind=self.endpoint)
        self.addCleanup(self.office.stop, signal.SIGKILL)
        self.office.start()
        self.agent = Agent(self.path("home"), self.office, self.endpoint, HOUSTON)
        self.agent.sync()  # which brings the plan
        self.backups = 0

    def record_old(self, count, years=3):
        """As a person did years ago."""
        at_ms = int(time.time() * 1000) - years * YEAR_MS
        subprocess.run([TOOL, "record", self.agent.home, str(count), str(at_ms)], check=True,
                       timeout=30)

    def record(self, count=1):
        for _ in range(count):
            self.agent.record(*DAY, "--date", "2025-11-14", "--place", os.urandom(6).hex())

    def backup(self):
        self.backups += 1
        self.office.command("backup", self.path("backup%d" % self.backups))
        return self.path("backup%d" % self.backups)

    def sync(self, *options):
        """What it said of entries that are given up."""
        done = run("valija-agent", "sync", *options, "--home", self.agent.home)
        return [l for l in (done.stdout + done.stderr).splitlines() if "not kept here" in l]

    def numbers(self):
        return [e["seq"] for e in json.loads(self.agent.valija("list", "--json"))["entries"]]

    def verified(self):
        found = json.loads(self.agent.valija("verify", "--json"))
        self.assertFalse(found["damaged"])
        return found["given_up"]

    def unit(self):
        return next(u for u in self.office.ask("units")["units"] if u["device"])


class GivenUp(Device):
    """Five old entries are at the hub and in a backup; two that came later are not in it."""

    def setUp(self):
        super().setUp()
        self.record_old(5)
        self.sync()
        self.monday = self.backup()
        self.record_old(1, 2)
        self.record()

    def test_only_what_is_old_and_safe_goes_and_only_when_that_is_wanted(self):
        self.assertEqual(self.sync(), [])
        self.record()
        self.assertEqual(len(self.sync(*KEEP)), 1)
        self.assertEqual(self.numbers(), [6, 7, 8])
        self.assertEqual(self.agent.status()["floor"], 5)
        self.assertEqual(self.verified(), 5)
        self.backup()
        self.record()
        self.assertIn("1 old entry,", self.sync(*KEEP)[0])  # 7 and 8 are of today
        self.assertEqual(self.numbers(), [7, 8, 9])
        self.assertEqual(self.office.total("IND-1"), 9)
        self.office.command("verify")

    def test_it_is_said_wherever_somebody_would_look(self):
        self.assertEqual(self.sync(*KEEP),
                         ["valija-agent sync: 5 old entries, which the hub and a backup of it have, "
                          "are not kept here any more"])
        for command in ("list", "status"):
            self.assertIn("old entries, up to number 5, are not kept here any more",
                          " ".join(self.agent.valija(command).split()))
        for words in (("show", "3"), ("correct", "3", "--quantity", "2", "--why", "x"),
                      ("void", "3", "--why", "x")):
            done = run("valija", *words, "--home", self.agent.home, status=DATA)
            self.assertIn("entry 3 is not kept on this machine any more: it is old, and the hub "
                          "has it; ask the office", done.stderr)
        self.assertIn("5 old entries are not kept here any more", self.agent.valija("verify"))
        self.assertEqual(self.agent.status()["tip"]["seq"], 7)

    def test_what_the_hub_acknowledged_is_not_yet_safe(self):
        shutil.rmtree(self.monday)
        other = Hub(self.path("other"), bind=free_endpoint())
        self.addCleanup(other.stop, signal.SIGKILL)
        other.start()
        other.enroll(os.path.join(self.agent.home, "request"), self.agent.fingerprint)
        self.assertEqual(self.sync("--hub", other.endpoint, "--hub-key", other.pub, *KEEP), [])
        self.record()
        self.assertEqual(self.sync(*KEEP), [])  # nobody knows what the other one has now
        self.assertEqual(self.numbers(), list(range(1, 9)))

    def test_the_service_gives_up_by_its_settings(self):
        with open(self.path("agent.conf"), "w", encoding="utf-8") as f:
            f.write("prune-days = 400\n")
        service = Daemon(self.path("log"), "valija-agent", "run", "--home", self.agent.home,
                         "--config", self.path("agent.conf"), "--retry-min-ms", "5")
        self.addCleanup(service.stop, signal.SIGKILL)
        wait_until(lambda: self.agent.status()["floor"] == 5, "the old ones are given up")
        self.assertEqual(service.stop(), 0)
        self.assertIn("OUTBOX-PRUNED", service.said())
        self.assertEqual(self.verified(), 5)

    def test_a_held_entry_waits_for_who_corrects_it(self):
        self.agent.record("--indicator", "IND-1", "--date", "2019-11-14", "--force")
        self.sync()
        self.backup()
        self.record()
        self.sync()  # what it holds back is known here now
        self.backup()
        self.record()
        self.sync("--prune-days", "1")
        self.assertIn(7, self.numbers())

    def test_the_hub_is_put_back_to_the_backup_and_nothing_is_lost(self):
        self.sync(*KEEP)
        digest = self.office.digest()
        self.office.stop(signal.SIGKILL)
        shutil.rmtree(self.office.home)
        shutil.copytree(self.monday, self.office.home)
        self.office.start()
        self.assertNotEqual(self.office.digest(), digest)
        self.sync(*KEEP)
        self.assertEqual(self.office.digest(), digest)
        self.assertEqual(self.office.total("IND-1"), 7)

    def test_a_hub_without_any_backup_counts_what_is_left_and_says_what_is_missing(self):
        old = shutil.copytree(self.agent.home, self.path("old"))
        self.sync(*KEEP)
        digest = self.office.digest()
        os.mkdir(self.path("keys"))
        for name in ("sign.key", "curve.key"):
            shutil.copy(os.path.join(self.office.home, name), self.path("keys", name))
        self.office.stop(signal.SIGKILL)
        shutil.rmtree(self.office.home)
        run("valija-hub", "init", "--home", self.office.home, "--bind", self.endpoint, "--plan",
            PLAN, "--keys", self.path("keys"))
        self.office.enroll(os.path.join(self.agent.home, "request"), self.agent.fingerprint)
        self.office.start()
        self.sync()
        self.assertEqual(self.office.total("IND-1"), 2)
        self.assertEqual(self.unit()["gaps"], [5])
        self.assertIn("entries are missing here, up to number 5", self.unit()["note"])
        self.sync()  # and it is not sent again and again
        run("valija-agent", "sync", "--home", old)  # which has them all
        self.assertEqual(self.office.total("IND-1"), 7)
        self.assertEqual(self.unit()["gaps"], [])
        self.assertEqual(self.office.digest()["state"], digest["state"])
        self.office.command("verify")

    def test_what_the_hub_has_beyond_a_copy_is_taken_back_below_which_all_is_gone(self):
        self.sync(*KEEP)
        old = shutil.copytree(self.agent.home, self.path("old"))
        self.record(3)
        self.sync()
        shutil.rmtree(self.agent.home)
        shutil.copytree(old, self.agent.home)
        done = run("valija-agent", "adopt", "--home", self.agent.home)
        self.assertEqual(done.stdout, "3 entries fetched; the last one here is 10\n")
        self.assertEqual(self.numbers(), [6, 7, 8, 9, 10])
        self.verified()


class Damaged(Device):
    """Each entry came in a batch of its own, and the disk of the hub has changed some."""

    def setUp(self):
        super().setUp()
        for _ in range(8):
            self.record()
            self.agent.sync()
        self.digest = self.office.digest()
        self.office.stop()

    def damage(self, *numbers):
        path = os.path.join(self.office.home, "store/data.mdb")
        entries = json.loads(self.agent.valija("list", "--json"))["entries"]
        with open(path, "rb") as f:
            data = bytearray(f.read())
        for number in numbers:
            key = b"\xa5after\xc4\x20" + bytes.fromhex(entries[number - 1]["hash"])
            at = data.find(key)
            while at >= 0:  # also where a page stood that is free now
                seal = data.find(b"\xa3sig\xc4\x40", at, at + 300)
                if seal >= 0:
                    data[seal + 6] ^= 1
                at = data.find(key, at + 1)
        with open(path, "wb") as f:
            f.write(data)
        done = run("valija-hub", "verify", "--repair", "--home", self.office.home, status=1)
        self.assertIn("given up and sought again: %d" % len(numbers), done.stderr)
        self.office.start()

    def test_the_device_fills_each_gap_and_nothing_counts_twice(self):
        self.damage(2, 3, 6)
        self.assertEqual(self.unit()["gaps"], [3, 6])
        self.record()
        self.assertEqual(self.agent.sync(), "9 entries acknowledged in all; 0 pending\n")
        self.assertEqual(self.unit()["gaps"], [])
        self.assertEqual(self.office.total("IND-1"), 9)
        self.office.command("verify")

    def test_a_device_with_nothing_new_fills_it_too(self):
        self.damage(4)
        self.agent.sync()
        self.assertEqual(self.office.digest(), self.digest)
        self.office.command("verify")

    def test_the_service_fills_it_when_the_hub_has_found_it(self):
        self.office.start()
        service = Daemon(self.path("log"), "valija-agent", "run", "--home", self.agent.home,
                         "--retry-min-ms", "5")
        self.addCleanup(service.stop, signal.SIGKILL)
        wait_until(lambda: "UPLINK-WELCOME" in service.said(), "they have met")
        self.office.stop()
        self.damage(4)
        wait_until(lambda: self.office.digest() == self.digest, "the gap is filled")


if __name__ == "__main__":
    unittest.main()
