#!/usr/bin/python3
"""A backlog goes to the hub by real TCP over bad links: slow, far, lossy, mostly away, with
small packets, with a peer that stalls or vanishes, and with an address that changes.

Each link carries the same backlog from a copy of the same device to a copy of the same
hub, all at the same time, and must end at what a clean link ends at.  What it took is
printed, never judged.  VALIJA_LINKS=full is the backlog of 5,000 entries with the settings
the programs have by themselves; it takes six minutes, and made the table of tests/README.md.
"""

import concurrent.futures
import contextlib
import csv
import datetime
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from bad_link import HUB, TEST_BIN, BadLink
from programs import CUTOFF, PLAN, Agent, Hub, run, wait_until

FULL = os.environ.get("VALIJA_LINKS") == "full"
ENDPOINT = "tcp://%s:5555" % HUB
UNIT = "con-houston"
BATCH_BYTES = 16384  # of the batches that the wire is compared with
ENTRIES = 5000 if FULL else 1500
# As the programs are set by themselves, but that the short test does not wait a minute for
# the next attempt; and where something is to be noticed it is to be soon.
RETRY = ("--retry-max-ms", 60000) if FULL else ("--retry-min-ms", 50, "--retry-max-ms", 500)
SOON = () if FULL else ("--heartbeat-ms", 1000, "--heartbeat-timeout-ms", 3000)
DEVICE_SOON = () if FULL else ("--connect-ms", 2000, "--welcome-ms", 2000)
DEADLINE_S = 3600 if FULL else 200

SLOW = {"rate_bit_s": 64000, "queue_bytes": 65536}
FAR = {"delay_ms": 300}
LOSSY = {"loss_ppm": 50000}
# Once in five minutes, and shorter than the backlog takes.
SELDOM = {"up_ms": 20000, "period_ms": 300000, **SLOW, **FAR} if FULL else {
    "up_ms": 2000, "period_ms": 8000, "rate_bit_s": 128000, "delay_ms": 20}
# For what happens in the midst of the backlog: it must not be over before.
MIDST = {"rate_bit_s": 256000, "delay_ms": 50} if FULL else {"rate_bit_s": 128000}
MIDST_BYTES = 100000 if FULL else 25000

DID = ["Atención consular", "Jornada de registro civil", "Entrega de pasaportes",
       "Charla sobre nacionalidad", "Acompañamiento a connacionales", "Visita a centro de "
       "detención", "Feria de servicios", "Asesoría jurídica", "Encuentro con empresarios"]
WHERE = ["Houston", "Tyler, TX", "Corpus Christi", "San Antonio", "Dallas", "El Paso", "Laredo",
         "Nueva Orleans", "Oklahoma City", "Little Rock"]
WITH = ["la alcaldía", "la parroquia de San José", "la universidad", "una asociación de vecinos",
        "el consulado de México", "voluntarios", "la biblioteca pública", "una empresa privada"]
REMARKS = ["sin novedad", "faltaron formularios", "se amplió el horario", "quedaron turnos "
           "pendientes", "con apoyo de la policía", "hubo lluvia", "se repite el mes próximo"]


def write_backlog(path):
    """Rows as an officer types them: of a few kinds, no two alike."""
    chance = random.Random(1)
    with open(path, "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f)
        out.writerow(["date", "indicator", "initiative", "mode", "place", "country", "quantity",
                      "attended", "note"])
        for n in range(ENTRIES):
            day = datetime.date(2024, 1, 8) + datetime.timedelta(days=n * 700 // ENTRIES)
            mode = chance.choice(["consulado-movil", "sabado-consular", "jornada-continua"])
            note = "%s con %s; %s. Turnos %d a %d, %s." % (
                chance.choice(DID), chance.choice(WITH), chance.choice(REMARKS),
                chance.randrange(1000), 1000 + chance.randrange(9000), chance.choice(REMARKS))
            out.writerow([day, "IND-1", "", mode, chance.choice(WHERE), "US",
                          chance.randint(1, 9), chance.randrange(500), note])


class Way:
    """One hub and one device with the backlog, joined by one link."""

    def __init__(self, stack, folder, soon, **words):
        self.stack = stack
        self.folder = folder
        self.hub_options = SOON if soon else ()
        self.device_options = (*SOON, *DEVICE_SOON) if soon else ()
        self.link = BadLink(**words)
        stack.callback(self.link.close)
        self.hub = self.path("hub")
        self.device = self.path("device")
        self.hub_daemon = self.syncing = None

    def path(self, name):
        return os.path.join(self.folder, name)

    def start_hub(self):
        self.hub_daemon = self.link.hub(self.path("hub.log"), "run", "--home", self.hub,
                                        *self.hub_options)
        self.stack.callback(self.hub_daemon.stop)
        line = self.hub_daemon.line()
        if line != "listening on " + ENDPOINT:
            raise AssertionError("the hub says %r:\n%s" % (line, self.hub_daemon.said()))

    def start_sync(self, log="device.log"):
        self.syncing = self.link.device(self.path(log), "sync", "--home", self.device,
                                        "--timeout-ms", DEADLINE_S * 1000, *RETRY,
                                        *self.device_options)
        self.stack.callback(self.syncing.stop)

    def end_sync(self):
        """All that was recorded is acknowledged, and what the hub has is here."""
        status = self.syncing.process.wait(DEADLINE_S + 10)
        if status != 0:
            raise AssertionError("sync: status %d\n%s\nthe hub:\n%s" % (
                status, self.syncing.said(), self.hub_daemon.said()))

    def wait_for_midst(self):
        wait_until(lambda: self.link.counts()["to_first"]["bytes"] > MIDST_BYTES,
                   "a part of the backlog is on its way", DEADLINE_S)
        if not self.syncing.running():
            raise AssertionError("all has arrived before anything could happen")

    def established(self):
        """TCP connections that the hub's machine believes in."""
        with open("/proc/%d/net/tcp" % self.hub_daemon.process.pid, encoding="ascii") as f:
            return sum(line.split()[3] == "01" for line in f)


# What happens beside the link being what it is ---------------------------------------

def nothing(way):
    way.start_sync()


def away_at_first(way):
    way.link.set(up_ms=0)
    way.start_sync()
    wait_until(lambda: way.link.counts()["to_first"]["down"] > 0, "the device calls")
    way.link.set(up_ms=SELDOM["up_ms"])


def hub_stalls(way):
    """Its machine is there and acknowledges; the hub says nothing until the device has
    given it up."""
    way.start_sync()
    way.wait_for_midst()
    way.hub_daemon.process.send_signal(signal.SIGSTOP)
    try:
        wait_until(lambda: "trying again" in way.syncing.said(), "the device gives it up",
                   DEADLINE_S)
    finally:
        way.hub_daemon.process.send_signal(signal.SIGCONT)


def device_vanishes(way):
    """Without a word: the hub believes in its connection while the device, started again,
    comes with another one; and forgets the first in the end."""
    way.start_sync("vanished.log")
    way.wait_for_midst()
    way.link.set(up_ms=0)
    way.syncing.stop(signal.SIGKILL)
    # what its kernel still says of that must be lost as well, and the address gone
    way.link.set(address=4)
    way.link.set(up_ms=1)
    if way.established() != 1:
        raise AssertionError("the hub noticed")
    way.start_sync()


def hub_vanishes(way):
    """The line is cut in the midst, and whole again when the device has noticed."""
    way.start_sync()
    way.wait_for_midst()
    way.link.set(up_ms=0)
    wait_until(lambda: "trying again" in way.syncing.said(), "the device notices", DEADLINE_S)
    way.link.set(up_ms=1)


def address_changes(way):
    way.start_sync()
    way.wait_for_midst()
    way.link.set(address=3)


WAYS = {
    "clean": ({}, nothing),
    "64 kbit/s": (SLOW, nothing),
    "600 ms round trip": (FAR, nothing),
    "5 % loss": (LOSSY, nothing),
    "64 kbit/s, 600 ms and 5 % loss": ({**SLOW, **FAR, **LOSSY}, nothing),
    "20 % loss": ({"loss_ppm": 200000}, nothing),
    "up %g s of every %g s" % (SELDOM["up_ms"] / 1000, SELDOM["period_ms"] / 1000):
        (SELDOM, away_at_first),
    "MTU 576": ({"mtu": 576, "rate_bit_s": 1000000, "delay_ms": 20}, nothing),
    "hub stalls": (MIDST, hub_stalls),
    "line cut in the midst": (MIDST, hub_vanishes),
    "device vanishes and comes back": (MIDST, device_vanishes),
    "address changes": (MIDST, address_changes),
}


class BadLinks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="valija-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        BadLink().close()  # skips where there can be none
        cls.prepare()
        pool = concurrent.futures.ThreadPoolExecutor(len(WAYS))
        cls.addClassCleanup(pool.shutdown)
        cls.figures = {name: pool.submit(cls.carry, str(n), *way)
                       for n, (name, way) in enumerate(WAYS.items())}

    @classmethod
    def prepare(cls):
        """The hub and the device that all ways have copies of."""
        first = os.path.join(cls.folder, "first")
        os.mkdir(first)
        hub = Hub(os.path.join(first, "hub"), plan=PLAN, bind=ENDPOINT)
        device = Agent(os.path.join(first, "device"), hub, ENDPOINT, UNIT)
        backlog = os.path.join(cls.folder, "backlog.csv")
        write_backlog(backlog)
        run("valija", "import", backlog, "--unit", UNIT, "--home", device.home)
        done = subprocess.run([os.path.join(TEST_BIN, "home_tool"), "seal", device.home,
                               str(BATCH_BYTES)], capture_output=True, text=True, check=True,
                              timeout=60)
        cls.batches, cls.batch_bytes = map(int, done.stdout.split())
        print("%d entries: %d batches, %d bytes\n\n| link | s | bytes to the hub | bytes to the "
              "device | wire / batches |\n|---|---:|---:|---:|---:|" % (
                  ENTRIES, cls.batches, cls.batch_bytes), flush=True)

    @classmethod
    def carry(cls, name, words, happens):
        """What it took, and what is there then."""
        folder = os.path.join(cls.folder, name)
        shutil.copytree(os.path.join(cls.folder, "first"), folder)
        with contextlib.ExitStack() as stack:
            way = Way(stack, folder, happens is not nothing, **words)
            way.start_hub()
            start = time.monotonic()
            happens(way)
            way.end_sync()
            took = time.monotonic() - start
            counts = way.link.counts()
            # who is not there any more is not believed in for ever
            wait_until(lambda: way.established() == 0, "the hub forgets all connections",
                       DEADLINE_S)
            state = json.loads(run("valija-hub", "state", "--cutoff", CUTOFF, "--json", "--home",
                                   way.hub).stdout)
            run("valija", "verify", "--home", way.device)
            run("valija-hub", "verify", "--home", way.hub)
            return {"s": took, **counts, "digest": state["digest"], "events": state["events"]}

    def test_all_arrives_once_over_every_link(self):
        clean = self.figures["clean"].result()
        for name in WAYS:
            with self.subTest(link=name):
                got = self.figures[name].result()
                self.tell(name, got)
                self.assertEqual(got["digest"], clean["digest"])
                self.assertEqual(got["events"],
                                 {"counted": ENTRIES, "held": 0, "dated_ahead": 0})

    def tell(self, name, got):
        wire = got["to_first"]["bytes"] + got["to_second"]["bytes"]
        print("| %s | %.1f | %d | %d | %.2f |" % (
            name, got["s"], got["to_first"]["bytes"], got["to_second"]["bytes"],
            wire / self.batch_bytes), flush=True)


if __name__ == "__main__":
    unittest.main()
