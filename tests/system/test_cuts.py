#!/usr/bin/python3
"""valija-hub cut, cuts, and --at with the name of a cut."""

import json
import unittest

from programs import run
from query import HOUSTON, MADRID, QueryCase, day, only, peer


class Cuts(QueryCase):
    def setUp(self):
        super().setUp()
        self.hub = self.hub()
        self.houston = self.records(self.hub, HOUSTON, ("2025-10-01", {"qty": 2}),
                                    ("2025-12-31", {"qty": 3}), ("2026-01-02", {"qty": 50}))

    def value(self, *at):
        """What IND-1 came to: by the cut-off of the moment."""
        return json.loads(self.hub.command("counts", "IND-1", *at, "--json"))

    def later(self):
        """What comes after a cut: new entries, and another plan."""
        self.records(self.hub, MADRID, ("2025-11-01", {"qty": 7}))
        self.houston.activity(day("2025-10-02"), ind="IND-1", qty=100)
        self.hub.sync(self.houston)
        run("valija-hub", "plan", "load", self.plan(version=2), "--home", self.hub.home)

    def test_a_cut_stays_what_it_was(self):
        made = json.loads(self.hub.command("cut", "2025-Q4", "--period", "2025-Q4", "--json"))
        self.assertEqual(made["cutoff"], "2025-12-31")
        self.assertEqual(made["digest"], self.hub.digest())
        self.assertFalse(made["already"])
        then = self.value("--at", "2025-Q4")
        self.assertEqual((then["total"], then["cutoff"], then["at"]),
                         (5, "2025-12-31", "2025-Q4"))
        self.later()
        self.assertEqual(self.value("--at", "2025-Q4"), then)
        self.assertEqual(self.value("--at", "2025-Q4", "--cutoff", "2026-12-31")["total"], 55)
        self.assertEqual(self.value("--cutoff", "2025-12-31")["total"], 112)
        state = self.hub.ask("state", "--at", "2025-Q4")
        self.assertEqual((state["digest"], state["plan"]["version"]), (made["digest"], 1))
        self.assertIn("Cut:           2025-Q4\n", self.hub.command("state", "--at", "2025-Q4"))
        self.assertEqual(len(self.hub.ask("events", "--at", "2025-Q4")["events"]), 3)
        self.hub.command("cuts", "--verify")

    def test_cuts_are_listed(self):
        self.assertIn("There is no cut yet", self.hub.command("cuts"))
        self.hub.command("cut", "2025-Q4", "--period", "2025-Q4")
        self.hub.command("cut", "accounts of June", "--cutoff", "2025-06")
        rows = self.hub.ask_plain("cuts", "--verify")["cuts"]
        self.assertEqual(only(rows, "name", "period", "cutoff", "here", "verified", "lacks"), [
            ("2025-Q4", "2025-Q4", "2025-12-31", True, True, None),
            ("accounts of June", None, "2025-06-30", True, True, None)])
        self.assertEqual(rows[0]["state"], self.hub.digest()["state"])
        self.assertIn("yes, with the same digest", self.hub.command("cuts", "--verify"))
        # by which entry
        shown = self.hub.ask("show", rows[0]["ref"])
        self.assertEqual(shown["outcome"], "office")
        text = self.hub.command("show", rows[1]["ref"])
        self.assertIn("it freezes the state as a cut", text)
        self.assertIn("Cut: accounts of June\n", text)

    def test_cuts_of_a_past_moment_are_those_made_by_then(self):
        self.hub.command("cut", "one", "--cutoff", "2025-06")
        at = self.hub.state()["at"]
        self.later()
        self.hub.command("cut", "two", "--cutoff", "2025-06")
        for moment, names in ((at, [("one",)]), ("one", []), ("two", [("one",)])):
            self.assertEqual(only(self.hub.ask_plain("cuts", "--at", moment)["cuts"], "name"),
                             names)

    def test_a_name_is_given_once(self):
        first = self.hub.command("cut", "x", "--cutoff", "2025-12-31")
        self.assertNotIn("already", first)
        now = self.hub.state()["at"]
        # whoever lost the connection gives the command once more
        self.assertEqual(self.hub.command("cut", "x", "--cutoff", "2025-12-31").splitlines(), [
            "The cut x is there already as it would be made now; nothing was made.",
            *first.splitlines()])
        again = json.loads(self.hub.command("cut", "x", "--cutoff", "2025-12-31", "--json"))
        self.assertTrue(again["already"])
        done = run("valija-hub", "cut", "x", "--cutoff", "2025-12-30", "--home", self.hub.home,
                   status=65)
        self.assertIn("there is a cut x already", done.stderr)
        self.assertEqual(self.hub.state()["at"], now)
        for name in ("12", "now", "a@b"):
            run("valija-hub", "cut", name, "--home", self.hub.home, status=64)

    def test_a_cut_lies_in_its_quarter_and_in_the_plan(self):
        for args, said in ((("--period", "2199-Q3"), "has not begun"),
                           (("--period", "2022-Q4"), "not of 2022-Q4"),
                           (("--cutoff", "2022-12-31"), "lies before the plan"),
                           (("--period", "2025-Q4", "--cutoff", "2026-01-01"), "lies outside"),
                           (("--period", "2025-Q4", "--cutoff", "2025-09-30"), "lies outside")):
            for command in (("cut",), ("draft", "cut")):
                done = run("valija-hub", *command, "x", *args, "--home", self.hub.home, status=65)
                self.assertIn(said, done.stderr)
        self.assertEqual(self.hub.ask_plain("cuts")["cuts"], [])
        # the middle of a quarter is a cut like any other
        self.hub.command("cut", "x", "--period", "2025-Q4", "--cutoff", "2025-11-15")

    def test_another_hub_reads_it_when_it_has_the_same(self):
        """The one that holds a copy, to which things came in another order."""
        self.hub.command("cut", "x", "--cutoff", "2025-12-31")
        copy = self.path("copy")
        self.hub.command("backup", copy)
        self.later()
        self.assertEqual(
            json.loads(run("valija-hub", "counts", "IND-1", "--at", "x", "--json", "--home",
                           copy).stdout), self.value("--at", "x"))

    def test_no_such_cut_is_told(self):
        done = run("valija-hub", "state", "--at", "2025-Q4", "--home", self.hub.home, status=65)
        self.assertIn("there is no cut '2025-Q4'", done.stderr)


class Diff(QueryCase):
    """What is told once a quarter, and things, since a cut."""

    def setUp(self):
        super().setUp()
        self.hub = self.hub()
        self.houston, self.madrid = self.device(self.hub, HOUSTON), self.device(self.hub, MADRID)

    def since_cut(self, *more):
        return json.loads(self.hub.command("diff", "x", *more, "--json"))

    def tell(self, device, kind, unit, quarter=2025 * 4 + 3, **keys):
        return device.add(peer.event(kind, u=unit, quarter=quarter, **keys))

    def test_registers_stand_with_what_they_said_and_say(self):
        first = self.tell(self.houston, "progress", HOUSTON, init=["2.1.05"], pct=5000, note="uno")
        gone = self.tell(self.houston, "progress", HOUSTON, commit="COM-1", pct=100)
        self.tell(self.houston, "close", HOUSTON)
        self.hub.sync(self.houston)
        self.hub.command("cut", "x", "--cutoff", "2025-12-31")
        self.assertIn("Nothing is told otherwise.", self.hub.command("diff", "x"))
        self.tell(self.houston, "progress", HOUSTON, init=["2.1.05"], pct=5000, note="dos",
                  fix=[peer.fix_of(*first)], why="faltaba un párrafo")
        self.houston.add(peer.void(HOUSTON, "no era nuestro", gone))
        self.tell(self.madrid, "budget", MADRID, bpin="2018011000755", appr=10, comm=5, obl=2,
                  paid=1)
        for device in (self.houston, self.madrid):
            self.hub.sync(device)
        rows = only(self.since_cut()["reports"], "kind", "code", "unit", "then", "now", "why",
                    "ref")
        self.assertEqual(rows, [
            ("budget", "2018011000755", MADRID, None, "10 / 5 / 2 / 1", None, self.madrid.ref(1)),
            ("progress", "COM-1", HOUSTON, "1 %", None, "no era nuestro", self.houston.ref(5)),
            ("progress", "2.1.05", HOUSTON, "50 %; uno", "50 %; dos", "faltaba un párrafo",
             self.houston.ref(4))])
        text = self.hub.command("diff", "x")
        self.assertRegex(text, r"budget +2018011000755 +con-madrid +2025-Q4 +10 / 5 / 2 / 1")
        self.assertIn("faltaba un párrafo", text)
        # the two moments the other way round
        back = json.loads(self.hub.command("diff", self.hub.state()["at"], "x", "--cutoff",
                                           "2025-12-31", "--json"))["reports"]
        self.assertEqual(sorted(only(back, "code", "then", "now")),
                         sorted((row[1], row[4], row[3]) for row in rows))

    def test_things_add_up(self):
        def thing(device, unit, key, date, way="in", **keys):
            return device.add(peer.event("thing", u=unit, ind="IND-5", key=key, date=day(date),
                                         way=way, **keys))

        thing(self.houston, HOUSTON, "red-a", "2025-03-01")
        thing(self.houston, HOUSTON, "red-b", "2025-03-01")
        self.hub.sync(self.houston)
        self.hub.command("cut", "x", "--cutoff", "2025-12-31")
        thing(self.madrid, MADRID, "red-a", "2025-02-01")     # earlier: it takes the place
        thing(self.madrid, MADRID, "red-c", "2025-04-01")
        thing(self.madrid, MADRID, "red-b", "2025-05-01", "out")
        self.hub.sync(self.madrid)
        told = self.since_cut()
        code = next(c for c in told["codes"] if c["code"] == "IND-5")
        self.assertEqual(only([code], "then", "now", "difference"), [(2, 2, 0)])
        lines = [(c["unit"], c["then"], c["now"], c["reason"]) for c in told["changes"]]
        self.assertEqual(sorted(lines), sorted([
            (HOUSTON, 1, 0, "newer"), (MADRID, 0, 1, "new"), (MADRID, 0, 1, "new"),
            (MADRID, 0, -1, "new")]))


if __name__ == "__main__":
    unittest.main()
