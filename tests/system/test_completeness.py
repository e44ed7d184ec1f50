#!/usr/bin/python3
"""valija-hub completeness: whether a quarter of each unit is all there."""

import json
import unittest

from programs import run
from query import HOUSTON, MADRID, QueryCase, day, only, peer

Q4 = 2025 * 4 + 3
STATES = ("closed", "closed_zero", "reporting", "nothing", "unknown")


class Completeness(QueryCase):
    def setUp(self):
        super().setUp()
        self.hub = self.hub()
        self.houston, self.madrid, self.miami, self.boston = (
            self.device(self.hub, unit) for unit in
            (HOUSTON, MADRID, "con-miami", "con-boston"))
        self.houston.add(peer.event("close", u=HOUSTON, quarter=Q4, zero=["IND-1"],
                                    none=["IND-5", "IND-6"]))
        self.madrid.activity(day("2025-11-14"), ind="IND-1")
        self.madrid.add(peer.event("close", u=MADRID, quarter=Q4))
        self.miami.activity(day("2025-12-31"), ind="IND-1")
        self.boston.activity(day("2026-01-01"), ind="IND-1")
        for device in (self.houston, self.madrid, self.miami, self.boston):
            self.hub.sync(device)
        self.hub.stop()  # what was heard of whom is written

    def ask(self, *args):
        return json.loads(self.hub.command("completeness", "2025-Q4", "--json", *args))

    def test_each_unit_is_in_one_of_five_states(self):
        answer = self.ask()
        states = {u["unit"]: u["state"] for u in answer["units"]}
        self.assertEqual([states[u] for u in (HOUSTON, MADRID, "con-miami", "con-boston",
                                              "emb-tokio")],
                         ["closed_zero", "closed", "reporting", "nothing", "unknown"])
        houston = next(u for u in answer["units"] if u["unit"] == HOUSTON)
        self.assertEqual((houston["zero"], houston["nothing_to_do"]),
                         (["IND-1"], ["IND-5", "IND-6"]))
        self.assertEqual(answer["totals"], {"closed": 1, "closed_zero": 1, "reporting": 1,
                                            "nothing": 1, "unknown": 137, "units": 141})

    def test_zero_beside_entries_is_told(self):
        self.houston.activity(day("2025-11-14"), ind="IND-1")
        self.hub.start()
        self.hub.sync(self.houston)
        self.hub.stop()
        houston = next(u for u in self.ask()["units"] if u["unit"] == HOUSTON)
        self.assertEqual(only([houston], "state", "zero", "contradicted", "conflict"),
                         [("closed_zero", ["IND-1"], ["IND-1"], False)])
        self.assertIn("declared zero, and entries count: IND-1",
                      self.hub.command("completeness", "2025-Q4"))

    def test_groups_add_up_to_all_units(self):
        for by, count in (("kind", 4), ("country", None), ("area", 23)):
            answer = self.ask("--by", by)
            if count:
                self.assertEqual(len(answer["groups"]), count)
            for group in (answer["totals"], *answer["groups"]):
                self.assertEqual(sum(group[s] for s in STATES), group["units"])
            for column in (*STATES, "units"):
                self.assertEqual(sum(g[column] for g in answer["groups"]),
                                 answer["totals"][column])

    def test_reminders_are_of_those_who_have_not_closed(self):
        rows = self.ask("--reminders")["units"]
        self.assertEqual(len(rows), 139)
        self.assertEqual([r for r in only(rows, "unit", "state") if r[0] in
                          (HOUSTON, MADRID, "con-miami")], [("con-miami", "reporting")])
        text = self.hub.command("completeness", "2025-Q4", "--reminders")
        self.assertRegex(text, r"emb-tokio .* unknown: no device")
        self.assertIn("141 units: closed 1, closed with zero 1, reporting 1, nothing reported 1, "
                      "unknown 137", text)

    def test_at_a_past_moment_it_follows_from_the_entries(self):
        self.hub.command("cut", "then", "--period", "2025-Q4")
        answer = self.ask("--at", "then")
        states = {u["unit"]: u["state"] for u in answer["units"]}
        self.assertEqual([states[u] for u in (HOUSTON, MADRID, "con-miami", "con-boston",
                                              "emb-tokio")],
                         ["closed_zero", "closed", "reporting", "unknown", "unknown"])
        self.assertEqual((answer["totals"]["reporting"], answer["totals"]["unknown"]), (1, 138))
        self.assertRegex(self.hub.command("completeness", "2025-Q4", "--at", "then"),
                         "con-boston .* unknown: nothing had come by then")

    def test_a_quarter_that_is_none_is_an_error(self):
        for quarter, error in (("2025-Q5", "'2025-Q5' is no quarter"), ("Q4", "is no quarter"),
                               ("2199-Q4", "2199-Q4 has not begun"),
                               ("2022-Q4", "quarters 2023-Q1 to 2026-Q4, not of 2022-Q4")):
            done = run("valija-hub", "completeness", quarter, "--home", self.hub.home, status=65)
            self.assertIn(error, done.stderr)
        self.assertIn("which quarter?", run("valija-hub", "completeness", "--home", self.hub.home,
                                            status=64).stderr)


if __name__ == "__main__":
    unittest.main()
