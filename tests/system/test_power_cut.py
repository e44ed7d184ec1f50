#!/usr/bin/python3
"""A power cut at any moment takes nothing that was printed or acknowledged.

Real programs work while all that they do to their files is written down; then
the files are made as a cut may leave them (power_cut.py), and real programs open
them.  VALIJA_CUT_SEED repeats the choices of a run; VALIJA_CUTS is how many cuts
are tried for each store, or "all".
"""

import json
import os
import random
import shutil
import subprocess
import tempfile
import unittest

import peer
import power_cut
from device import TEST_BIN
from programs import CUTOFF, PLAN, Case, Hub, run

SEED = int(os.environ.get("VALIJA_CUT_SEED") or random.SystemRandom().randrange(1 << 32))
CUTS = os.environ.get("VALIJA_CUTS", "80")
MOST = None if CUTS == "all" else int(CUTS)
SYNC_EACH = 8  # cuts of an agent: so many to one that is synced too
LIBRARY = os.path.join(TEST_BIN, "cut_log.so")
REFOLD = os.path.join(TEST_BIN, "refold_tool")
KEYS = ("seq", "hash", "kind", "unit", "at")  # the hash is that of the chain
DAY = ("--indicator", "IND-1", "--date", "2025-11-15")
CSV = "unit,indicator,date,quantity\n" + "".join(
    "con-houston,IND-1,2025-11-%02d,%d\n" % (n + 1, n + 1) for n in range(25))


class Cut(Case):
    """Programs of self.watched work on files below self.root."""

    def setUp(self):
        super().setUp()
        print("seed %d (VALIJA_CUT_SEED repeats it)" % SEED, flush=True)
        self.chance = random.Random(SEED)
        self.root = self.path("disk")
        self.log = self.path("log")
        self.home = os.path.join(self.root, "home")
        os.mkdir(self.root)
        self.watched = {"env": power_cut.environment(self.root, self.log, LIBRARY)}
        self.known = []  # for each mark

    def mark(self, what, printed=True):
        """What is known after something was printed, or else by now."""
        power_cut.mark(self.log, len(self.known), printed)
        self.known.append(what)

    def fast_folder(self):
        """In memory where that is there: what opens the images syncs all the time."""
        memory = "/dev/shm"
        folder = tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else self.folder)
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def each_image(self, what):
        """(what is known, home) after each cut; the log was whole."""
        records = power_cut.read_log(self.log)
        disk = power_cut.Disk(self.root)
        for r in records:
            disk.play(r)
        self.assertEqual(disk.differences(self.home), [], "the log is not all that was done")
        folder = self.fast_folder()
        count = 0
        for number, found in power_cut.images(records, self.root, self.chance, MOST):
            power_cut.put_down(found, folder)
            yield self.known[number] if number >= 0 else None, os.path.join(folder, "home")
            count += 1
        print("%s: %d records, %d cuts" % (what, len(records), count))
        shutil.rmtree(folder)


class Device(Cut):
    def setUp(self):
        super().setUp()
        self.office = Hub(self.path("hub"))
        self.addCleanup(self.office.stop)
        self.office.start()

    def list(self, home):
        return json.loads(run("valija", "list", "--json", "--home", home).stdout)["entries"]

    def init(self, home, **other):
        out = run("valija-agent", "init", "--home", home, "--unit", "con-houston", "--hub",
                  self.office.endpoint, "--hub-key", self.office.pub, **other).stdout
        return out.splitlines()[-1].split()[-1]

    def work(self):
        """A home and what a device does in it; each command is followed by a mark."""
        fingerprint = self.init(self.home, **self.watched)
        self.mark(0)
        self.office.enroll(os.path.join(self.home, "request"), fingerprint)
        table = self.path("rows.csv")
        with open(table, "w", encoding="utf-8") as f:
            f.write(CSV)
        sync = ("valija-agent", "sync")
        record = ("valija", "record", *DAY)
        for command in (sync, (*record, "--quantity", 2), (*record, "--note", "n" * 3900),
                        (*record, "--key", "twice"), (*record, "--key", "twice"), sync,
                        ("valija", "import", table), (*record, "--place", "Houston"),
                        ("valija", "correct", 1, "--quantity", 3, "--why", "read wrongly"),
                        sync, ("valija", "void", 2, "--why", "it was another"), record, record,
                        sync):
            run(*command, "--home", self.home, **self.watched)
            self.mark(len(self.list(self.home)))

    def test_device(self):
        self.work()
        whole = self.list(self.home)
        digest = self.office.digest()
        for number, (known, home) in enumerate(self.each_image("device")):
            if not os.path.isdir(os.path.join(home, "outbox")):
                self.assertIsNone(known, "a home that was printed is not there")
                self.init(home)
                continue
            self.check(home, known or 0, whole, with_sync=number % SYNC_EACH == 0)
        self.assertEqual(self.office.digest(), digest)
        self.assertEqual(self.office.ask("units")["units"][0]["forks"], [])

    def check(self, home, known, whole, with_sync):
        found = self.list(home)
        self.assertGreaterEqual(len(found), known, "what was printed is not there")
        for mine, real in zip(found, whole):
            self.assertEqual([mine[k] for k in KEYS], [real[k] for k in KEYS])
        if with_sync and known > 0:
            run("valija-agent", "sync", "--home", home)
        tip = self.list(home)[-1]["seq"] if self.list(home) else 0
        ref = run("valija", "record", *DAY, "--home", home).stdout
        self.assertEqual(int(ref.split("-")[1]), tip + 1)


class Office(Cut):
    """A hub, and devices whose every batch is acknowledged before the next one, or
    several at once."""

    def setUp(self):
        super().setUp()
        self.devices = [peer.Device([unit]) for unit in ("con-houston", "con-madrid")]
        self.acknowledged = set()  # REFs

    def acked(self, device, batch):
        b = peer.Batch(batch)
        self.acknowledged.update(device.ref(n) for n in range(b.first, b.first + b.count))
        self.mark(set(self.acknowledged), printed=False)

    def push_singly(self, link, device):
        for n in range(6):
            device.activity("2025-11-%02d" % (n + 1), qty=n + 1, ind="IND-1", note="x" * (600 * n))
        device.add(peer.event("level", u=device.units[0], ind="IND-4", q=8103, value=3))
        for batch in device.batches(events=3):
            link.push(batch)
            self.acked(device, batch)

    def push_together(self, link, device):
        """Within the credit; the hub commits as many at once as have come."""
        for n in range(12):
            device.activity("2025-10-%02d" % (n + 1), qty=n + 1, ind="IND-1")
        batches = list(device.batches(device.acknowledged[0], events=2))
        for batch in batches:
            link.say_push(batch)
        for batch in batches:
            link.expect_ack(batch)
            self.acked(device, batch)

    def work(self):
        hub = Hub(self.home, **self.watched)
        self.mark(set())
        self.addCleanup(hub.stop)
        hub.start(**self.watched)
        for device in self.devices:
            hub.admit(device, **self.watched)
        for device in self.devices:
            with hub.link(device) as link:
                link.hello()
                self.push_singly(link, device)
                self.push_together(link, device)
        self.assertEqual(hub.stop(), 0)
        return hub

    def test_hub(self):
        self.work()
        for known, home in self.each_image("hub"):
            if not os.path.isdir(os.path.join(home, "store")):
                self.assertIsNone(known, "a home that was printed is not there")
                run("valija-hub", "init", "--home", home, "--bind", "tcp://127.0.0.1:*",
                    "--plan", PLAN)
                continue
            self.check(home, known or set())

    def ask(self, home, name):
        return json.loads(run("valija-hub", name, "--json", "--cutoff", CUTOFF, "--home",
                              home).stdout)

    def check(self, home, known):
        """All that was acknowledged is there, and the ledger is what the journal says."""
        state = self.ask(home, "state")
        if known:
            events = self.ask(home, "events")["events"]
            self.assertLessEqual(known, {e["ref"] for e in events}, "acknowledged and lost")
            self.assertEqual(sum(state["events"][k] for k in ("counted", "held")), len(events))
        subprocess.run([REFOLD, home], check=True, timeout=30)
        self.assertEqual(self.ask(home, "state")["digest"], state["digest"])


if __name__ == "__main__":
    unittest.main()
