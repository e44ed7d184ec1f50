#!/usr/bin/python3
"""Levels: recorded at a device by quarter, carried, merged as registers, and turned
into percentages: the worked examples of each accumulation, with real programs."""

import json
import unittest

from programs import PLAN, Agent, Case, Hub, free_endpoint, run

HOUSTON, MADRID = "con-houston", "con-madrid"


def indicator(code, accumulation, goal, targets, baseline=None, **more):
    return {"code": code, "name": "Ejemplo " + code, "accumulation": accumulation,
            "baseline": baseline, "baseline_included": accumulation in
            ("capacidad", "stock", "reduccion", "reduccion-anual"),
            "goal": goal, "by": "level", "links": [],
            "targets": {str(year): n for year, n in targets.items()}, **more}


INDICATORS = [
    indicator("SUM", "acumulado", 2000, {2023: 500, 2024: 500, 2025: 500, 2026: 500}, 1958),
    indicator("CAP", "capacidad", 142, {2023: 129, 2024: 133, 2025: 138, 2026: 142}, 127),
    indicator("FLOW", "flujo", 130000, {2023: 100000, 2024: 110000, 2025: 120000, 2026: 130000}),
    indicator("STOCK", "stock", 127, {2024: 127}),
    indicator("RED", "reduccion", 20, {2023: 37, 2024: 34}, 40),
    indicator("RED-A", "reduccion-anual", 20, {2024: 30}),
]


class LevelCase(Case):
    def setUp(self):
        super().setUp()
        with open(PLAN, encoding="utf-8") as f:
            document = json.load(f)
        document["indicators"] += INDICATORS
        plan = self.path("plan.json")
        with open(plan, "w", encoding="utf-8") as f:
            json.dump(document, f, ensure_ascii=False)
        self.endpoint = free_endpoint()
        self.office = Hub(self.path("hub"), plan=plan, bind=self.endpoint)
        self.addCleanup(self.office.stop)
        self.office.start()
        self.houston = self.agent(HOUSTON)
        self.houston.sync()  # brings the plan

    def agent(self, *units, name=None):
        return Agent(self.path(name or units[0]), self.office, self.endpoint, *units)

    def tell(self, agent, code, *levels):
        for quarter, n in levels:
            agent.record("--indicator", code, "--quarter", quarter, "--level", n)

    def figures(self, code, cutoff):
        state = self.office.ask("state", "--cutoff", cutoff)
        return next(i for i in state["indicators"] if i["code"] == code)

    def check(self, code, cutoff, **wanted):
        found = self.figures(code, cutoff)
        self.assertEqual({key: found[key] for key in wanted}, wanted)
        return found

    def refused(self, words, *args, status=65):
        before = self.houston.status()["tip"]
        done = run("valija", "record", *args, "--home", self.houston.home, status=status)
        self.assertIn(words, done.stderr)
        self.assertEqual(self.houston.status()["tip"], before)


class Formulas(LevelCase):
    def test_acumulado(self):
        self.tell(self.houston, "SUM", ("2023-Q2", 200), ("2023-Q4", 230), ("2024-Q1", 520),
                  ("2025-Q1", 200), ("2025-Q2", 60))
        self.houston.sync()
        self.check("SUM", "2023-12-31", year_percent=86.0)
        self.check("SUM", "2024-12-31", year_percent=104.0, term_percent=47.5)
        self.check("SUM", "2025-06-30", to_date_percent=96.8, term_percent=60.5,
                   due_percent=62.5, gap_points=-2.0, light="green")

    def test_capacidad(self):
        self.tell(self.houston, "CAP", ("2024-Q4", 131), ("2025-Q2", 134))
        self.houston.sync()
        self.check("CAP", "2024-12-31", value=131, year_percent=66.7, term_percent=26.7)
        self.check("CAP", "2025-06-30", value=134, to_date_percent=82.4)
        self.check("CAP", "2024-09-30", value=127, to_date_percent=None, light="no_data")

    def test_flujo(self):
        self.tell(self.houston, "FLOW", ("2024-Q1", 40000), ("2024-Q2", 59000))
        self.houston.sync()
        self.check("FLOW", "2024-12-31", value=99000, year_percent=90.0, term_percent=76.2)

    def test_stock(self):
        self.tell(self.houston, "STOCK", ("2024-Q4", 125))
        self.houston.sync()
        self.check("STOCK", "2024-12-31", year_percent=98.4)

    def test_reduccion(self):
        self.tell(self.houston, "RED", ("2024-Q3", 30))
        self.houston.sync()
        self.check("RED", "2024-12-31", year_percent=166.7, term_percent=50.0)
        self.tell(self.houston, "RED", ("2024-Q4", 43))
        self.houston.sync()
        self.check("RED", "2024-12-31", term_percent=-15.0, light="red")

    def test_reduccion_anual(self):
        self.tell(self.houston, "RED-A", ("2023-Q4", 36), ("2024-Q4", 33))
        self.houston.sync()
        self.check("RED-A", "2024-12-31", year_percent=50.0, term_percent=None)

    def test_units_add_up_and_the_last_one_is_carried_forward(self):
        madrid = self.agent(MADRID)
        self.tell(self.houston, "STOCK", ("2023-Q4", 60), ("2024-Q2", 70))
        self.tell(madrid, "STOCK", ("2024-Q1", 50))
        self.houston.sync()
        madrid.sync()
        self.check("STOCK", "2023-12-31", value=60)
        self.check("STOCK", "2024-03-31", value=110)
        self.check("STOCK", "2024-04-01", value=120)  # from the first day of the quarter
        rows = self.office.ask("counts", "STOCK", "--by", "unit,quarter")
        self.assertEqual([(r["unit"], r["quarter"], r["value"]) for r in rows["rows"]],
                         [(HOUSTON, "2023-Q4", 60), (HOUSTON, "2024-Q2", 70),
                          (MADRID, "2024-Q1", 50)])
        self.assertEqual(rows["total"], 120)
        rows = self.office.ask("counts", "STOCK", "--by", "year")
        self.assertEqual([(r["year"], r["value"]) for r in rows["rows"]], [(2023, 60), (2024, 120)])


class Recording(LevelCase):
    def test_what_is_wrong_is_said_in_one_go_and_nothing_is_recorded(self):
        level = ("--indicator", "STOCK", "--quarter", "2024-Q2", "--level", "5")
        self.refused("did you mean STOCK?", "--indicator", "STOC", *level[2:])
        self.refused("no level is told for this indicator", "--indicator", "IND-1", *level[2:])
        self.refused("quarters are written YYYY-QN", *level[:2], "--quarter", "2024-Q5", *level[4:])
        self.refused("outside the period of the plan", *level[:2], "--quarter", "2022-Q4",
                     *level[4:])
        self.refused("outside the period of the plan", *level[:2], "--quarter", "2199-Q4", *level[4:])
        self.refused("a whole number from 0 to 1000000000000", *level[:4], "--level", "-1")
        self.refused("a whole number from 0 to", *level[:4], "--level", "1.5")
        self.refused("the level must be given", *level[:4])
        self.refused("the quarter must be given", *level[:2], *level[4:])
        self.refused("a level has none", *level, "--quantity", "2")
        self.refused("an activity has none", *level, "--date", "2024-05-05")
        self.refused("--key: a level needs none", *level, "--key", "x", status=64)

    def test_a_quarter_has_one_level_that_is_corrected_and_taken_out(self):
        level = ("--indicator", "STOCK", "--quarter", "2024-Q2")
        ref = self.houston.record(*level, "--level", "5")
        self.assertEqual(self.houston.record(*level, "--level", "5"), ref)
        self.refused("entry 1 says 5 for that quarter already; 'valija correct 1 --level 6",
                     *level, "--level", "6")
        self.houston.valija("correct", "1", "--level", "6", "--why", "counted again")
        self.refused("entry 2 says 6", *level, "--level", "7")
        done = run("valija", "correct", "1", "--quarter", "2024-Q3", "--why", "x", "--home",
                   self.houston.home, status=65)
        self.assertIn("a level stays that of its indicator and quarter", done.stderr)
        self.houston.sync()
        self.check("STOCK", "2024-12-31", value=6)
        self.houston.valija("void", "2", "--why", "of another office")
        self.refused("entry 3 has taken out what was told of that quarter", *level, "--level", "7")
        self.houston.sync()
        self.assertEqual(self.figures("STOCK", "2024-12-31")["value"], None)
        self.houston.valija("correct", "3", "--level", "0", "--why", "it was ours")
        self.houston.sync()
        self.check("STOCK", "2024-12-31", value=0)
        shown = json.loads(self.houston.valija("show", "4", "--json"))
        self.assertEqual((shown["quarter"], shown["level"]), ("2024-Q2", 0))
        self.assertIn("2024-Q2", self.houston.valija("list"))
        self.assertIn("2024-Q2", self.office.command("show", ref))
        self.assertIn("2024-Q2", self.office.command("events"))

    def test_two_devices_that_tell_apart_are_a_conflict_counted_once(self):
        other = self.agent(HOUSTON, name="other")
        self.tell(self.houston, "STOCK", ("2024-Q2", 5))
        self.tell(other, "STOCK", ("2024-Q2", 8))
        self.houston.sync()
        other.sync()
        state = self.office.state()
        self.assertEqual(state["conflicts"], 1)
        self.assertIn(self.figures("STOCK", "2024-12-31")["value"], (5, 8))
        self.assertEqual(state["events"]["counted"], 1)

    def test_without_a_plan_it_is_recorded_and_the_hub_judges(self):
        fresh = self.agent(HOUSTON, name="fresh")
        fresh.record("--indicator", "IND-1", "--quarter", "2024-Q2", "--level", "5")
        fresh.sync()
        self.assertEqual([h["reason"] for h in self.office.ask("held")["held"]], ["indicator"])


if __name__ == "__main__":
    unittest.main()
