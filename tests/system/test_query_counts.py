#!/usr/bin/python3
"""valija-hub counts: an indicator or initiative by any keys."""

import csv
import io
import unittest

from programs import run
from query import BILBAO, HOUSTON, MADRID, QueryCase, only


class Counts(QueryCase):
    def setUp(self):
        super().setUp()
        self.hub = self.hub()

    def fill(self):
        """By hand: IND-1 done 1 + 2 + 3 at Houston, 4 at Madrid."""
        self.records(self.hub, HOUSTON,
                     ("2023-03-31", {"qty": 1, "mode": "consulado-movil",
                                     "count": {"attended": 180, "procedures": 220},
                                     "group": {"ACT-1": 90}}),
                     ("2025-10-01", {"qty": 2, "mode": "consulado-movil", "country": "MX"}),
                     ("2025-12-31", {"qty": 3, "count": {"attended": 20}}),
                     ("2026-03-01", {"qty": 50, "status": "planned"}))
        self.records(self.hub, MADRID,
                     ("2025-11-14", {"qty": 4, "mode": "sabado-consular"}),
                     ("2025-11-15", {"qty": 60, "status": "cancelled"}))

    def rows(self, *args):
        return self.hub.ask("counts", *args)["rows"]

    def test_rows_have_the_keys_asked_for_with_their_names(self):
        self.fill()
        told = self.hub.ask("counts", "IND-1", "--by", "unit,quarter")
        self.assertEqual((told["code"], told["cutoff"], told["total"]), ("IND-1", "2026-12-31", 10))
        self.assertEqual([list(row) for row in told["rows"]],
                         [["unit", "unit_name", "quarter", "value", "programmed"]] * 3)
        self.assertEqual(only(told["rows"], "unit", "quarter", "value"),
                         [(HOUSTON, "2023-Q1", 1), (HOUSTON, "2025-Q4", 5), (MADRID, "2025-Q4", 4)])
        self.assertEqual(told["rows"][0]["unit_name"], "Consulado de Colombia en Houston")
        self.assertEqual(only(self.rows("IND-1", "--by", "year"), "year", "value"),
                         [(2023, 1), (2025, 9)])
        self.assertEqual(only(self.rows("IND-1", "--by", "month"), "month", "value"),
                         [("2023-03", 1), ("2025-10", 2), ("2025-11", 4), ("2025-12", 3)])
        self.assertEqual(only(self.rows("IND-1", "--by", "country"), "country", "country_name",
                              "value"),
                         [("ES", "España", 4), ("MX", "México", 2), ("US", "Estados Unidos", 4)])
        self.assertEqual(only(self.rows("IND-1", "--by", "mode"), "mode", "mode_name", "value"),
                         [(None, None, 3), ("consulado-movil", "Consulado móvil", 3),
                          ("sabado-consular", "Sábado consular", 4)])

    def test_without_keys_there_is_one_row(self):
        self.assertEqual(self.rows("IND-1"), [{"value": 0}])
        self.fill()
        self.assertEqual(self.rows("IND-1"), [{"value": 10}])
        self.assertEqual(self.rows("2.1.05"), [{"value": 10}])  # the plan links it

    def test_units_and_days_narrow_it(self):
        self.fill()
        self.assertEqual(self.hub.total("IND-1", "--unit", MADRID), 4)
        self.assertEqual(self.hub.total("IND-1", "--unit", MADRID, "--unit", HOUSTON), 10)
        self.assertEqual(self.hub.total("IND-1", "--unit", "%s,%s,%s" % (MADRID, BILBAO, MADRID)), 4)
        self.assertEqual(self.hub.total("IND-1", "--from", "2025-10-01", "--to", "2025-11-14"), 6)
        self.assertEqual(self.hub.total("IND-1", "--from", "2025-10-02", "--to", "2025-11-13"), 0)
        self.assertEqual(self.hub.total("IND-1", "--from", "2025-11", "--to", "2025-Q4"), 7)
        self.assertEqual(self.hub.total("IND-1", "--cutoff", "2025-11-14"), 7)
        self.assertEqual(self.hub.total("IND-1", "--cutoff", "2024"), 1)

    def test_what_is_not_done_is_counted_apart(self):
        self.fill()
        self.assertEqual(self.hub.total("IND-1", "--status", "planned"), 50)
        self.assertEqual(self.hub.total("IND-1", "--status", "cancelled"), 60)
        self.assertEqual(self.hub.total("IND-1", "--status", "moved"), 0)

    def test_secondary_counts_and_actors(self):
        self.fill()
        self.assertEqual(self.hub.total("IND-1", "--count", "attended"), 200)
        self.assertEqual(self.hub.total("IND-1", "--count", "procedures"), 220)
        self.assertEqual(self.hub.total("2.1.05", "--group", "ACT-1"), 90)
        told = self.hub.ask("counts", "IND-1", "--count", "attended", "--by", "year")
        self.assertEqual(only(told["rows"], "year", "value"), [(2023, 180), (2025, 20)])
        self.assertEqual(told["count"], "attended")

    def test_csv_is_for_spreadsheets(self):
        self.fill()
        text = self.hub.command("counts", "IND-1", "--by", "country,year", "--csv")
        rows = list(csv.reader(io.StringIO(text, newline="")))
        self.assertEqual(rows, [["country", "country_name", "year", "value"],
                                ["ES", "España", "2025", "4"], ["MX", "México", "2025", "2"],
                                ["US", "Estados Unidos", "2023", "1"],
                                ["US", "Estados Unidos", "2025", "3"]])
        self.assertNotIn("\r", text)

    def test_tables_have_names_and_a_total(self):
        self.fill()
        text = self.hub.command("counts", "IND-1", "--by", "unit", "--cutoff", "2026-12-31")
        self.assertIn("IND-1  Consulados móviles", text)
        self.assertRegex(text, r"con-houston +Consulado de Colombia en Houston +6\n")
        self.assertIn("Total: 10 (activities done, up to the cut-off, 2026-12-31)\n", text)
        text = self.hub.command("counts", "IND-6", "--by", "unit", "--cutoff", "2026-12-31")
        self.assertTrue(text.endswith("No activities done up to the cut-off, 2026-12-31.\n"))
        self.assertNotIn("UNIT", text)

    def test_a_wrong_code_is_answered_with_the_nearest(self):
        for args, near in ((("IND-11",), "IND-1"), (("2.3.2",), "2.3.02"),
                           (("IND-1", "--unit", "con-huston"), "con-houston"),
                           (("IND-1", "--count", "atended"), "attended"),
                           (("IND-1", "--group", "ACT1"), "ACT-1"),
                           (("IND-1", "--by", "unit,quater"), "quarter"),
                           (("IND-1", "--status", "canceled"), "cancelled")):
            said = run("valija-hub", "counts", *args, "--home", self.hub.home, status=None)
            self.assertIn(said.returncode, (64, 65), args)
            self.assertIn("did you mean '%s'?" % near, said.stderr)
            self.assertEqual(said.stdout, "")

    def test_what_cannot_be_is_refused(self):
        for args in ((), ("IND-1", "IND-2"), ("IND-1", "--by", "unit,unit"), ("IND-1", "--by", ""),
                     ("IND-1", "--from", "2025-12-01", "--to", "2025-11-30"),
                     ("IND-1", "--from", "2025-02-29"), ("IND-1", "--json", "--csv"),
                     ("IND-1", "--count", "attended", "--group", "ACT-1")):
            said = run("valija-hub", "counts", *args, "--home", self.hub.home, status=64)
            self.assertEqual(said.stdout, "", args)


if __name__ == "__main__":
    unittest.main()
