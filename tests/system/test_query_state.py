#!/usr/bin/python3
"""valija-hub state: the consolidated state of the plan."""

import unittest

from programs import run
from query import HOUSTON, MADRID, QueryCase

TARGETS = {"2023": 500, "2024": 500, "2025": 500, "2026": 500}


class State(QueryCase):
    def start(self, **changes):
        self.hub = self.hub(plan=self.plan(**changes))
        return self.hub

    def indicator(self, code, *args):
        state = self.hub.ask("state", *args)
        return next(i for i in state["indicators"] if i["code"] == code)

    def test_a_sum_with_targets_is_the_worked_example(self):
        hub = self.start(IND_1={"targets": TARGETS})
        self.records(hub, HOUSTON, ("2023-05-01", {"qty": 430}), ("2024-12-31", {"qty": 500}),
                     ("2025-06-30", {"qty": 260}), ("2025-07-01", {"qty": 9000}))
        self.records(hub, MADRID, ("2024-01-01", {"qty": 20}), ("2024-01-01", {"qty": 7,
                                                                              "status": "planned"}))
        told = self.indicator("IND-1", "--cutoff", "2025-06-30")
        self.assertEqual(told, {
            "code": "IND-1", "name": told["name"], "accumulation": "acumulado", "baseline": 1958,
            "goal": 2000, "value": 1210, "term_percent": 60.5, "year": 2025, "year_target": 500,
            "year_percent": 52.0, "to_date_percent": 96.8, "due_percent": 62.5,
            "gap_points": -2.0, "light": "green", "why": {}})
        self.assertIn("Consulados móviles", told["name"])
        text = hub.command("state", "--json", "--cutoff", "2025-06-30")
        self.assertIn('"year_percent": 52.0,', text)
        self.assertIn('"to_date_percent": 96.8,', text)
        events = hub.ask("state", "--cutoff", "2025-06-30")["events"]
        self.assertEqual(events, {"counted": 4, "held": 0, "dated_ahead": 1})

    def test_without_events_it_is_no_data_and_never_0(self):
        self.start()
        sums = self.indicator("IND-1")
        self.assertIsNone(sums["value"])
        self.assertEqual(sums["light"], "no_data")
        self.assertEqual(sums["why"], {"value": "no_data", "term_percent": "no_data",
                                       "year_target": "no_target", "year_percent": "no_data",
                                       "to_date_percent": "no_data", "due_percent": "no_data",
                                       "gap_points": "no_data"})
        level = self.indicator("IND-2")
        self.assertEqual(level["value"], 127)
        self.assertEqual(level["why"]["value"], "baseline_only")
        self.assertIsNone(level["term_percent"])
        self.assertIsNone(self.indicator("IND-5")["baseline"])

    def test_without_targets_it_is_no_target(self):
        hub = self.start()
        self.records(hub, HOUSTON, ("2025-11-14", {}))
        told = self.indicator("IND-1")
        self.assertEqual((told["value"], told["term_percent"], told["light"], told["year"]),
                         (1, 0.1, "no_target", 2026))
        self.assertEqual(told["why"], {"year_target": "no_target", "year_percent": "no_target",
                                       "to_date_percent": "no_target", "due_percent": "no_target",
                                       "gap_points": "no_target"})

    def test_it_tells_plan_cut_off_and_digest(self):
        hub = self.start()
        state = hub.ask("state", "--cutoff", "2025-Q2")
        self.assertEqual(list(state), ["plan", "cutoff", "digest", "events",
                                       "conflicts", "indicators", "at"])
        self.assertEqual(state["plan"], {"code": "PEI-2023-2026", "version": 1})
        self.assertEqual(state["cutoff"], "2025-06-30")
        for name in ("set", "state"):
            self.assertRegex(state["digest"][name], "^[0-9a-f]{64}$")

    def test_the_answer_is_the_same_when_the_hub_does_not_run(self):
        hub = self.start()
        self.records(hub, HOUSTON, ("2025-11-14", {"place": "Katy"}), ("2019-01-01", {}))
        questions = [("state",), ("counts", "IND-1", "--by", "unit,month"), ("held",), ("events",),
                     ("units",)]
        running = [hub.ask(*q) for q in questions]
        hub.stop()
        self.assertEqual([hub.ask(*q) for q in questions], running)

    def test_people_read_code_name_and_words(self):
        hub = self.start(IND_1={"targets": TARGETS})
        self.records(hub, HOUSTON, ("2023-05-01", {"qty": 430}))
        text = hub.command("state", "--cutoff", "2023-12-31")
        self.assertRegex(text, r"IND-1 Consulados móviles.* 430 +2000 +21\.5 % +86\.0 % +86\.0 % "
                               r"+green\n")
        self.assertRegex(text, r"IND-2 .*\* 127 ")
        self.assertIn("* the baseline only", text)
        self.assertIn("Cut-off 2023-12-31", text)
        self.assertIn(hub.ask("state", "--cutoff", "2023-12-31")["digest"]["state"], text)

    def test_it_speaks_spanish(self):
        hub = self.start()
        text = run("valija-hub", "state", "--home", hub.home, "--cutoff", "2025-12-31",
                   env={"LANG": "es_CO.UTF-8"}).stdout
        for words in ("Corte 2025-12-31", "sin dato", "solo la línea base", "META"):
            self.assertIn(words, text)

    def test_a_cut_off_that_is_none_is_refused_and_says_what_is_wanted(self):
        hub = self.start()
        for wrong in ("2025-02-30", "2025-Q5", "hoy", ""):
            said = run("valija-hub", "state", "--home", hub.home, "--cutoff", wrong, status=64)
            self.assertIn("2025-11-14", said.stderr)
            self.assertEqual(said.stdout, "")

    def test_a_home_that_is_none_is_one_clear_line(self):
        for name in ("state", "units", "held", "events", "counts IND-1", "show ABCD2345-1",
                     "plan show"):
            said = run("valija-hub", *name.split(), "--home", self.path("nothing"), status=66)
            self.assertIn(self.path("nothing"), said.stderr)
            self.assertEqual(said.stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
