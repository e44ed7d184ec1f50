#!/usr/bin/python3
"""What the planning office adds to the plan, with real programs: who may report what,
targets by quarter and unit, actions and weights."""

import json
import unittest

from programs import PLAN, Agent, Case, Hub, free_endpoint, run

HOUSTON, MADRID = "con-houston", "con-madrid"
IND = ("--indicator", "IND-1")
LEVEL = {"code": "LEVEL", "name": "Plazas", "accumulation": "stock", "baseline": None,
         "baseline_included": False, "goal": 90, "by": "level", "targets": {}, "links": [],
         "unit_targets": {HOUSTON: {"2025-Q1": 3, "2025-Q2": 0}}}


class OfficePlan(Case):
    def setUp(self):
        super().setUp()
        self.endpoint = free_endpoint()
        self.office = Hub(self.path("hub"), plan=self.plan(1, reporting=[
            {"code": "IND-1", "units": [MADRID], "kinds": ["embassy"]},
            {"code": "2.3.02", "kinds": ["area"]},
            {"code": "LEVEL", "units": [MADRID]}]), bind=self.endpoint)
        self.addCleanup(self.office.stop)
        self.office.start()
        self.houston = self.agent(HOUSTON)
        self.houston.sync()  # brings the plan

    def agent(self, unit, name=None):
        return Agent(self.path(name or unit), self.office, self.endpoint, unit)

    def plan(self, version, **more):
        """The ministry's plan with all that an office may add: its path."""
        with open(PLAN, encoding="utf-8") as f:
            document = json.load(f)
        ind = next(i for i in document["indicators"] if i["code"] == "IND-1")
        ind["targets"] = {"2025": 100}
        ind["quarter_targets"] = {"2025-Q1": 5, "2025-Q2": 5, "2025-Q3": 30, "2025-Q4": 60}
        ind["unit_targets"] = {HOUSTON: {"2025": 8, "2025-Q1": 2},
                               MADRID: {"2025-Q2": 3, "2025-Q4": 1}}
        document["indicators"].append(LEVEL)
        document["actions"] = [
            {"code": "PA-1", "name": "Jornadas", "initiative": "2.1.05", "year": 2025,
             "responsible": "area-america", "weight": 4000, "budget": 12345678},
            {"code": "PA-2", "name": "Equipos", "initiative": "2.1.05", "year": 2025,
             "responsible": HOUSTON, "weight": 6000, "purchases": "Línea 12",
             "indicator": "IND-1"}]
        document["risks"] = [{"code": "R-1", "name": "Sin equipos", "kind": "operativo",
                              "initiatives": ["2.1.05"], "controls": ["Inventario"]}]
        document.update(version=version, **more)
        path = self.path("plan-%d.json" % version)
        with open(path, "w", encoding="utf-8") as f:
            json.dump(document, f, ensure_ascii=False)
        return path

    def held(self):
        return [(h["unit"], h["reason"]) for h in self.office.ask("held")["held"]]


class Reporting(OfficePlan):
    def test_what_a_unit_may_not_report_is_told_held_and_counts_when_the_plan_lets_it(self):
        madrid = self.agent(MADRID)
        madrid.sync()
        done = run("valija", "record", *IND, "--date", "2025-11-15", "--home", self.houston.home,
                   status=65)
        self.assertIn("only other units report this, not con-houston", done.stderr)
        done = run("valija", "record", "--indicator", "LEVEL", "--quarter", "2025-Q1", "--level",
                   "4", "--home", self.houston.home, status=65)
        self.assertIn("only other units report this", done.stderr)
        self.assertEqual(self.houston.status()["tip"]["seq"], 0)

        ref = self.houston.record(*IND, "--date", "2025-11-15", "--force")
        self.houston.record("--indicator", "LEVEL", "--quarter", "2025-Q1", "--level", "4",
                            "--force")
        self.houston.record("--initiative", "2.1.05", "--date", "2025-11-15")
        madrid.record(*IND, "--initiative", "2.1.05", "--date", "2025-11-16", "--quantity", "2")
        self.houston.sync()
        madrid.sync()
        self.assertEqual(self.held(), [(HOUSTON, "reporter"), (HOUSTON, "reporter")])
        self.assertEqual(self.office.total("IND-1"), 2)
        self.assertEqual(self.office.total("2.1.05"), 3)
        said = self.office.command("show", ref)
        self.assertIn("the plan lets only other units report this", said)
        self.assertIn("IND-1", said)

        self.houston.sync()  # the unit reads why
        self.assertEqual([h["reason"] for h in self.houston.status()["held_entries"]],
                         ["reporter", "reporter"])

        path = self.plan(2, reporting=[{"code": "IND-1", "kinds": ["consulate"]}])
        self.office.command("plan load", path)
        self.assertEqual(self.held(), [])
        self.assertEqual(self.office.total("IND-1"), 3)
        self.assertEqual(self.office.total("LEVEL"), 4)
        self.houston.sync()
        self.houston.record(*IND, "--date", "2025-11-17")
        self.houston.sync()
        self.assertEqual(self.office.total("IND-1"), 4)

    def test_a_device_without_a_plan_records_and_the_hub_judges(self):
        fresh = self.agent(HOUSTON, name="fresh")
        fresh.record("--initiative", "2.3.02", "--date", "2025-11-15")
        fresh.sync()
        self.assertEqual(self.held(), [(HOUSTON, "reporter")])


class Programmed(OfficePlan):
    def setUp(self):
        super().setUp()
        self.office.command("plan load", self.plan(2))
        self.houston.sync()

    def rows(self, code, *args):
        told = self.office.ask("counts", code, *args)
        return [tuple(row[k] for k in row if not k.endswith("_name")) for row in told["rows"]]

    def figures(self, cutoff):
        state = self.office.ask("state", "--cutoff", cutoff)
        return next(i for i in state["indicators"] if i["code"] == "IND-1")

    def test_counts_have_what_is_programmed_beside_them(self):
        self.houston.record(*IND, "--date", "2025-02-15", "--quantity", "3")
        self.houston.record(*IND, "--date", "2024-02-15")
        self.houston.sync()
        self.assertEqual(self.rows("IND-1", "--by", "year"), [(2024, 1, None), (2025, 3, 100)])
        self.assertEqual(self.rows("IND-1", "--by", "unit,year"),
                         [(HOUSTON, 2024, 1, None), (HOUSTON, 2025, 3, 8)])
        self.assertEqual(self.rows("IND-1", "--by", "unit,quarter", "--cutoff", "2025-06-30"),
                         [(HOUSTON, "2024-Q1", 1, None), (HOUSTON, "2025-Q1", 3, 2),
                          (MADRID, "2025-Q2", None, 3)])
        self.assertEqual(self.rows("LEVEL", "--by", "unit,quarter"),  # nobody has told it
                         [(HOUSTON, "2025-Q1", None, 3), (HOUSTON, "2025-Q2", None, 0)])
        text = self.office.command("counts", "IND-1", "--by", "unit,quarter", "--cutoff",
                                   "2025-06-30")
        self.assertRegex(text, r"VALUE +PROGRAMMED\n")
        self.assertRegex(text, r"con-madrid .* 2025-Q2 +3\n")
        text = self.office.command("counts", "IND-6", "--by", "year", "--cutoff", "2026-12-31")
        self.assertNotIn("PROGRAMMED", text)

    def test_the_calendar_has_what_units_are_to_do_in_its_quarters(self):
        told = self.office.ask("calendar", "--from", "2025-06-30", "--to", "2025-10-01")
        self.assertEqual(told["programmed"], [
            {"quarter": "2025-Q2", "unit": MADRID, "indicator": "IND-1", "programmed": 3},
            {"quarter": "2025-Q4", "unit": MADRID, "indicator": "IND-1", "programmed": 1}])
        self.assertEqual(self.office.ask("calendar", "--from", "2025", "--to", "2025", "--unit",
                                         HOUSTON)["programmed"],
                         [{"quarter": "2025-Q1", "unit": HOUSTON, "indicator": "IND-1",
                           "programmed": 2}])
        self.assertEqual(self.office.ask("calendar", "--cutoff", "2024")["programmed"], [])
        text = self.office.command("calendar", "--from", "2025", "--to", "2025")
        self.assertRegex(text, r"2025-Q1 +con-houston +IND-1 +2\n")
        text = self.office.command("calendar", "--from", "2024", "--to", "2024")
        self.assertTrue(text.endswith("2024-12-31.\n"))
        self.assertNotIn("PROGRAMMED", text)

    def test_what_is_due_by_a_date_follows_the_quarters(self):
        self.houston.record(*IND, "--date", "2025-02-15", "--quantity", "3")
        self.houston.sync()
        row = self.figures("2025-03-31")
        self.assertEqual(row["why"]["to_date_percent"], "no_target")  # there is none for 2023
        self.office.command("plan load", self.plan(3, period={"from": "2025-01-01",
                                                              "to": "2026-12-31"}))
        for cutoff, due in (("2025-03-31", 5), ("2025-05-31", 5 + 10 / 3), ("2025-09-30", 40),
                            ("2025-12-31", 100)):
            self.assertEqual(self.figures(cutoff)["to_date_percent"], round(300 / due, 1), cutoff)


class Document(OfficePlan):
    def test_check_show_and_load(self):
        path = self.plan(2)
        said = run("valija-hub", "plan", "check", path).stdout
        self.assertIn("0 errors, 1 note", said)
        shown = run("valija-hub", "plan", "show", path).stdout
        for words in ("weight 40.00 %", "budget $ 12345678", "purchases plan: Línea 12",
                      "class operativo", "by quarter 2025-Q1: 5"):
            self.assertIn(words, shown)
        self.assertNotIn("Who alone", shown)
        self.assertIn("Who alone reports it (3)", self.office.command("plan show"))
        with open(path, encoding="utf-8") as f:
            document = json.load(f)
        self.office.command("plan load", path)  # who reports what may go
        self.assertEqual(json.loads(self.office.command("plan show", "--json")), document)
        path = self.plan(3, actions=[])
        said = run("valija-hub", "plan", "load", path, "--home", self.office.home, status=65)
        self.assertIn("actions PA-1 is missing", said.stderr)


if __name__ == "__main__":
    unittest.main()
