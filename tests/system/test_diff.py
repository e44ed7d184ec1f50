#!/usr/bin/python3
"""valija-hub diff: what changed since a cut, entry by entry."""

import unittest

from programs import run
from query import HOUSTON, MADRID, QueryCase, day, only, peer


class Diff(QueryCase):
    def setUp(self):
        super().setUp()
        self.hub = self.hub()
        self.houston = self.device(self.hub, HOUSTON)
        self.first = self.houston.activity(day("2025-10-01"), ind="IND-1", qty=2)
        self.gone = self.houston.activity(day("2025-10-02"), ind="IND-1", qty=3)
        self.hub.sync(self.houston)
        self.hub.command("cut", "2025-Q4", "--period", "2025-Q4")

    def test_nothing_changed(self):
        self.assertIn("Nothing is told otherwise", self.hub.command("diff", "2025-Q4"))
        self.assertEqual(self.hub.ask_plain("diff", "2025-Q4")["changes"], [])

    def test_each_entry_that_made_the_difference_is_told(self):
        self.hub.command("lock", "2025-Q4")
        self.houston.activity(day("2025-10-01"), ind="IND-1", qty=12,
                              fix=[peer.fix_of(*self.first)], why="a digit was missing")
        self.houston.add(peer.void(HOUSTON, "never was", self.gone))
        self.houston.activity(day("2025-12-01"), ind="IND-1", qty=7, why="minutes came late")
        self.houston.activity(day("2026-02-01"), ind="IND-1", qty=100)
        self.hub.sync(self.houston)
        answer = self.hub.ask_plain("diff", "2025-Q4")
        rows = [r for r in answer["changes"] if r["code"] == "IND-1"]
        ref = self.houston.ref
        self.assertEqual(only(rows, "date", "then", "now", "difference", "reason", "restatement",
                              "ref", "then_ref", "now_ref", "why"), [
            ("2025-10-01", 2, 12, 10, "corrected", True, ref(3), ref(1), ref(3),
             "a digit was missing"),
            ("2025-10-02", 3, 0, -3, "voided", True, ref(4), ref(2), None, "never was"),
            ("2025-12-01", 0, 7, 7, "late", True, ref(5), None, ref(5), "minutes came late")])
        codes = {c["code"]: (c["then"], c["now"], c["difference"]) for c in answer["codes"]}
        self.assertEqual(codes["IND-1"], (5, 19, 14))
        for code, (_, _, difference) in codes.items():
            self.assertEqual(difference, sum(r["difference"] for r in answer["changes"]
                                             if r["code"] == code))
        self.assertEqual((answer["from"]["at"], answer["from"]["cutoff"]),
                         ("2025-Q4", "2025-12-31"))
        text = self.hub.command("diff", "2025-Q4", "now")
        self.assertIn("a digit was missing", text)
        self.assertNotIn("\n\n\n", text + "\n")  # no table that is not there is parted
        self.assertIn("Then: 2025-Q4, cut-off 2025-12-31", text)

    def test_a_correction_of_a_count_alone_is_told(self):
        kept = self.houston.activity(day("2025-10-03"), ind="IND-1", qty=1,
                                     count={"attended": 210, "procedures": 4},
                                     group={"ACT-1": 30})
        self.hub.sync(self.houston)
        self.hub.command("cut", "counts", "--period", "2025-Q4")
        self.houston.activity(day("2025-10-03"), ind="IND-1", qty=1,
                              count={"attended": 220, "procedures": 4}, group={"ACT-2": 30},
                              fix=[peer.fix_of(*kept)], why="the list was read again")
        self.hub.sync(self.houston)
        answer = self.hub.ask_plain("diff", "counts")
        ref = self.houston.ref(4)
        rows = [r for r in answer["changes"] if r["code"] == "IND-1"]
        self.assertEqual(only(rows, "then", "now", "reason", "ref", "why"),
                         [(1, 1, "corrected", ref, "the list was read again")])
        rows = [r for r in answer["counts"] if r["code"] == "IND-1"]
        self.assertEqual(only(rows, "count", "group", "then", "now", "difference", "reason",
                              "ref"), [
            ("attended", None, 210, 220, 10, "corrected", ref),
            (None, "ACT-1", 30, 0, -30, "corrected", ref),
            (None, "ACT-2", 0, 30, 30, "corrected", ref)])
        text = self.hub.command("diff", "counts")
        self.assertRegex(text, r"IND-1 +attended +2025-10-03 +con-houston +210 +220 +10 +" + ref)
        self.assertIn("the list was read again", text)

    def test_values_are_those_of_the_state(self):
        def thing(key):
            self.houston.add(peer.event("thing", u=HOUSTON, ind="IND-2", key=key,
                                        date=day("2025-11-01"), way="in"))

        def values():
            return {i["code"]: i["value"] for i in
                    self.hub.ask("state", "--cutoff", "2025-12-31")["indicators"]}

        before = values()
        thing("one-more")
        self.houston.activity(day("2025-11-01"), ind="IND-6", qty=3)
        self.hub.sync(self.houston)
        after = values()
        answer = self.hub.ask_plain("diff", "2025-Q4")
        codes = {c["code"]: c for c in answer["codes"]}
        for code in ("IND-2", "IND-6"):
            self.assertEqual(only([codes[code]], "value_then", "value_now"),
                             [(before[code], after[code])])
        self.assertEqual((before["IND-2"], after["IND-2"], before["IND-6"]), (127, 128, None))
        self.assertEqual(only([codes["IND-2"]], "then", "now", "difference", "why"),
                         [(0, 1, 1, {"value_then": "baseline_only"})])
        self.assertEqual(codes["IND-6"]["why"], {"value_then": "no_data"})
        self.assertEqual(only([codes["2.1.06"]], "value_then", "value_now"), [(0, 3)])
        text = self.hub.command("diff", "2025-Q4")
        self.assertRegex(text, r"IND-2 .* \* 127 +128 +0 +1 +1\n")
        self.assertRegex(text, r"IND-6 .* no data +3 +0 +3 +3\n")

    def test_a_value_that_the_plan_alone_changed_is_told(self):
        run("valija-hub", "plan", "load", self.plan(version=2, IND_4={"baseline": 41}), "--home",
            self.hub.home)
        answer = self.hub.ask_plain("diff", "2025-Q4")
        self.assertEqual(only(answer["codes"], "code", "value_then", "value_now", "difference"),
                         [("IND-4", 40, 41, 0)])
        self.assertIn("IND-4", self.hub.command("diff", "2025-Q4"))

    def test_two_cuts_have_each_their_cut_off(self):
        self.records(self.hub, MADRID, ("2026-02-01", {"qty": 4}))
        self.hub.command("cut", "2026-Q1", "--period", "2026-Q1")
        self.records(self.hub, MADRID, ("2026-02-02", {"qty": 50}))
        answer = self.hub.ask_plain("diff", "2025-Q4", "2026-Q1")
        self.assertEqual(only(answer["changes"][-1:], "code", "difference", "reason"),
                         [("IND-1", 4, "new")])
        back = self.hub.ask_plain("diff", "2026-Q1", "2025-Q4")
        self.assertEqual(only(back["changes"][-1:], "code", "difference", "reason"),
                         [("IND-1", -4, "absent")])

    def test_a_cut_that_is_not_there_is_told(self):
        for word in ("x", "99999", "1"):  # the first entry is older than any plan
            run("valija-hub", "diff", word, "--home", self.hub.home, status=65)
        run("valija-hub", "diff", "--home", self.hub.home, status=64)


if __name__ == "__main__":
    unittest.main()
