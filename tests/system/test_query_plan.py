#!/usr/bin/python3
"""valija-hub plan: show, and load the next version into a hub."""

import json
import unittest

from programs import PLAN, run
from query import HOUSTON, QueryCase


class Plan(QueryCase):
    def setUp(self):
        super().setUp()
        self.hub = self.hub()

    def test_the_next_version_judges_all_events_again(self):
        self.records(self.hub, HOUSTON, ("2022-11-05", {}), ("2025-03-01", {}))
        self.assertEqual(self.hub.state()["events"], {"counted": 1, "held": 1, "dated_ahead": 0})
        path = self.plan(version=2, period={"from": "2022-01-01", "to": "2026-12-31"})
        self.assertIn("version 2 of PEI-2023-2026 is in force", self.hub.command("plan load", path))
        state = self.hub.state()
        self.assertEqual(state["plan"]["version"], 2)
        self.assertEqual(state["events"], {"counted": 2, "held": 0, "dated_ahead": 0})
        self.assertEqual(self.hub.total("IND-1"), 2)

    def test_the_plan_in_force_may_be_loaded_again(self):
        digest = self.hub.digest()
        said = self.hub.command("plan load", PLAN)
        self.assertIn("version 1 of PEI-2023-2026 is in force already", said)
        self.assertEqual(self.hub.digest(), digest)

    def test_another_version_than_the_next_is_refused(self):
        for version in (1, 3):
            path = self.plan(version=version, motto="otra")
            said = run("valija-hub", "plan", "load", path, "--home", self.hub.home, status=65)
            self.assertIn('"version" is %d and must be 2' % version, said.stderr)
        self.assertEqual(self.hub.state()["plan"]["version"], 1)

    def test_what_was_published_is_not_taken_out(self):
        with open(PLAN, encoding="utf-8") as f:
            units = json.load(f)["units"]
        path = self.plan(version=2, units=[u for u in units if u["code"] != "con-tulcan"])
        said = run("valija-hub", "plan", "load", path, "--home", self.hub.home, status=65)
        self.assertIn("units con-tulcan is missing", said.stderr)
        path = self.plan(version=2, code="OTHER")
        said = run("valija-hub", "plan", "load", path, "--home", self.hub.home, status=65)
        self.assertIn('"code" is OTHER; that of the plan in force is PEI-2023-2026', said.stderr)
        self.assertEqual(self.hub.state()["plan"]["version"], 1)

    def test_a_plan_with_errors_is_refused_and_all_are_told(self):
        path = self.plan(version=2, vision=7, mission=None)
        said = run("valija-hub", "plan", "load", path, "--home", self.hub.home, status=65)
        self.assertIn("/vision", said.stderr)
        self.assertIn("/mission", said.stderr)
        self.assertEqual(self.hub.state()["plan"]["version"], 1)
        run("valija-hub", "plan", "load", self.path("none.json"), "--home", self.hub.home, status=66)

    def test_the_plan_in_force_is_shown_as_it_was_loaded(self):
        with open(PLAN, encoding="utf-8") as f:
            document = json.load(f)
        self.assertEqual(json.loads(self.hub.command("plan show", "--json")), document)
        self.assertEqual(self.hub.command("plan show"),
                         run("valija-hub", "plan", "show", PLAN).stdout)

    def test_a_wrong_part_is_answered_with_the_nearest(self):
        said = run("valija-hub", "plan", "chek", PLAN, status=64)
        self.assertIn("did you mean 'check'?", said.stderr)
        said = run("valija-hub", "plan", status=64)
        self.assertIn("check, show, load", said.stderr)
        self.assertIn("load", run("valija-hub", "plan", "--help").stdout)


class Held(QueryCase):
    def test_what_a_version_holds_that_counted_before_is_told(self):
        hub = self.hub()
        self.records(hub, HOUSTON, ("2025-10-01", {"qty": 2}), ("2025-10-02", {"qty": 3}),
                     ("2025-10-03", {"ind": "IND-6"}), ("2025-10-04", {"ind": "IND-99"}))

        def load(version, **changes):
            done = run("valija-hub", "plan", "load", self.plan(version=version, **changes),
                       "--home", hub.home)
            self.assertIn("version %d of PEI-2023-2026 is in force" % version, done.stdout)
            return done.stderr

        self.assertEqual(load(2), "")  # what was held stays so
        said = load(3, IND_1={"by": "level"})
        self.assertIn("2 entries are held by this version that were not before (indicator 2)",
                      said)
        self.assertEqual(len(hub.ask("held")["held"]), 3)
        said = load(4, IND_6={"by": "level"})
        self.assertIn("1 entry is held by this version that was not before (indicator 1)", said)
        self.assertIn("2 entries that were held are held no more", said)
        self.assertEqual(hub.total("IND-1"), 5)


if __name__ == "__main__":
    unittest.main()
