#!/usr/bin/python3
"""Batches in columns: those of the programs as the independent client reads them, and
those of the client as the hub does."""

import csv
import unittest

import zstandard

import columns
import peer
from programs import Agent, Case, Hub, free_endpoint

HOUSTON = "con-houston"
ROWS = 60


class OfTheDevice(Case):
    def setUp(self):
        super().setUp()
        endpoint = free_endpoint()
        self.hub = Hub(self.path("hub"), bind=endpoint)
        self.addCleanup(self.hub.stop)
        self.hub.start()
        self.agent = Agent(self.path("agent"), self.hub, endpoint, HOUSTON)
        self.agent.sync()  # brings the plan

    def import_rows(self):
        path = self.path("rows.csv")
        with open(path, "w", encoding="utf-8", newline="") as f:
            out = csv.writer(f)
            out.writerow(("indicator", "date", "quantity", "place", "by", "note", "attended"))
            for n in range(ROWS):
                out.writerow(("IND-1", "2025-%02d-%02d" % (1 + n % 9, 1 + n % 28), 1 + n % 5,
                              ("Austin", "Logroño", "")[n % 3], "Ana Núñez",
                              "nota %d" % n * 30 if n % 7 == 0 else "", n * n or ""))
        self.agent.valija("import", path)

    def test_bodies_and_chain_are_read_out_of_them(self):
        self.import_rows()
        self.agent.sync()
        last = self.hub.ask("events")["events"][-1]["ref"]
        path = self.path("evidence")
        self.hub.command("show", last, "--evidence", path)
        with open(path, "rb") as f:
            batch = peer.Batch(peer.unpack(f.read())["batch"]).verify()
        self.assertEqual((batch.z, batch.count), (2, ROWS))
        self.assertEqual([peer.unpack(b).get("count", {}).get("attended", 0)
                          for b in batch.bodies], [n * n for n in range(ROWS)])


class OfAnother(Case):
    def setUp(self):
        super().setUp()
        self.office = self.hub()
        self.other = self.device(self.office, HOUSTON)
        for n in range(ROWS):
            self.other.activity(20400 + n % 20, ind="IND-1", qty=1 + n % 3,
                                count={"attended": n + 1}, by=("Ana", "Iván")[n % 2])

    def test_they_count(self):
        with self.office.link(self.other) as link:
            link.hello()
            link.push(self.other.batch(1, ROWS, z=2))
        self.assertEqual(self.office.total("IND-1"), sum(1 + n % 3 for n in range(ROWS)))

    def test_wrong_ones_are_refused_and_the_right_ones_taken_after_them(self):
        good = columns.pack(self.other.bodies)
        for what, plain in (("nothing", b""), ("one column too many", b"\x41" + good[1:]),
                            ("an end too early", good[:-1]), ("a byte too many", good + b"\0"),
                            ("another value", good[:-1] + b"\xff"),
                            ("too long", good + bytes(peer.BATCH_RAW_BYTES))):
            with self.subTest(what), self.office.link(self.other) as link:
                link.hello()
                packed = zstandard.ZstdCompressor().compress(plain)
                link.say_push(peer.pack({**peer.unpack(self.other.batch(1, ROWS, z=2)),
                                         "bodies": packed}))
                with self.assertRaises(peer.Refused):
                    while True:
                        link.receive()
        self.assertEqual(self.office.total("IND-1"), 0)
        self.test_they_count()


if __name__ == "__main__":
    unittest.main()
