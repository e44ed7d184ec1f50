#!/usr/bin/python3
"""valija import, as a consular officer uses it."""

import csv
import json
import os
import re
import subprocess
import unittest

from programs import BIN, HERE, PLAN, Case, run

DATA = os.path.join(HERE, "../data")
DAYS = os.path.join(DATA, "days-published.csv")
TEST_BIN = os.environ.get("VALIJA_TEST_BIN", os.path.join(HERE, "../../build/tests"))

COUNTS = ("rows", "recorded", "known", "incomplete", "other_units")


class Import(Case):
    def home(self, units="con-houston", plan=False, name="home"):
        self.place = self.path(name)
        self.unit = units.split(",")[0]
        self.probes = 0
        self.tool("create", self.place, units)
        if plan:
            self.tool("plan", self.place, PLAN, "1")

    def tool(self, *args):
        subprocess.run([os.path.join(TEST_BIN, "home_tool"), *args], check=True, timeout=30)

    def write(self, content, name="days.csv"):
        with open(self.path(name), "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return self.path(name)

    def load(self, file, *options):
        """The numbers that --json gives."""
        return json.loads(run("valija", "import", file, *options, "--home", self.place,
                              "--json").stdout)

    def refused(self, file, *options, status=65, **other):
        """What is said of a file that is not taken; nothing is stored."""
        before = self.tip()
        done = run("valija", "import", file, *options, "--home", self.place, status=status,
                   **other)
        self.assertEqual(done.stdout, "")
        self.assertEqual(self.tip(), before)
        return done.stderr

    def tip(self):
        """How many are stored, found by storing one more."""
        self.probes += 1
        file = self.write("date,initiative,note\n2025-01-01,2.3.02,probe %d\n" % self.probes,
                          "probe.csv")
        return self.load(file, "--unit", self.unit)["first_seq"] - self.probes

    def numbers(self, told):
        return tuple(told[name] for name in COUNTS)


class Rows(Import):
    def test_each_unit_takes_its_published_days(self):
        with open(DAYS, encoding="utf-8", newline="") as f:
            rows = list(csv.DictReader(f))
        recorded = incomplete = silent = 0
        for unit in sorted({row["site"] for row in rows}):
            mine = [row["date_start"] for row in rows if row["site"] == unit]
            full = [day for day in mine if re.fullmatch(r"\d{4}-\d\d-\d\d", day)]
            self.home(unit, name=unit)
            told = self.load(DAYS, "--unit", unit, "--skip-incomplete")
            self.assertEqual(self.numbers(told), (len(rows), len(full), 0,
                                                  len(mine) - len(full),
                                                  len(rows) - len(mine)), unit)
            recorded += told["recorded"]
            incomplete += told["incomplete"]
            silent += told["recorded"] == 0
        self.assertEqual((len(rows), recorded, incomplete, silent), (23, 18, 5, 4))

    def test_the_numbers_are_told_in_words(self):
        self.home("con-san-francisco")
        done = run("valija", "import", DAYS, "--unit", "con-san-francisco", "--skip-incomplete",
                   "--home", self.place)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "23 rows: 1 recorded, 1 incomplete left out, "
                                   "21 of other units left out, 0 already here")
        self.assertRegex(lines[1], r"^REF [A-Z2-7]{8}-1$")
        self.assertIn("left out: line 10, column 5 (date_start): '2016-02'", done.stderr)

    def test_a_file_is_taken_once(self):
        self.home()
        file = os.path.join(DATA, "import/plain.csv")
        told = self.load(file)
        self.assertEqual(self.numbers(told), (5, 5, 0, 0, 0))
        self.assertEqual((told["first_seq"], told["last_seq"]), (1, 5))
        told = self.load(file)
        self.assertEqual(self.numbers(told), (5, 0, 5, 0, 0))
        self.assertIsNone(told["first_seq"])

    def test_a_longer_file_in_another_order_adds_what_is_new(self):
        self.home()
        with open(os.path.join(DATA, "import/plain.csv"), encoding="utf-8", newline="") as f:
            header, *rows = list(csv.reader(f))
        rows.insert(0, ["2025-08-01", *rows[0][1:]])
        rows.reverse()
        rows.append(rows[-3])  # the second visit once more: a third one
        file = self.path("longer.csv")
        with open(file, "w", encoding="utf-8-sig", newline="") as f:
            csv.writer(f, delimiter=";").writerows([[*row[3:], "", *row[:3]]
                                                    for row in [header, *rows]])
        self.load(os.path.join(DATA, "import/plain.csv"))
        told = self.load(file)
        self.assertEqual(self.numbers(told), (7, 2, 5, 0, 0))
        self.assertEqual((told["first_seq"], told["last_seq"]), (6, 7))
        self.assertEqual(self.load(file)["recorded"], 0)

    def test_again_records_rows_that_are_here(self):
        self.home()
        file = os.path.join(DATA, "import/plain.csv")
        self.assertEqual(self.load(file, "--again")["recorded"], 5)
        self.assertEqual(self.load(file)["recorded"], 0)
        self.assertEqual(self.load(file, "--again", "--dry-run")["recorded"], 5)
        told = self.load(file, "--again")
        self.assertEqual((told["recorded"], told["last_seq"]), (5, 10))
        self.assertEqual(self.load(file, "--again")["last_seq"], 15)
        self.assertEqual(self.load(file)["recorded"], 0)

    def test_again_by_several_at_once_records_for_each(self):
        self.home()
        file = os.path.join(DATA, "import/plain.csv")
        command = [os.path.join(BIN, "valija"), "import", file, "--again", "--json", "--home",
                   self.place]
        several = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(4)]
        told = [json.loads(p.communicate(timeout=30)[0]) for p in several]
        self.assertEqual([t["recorded"] for t in told], [5, 5, 5, 5])
        self.assertEqual(self.load(file)["known"], 5)
        self.assertEqual(self.load(file, "--again")["last_seq"], 25)

    def test_a_dry_run_records_nothing(self):
        self.home()
        file = os.path.join(DATA, "import/plain.csv")
        told = self.load(file, "--dry-run")
        self.assertEqual(self.numbers(told), (5, 5, 0, 0, 0))
        self.assertTrue(told["dry_run"])
        self.assertIsNone(told["first_seq"])
        self.assertEqual(self.load(file)["first_seq"], 1)
        self.assertEqual(self.numbers(self.load(file, "--dry-run")), (5, 0, 5, 0, 0))

    def test_excel_of_a_spanish_office_is_read(self):
        self.home("con-bilbao")
        file = os.path.join(DATA, "import/excel-es.csv")
        self.assertEqual(self.load(file, "--encoding", "windows-1252")["recorded"], 3)
        with open(file, encoding="cp1252", newline="") as f:
            text = f.read()
        again = self.write("\ufeff" + text.replace("\r\n", "\n"))
        self.assertEqual(self.numbers(self.load(again)), (3, 0, 3, 0, 0))

    def test_two_at_once_take_each_row_once(self):
        self.home()
        rows = "".join("2025-01-%02d,IND-1,visit %d\n" % (i % 28 + 1, i) for i in range(3000))
        file = self.write("date,indicator,place\n" + rows)
        running = [subprocess.Popen([os.path.join(BIN, "valija"), "import", file, "--home",
                                     self.place, "--json"], stdout=subprocess.PIPE, text=True)
                   for _ in range(4)]
        told = [json.loads(p.communicate(timeout=60)[0]) for p in running]
        self.assertEqual([p.returncode for p in running], [0] * 4)
        self.assertEqual(sorted(t["recorded"] for t in told), [0, 0, 0, 3000])
        self.assertEqual(sorted(t["known"] for t in told), [0, 3000, 3000, 3000])

    def test_a_killed_import_stored_all_or_nothing(self):
        self.home()
        stored = 0
        for turn in range(12):
            rows = "".join("2025-01-01,IND-1,%d %d\n" % (turn, i) for i in range(4000))
            file = self.write("date,indicator,place\n" + rows)
            process = subprocess.Popen([os.path.join(BIN, "valija"), "import", file, "--home",
                                        self.place], stdout=subprocess.DEVNULL)
            try:
                process.wait(0.01 * turn)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            told = self.load(file)
            self.assertIn(told["known"], (0, 4000))
            stored += 4000
            self.assertEqual(self.load(file, "--again")["last_seq"], stored + 4000)
            stored += 4000

    def test_many_rows_take_seconds(self):
        self.home()
        rows = "".join("2025-01-01,IND-1,%d\n" % i for i in range(100000))
        file = self.write("date,indicator,place\n" + rows)
        self.assertEqual(self.load(file)["recorded"], 100000)
        self.assertEqual(self.load(file)["known"], 100000)


class Faults(Import):
    def test_each_bad_row_is_named_and_nothing_is_stored(self):
        self.home()
        said = self.refused(os.path.join(DATA, "import/faults.csv")).splitlines()
        wanted = [
            "line 3, column 2 (date): '15/03/2025': dates are written YYYY-MM-DD: 2025-03-15",
            "line 4, column 2 (date): '2025-02-29': there is no such day",
            "line 5, column 3 (until): '2025-03-14': the last day is before the first, 2025-03-15",
            "line 6, column 6 (quantity): '1,000': write the number without separators",
            "line 6, column 7 (attended): '2.500': write the number without separators",
            "line 7, column 8 (status): 'hehco': not known; did you mean hecho?",
            "line 7, column 4 (indicator): empty: say what it counts for: an indicator, or "
            "initiatives",
            "line 8, column 1 (unit): 'con-miami': this device does not report for that unit",
            "line 9, column 2 (date): '2025-03': not a full date (YYYY-MM-DD)",
            "line 10: fewer cells than the first line, which has 8",
        ]
        for line in wanted:
            self.assertIn(line, said)
        self.assertTrue(said[-1].endswith("nothing was recorded; rows to put right: 8 of 9"))
        self.assertIn("--skip-incomplete", "".join(said))
        self.assertIn("--unit CODE", "".join(said))

    def test_the_plan_refuses_what_the_hub_would_hold(self):
        self.home(plan=True)
        file = self.write("unit,date,indicator,mode,attended\n"
                          "con-houston,2015-08-22,IND-1,consulado-movil,5\n"
                          "con-houston,2025-08-22,IND-9,consulado-movl,5\n")
        said = self.refused(file)
        self.assertIn("line 2, column 2 (date): '2015-08-22': outside the period of the plan", said)
        self.assertRegex(said, r"line 3, column 3 \(indicator\): 'IND-9': .* mean IND-\d")
        self.assertRegex(said, r"line 3, column 4 \(mode\): 'consulado-movl': .*consulado-movil")
        self.assertIn("--force", said)
        self.assertEqual(self.load(file, "--force")["recorded"], 2)

    def test_what_is_here_already_is_no_bad_row_for_a_plan_that_came_later(self):
        self.home()
        head = "date,indicator,mode\n2015-08-22,IND-1,consulado-movil\n"
        self.assertEqual(self.load(self.write(head))["recorded"], 1)
        self.tool("plan", self.place, PLAN, "1")
        more = self.write(head + "2025-08-23,IND-1,consulado-movil\n")
        totals = self.load(more)
        self.assertEqual((totals["recorded"], totals["known"]), (1, 1))
        self.assertIn("line 2", self.refused(more, "--again"))

    def test_without_a_plan_the_hub_judges(self):
        self.home()
        file = self.write("date,indicator\n2015-08-22,IND-9\n")
        self.assertEqual(self.load(file)["recorded"], 1)

    def test_a_unit_that_there_is_not_is_no_other_unit(self):
        self.home(plan=True)
        file = self.write("unit,date,indicator\ncon-huston,2025-08-22,IND-1\n"
                          "con-miami,2025-08-22,IND-1\n")
        said = self.refused(file, "--unit", "con-houston")
        self.assertIn("line 2, column 1 (unit): 'con-huston': the plan has no such unit; "
                      "did you mean con-houston?", said)
        self.assertNotIn("con-miami", said)

    def test_the_option_names_a_unit_of_the_device(self):
        self.home("con-houston,con-miami")
        said = self.refused(DAYS, "--unit", "con-bilbao")
        self.assertIn("con-houston, con-miami", said)

    def test_files_that_cannot_be_read_are_told(self):
        self.home()
        head = b"date,indicator,note\n"
        cases = [
            (b"", "the file is empty"),
            (head + b"2025-01-01,IND-1,\"x\n2025-01-02,IND-1,y\n",
             "line 2, column 3 (note): 'x': the quotation mark that begins this cell"),
            (head + b"2025-01-01,IND-1," + b"x" * (1 << 20) + b"\n",
             "line 2, column 3 (note): 'xxxx"),
            (head + b"2025-01-01,IND-1," + b"x" * 4001 + b"\n", "too long: at most 4000 bytes"),
            (head + b"2025-01-01,IND-1,Logro\xf1o\n", r"'Logro\xf1o': not UTF-8"),
            (head + b"2025-01-01,IND-1,a\0b\n", "a byte of value 0"),
            ("date,indicator\n".encode("utf-16"), "UTF-16"),
            (b"PK\3\4" + bytes(100), "a workbook"),
            (b"date,indicator,dat\n2025-01-01,IND-1,x\n", "did you mean date?"),
            (b"date,indicator,date\n2025-01-01,IND-1,x\n", "says the same as the column date"),
            (b"indicator,place\nIND-1,x\n", "none is the date"),
        ]
        for content, said in cases:
            self.assertIn(said, self.refused(self.write(content)))

    def test_files_that_are_not_there_are_told(self):
        self.home()
        self.assertIn("no such file", self.refused(self.path("none.csv"), status=66))
        self.refused(self.folder, status=66)

    def test_wrong_usage_is_told(self):
        self.home()
        self.assertIn("ebcdic", self.refused(DAYS, "--encoding", "ebcdic", status=64))
        self.assertIn("one too many", self.refused(DAYS, DAYS, status=64))
        done = run("valija", "import", "--home", self.place, status=64)
        self.assertIn("FILE.csv", done.stderr)

    def test_no_message_is_left_in_english(self):
        self.home(plan=True)
        said = self.refused(os.path.join(DATA, "import/faults.csv"),
                            env={"PATH": "/usr/bin:/bin", "LANG": "es_CO.UTF-8"})
        self.assertIn("línea 3, columna 2 (date): «15/03/2025»", said)
        self.assertIn("no se registró nada", said)
        for word in ("line ", "column ", "the ", "nothing", "rows"):
            self.assertNotIn(word, said)

    def test_line_ends_alone_as_old_macs_wrote_them_are_read(self):
        self.home()
        file = self.write(b"date,indicator\r2025-01-01,IND-1\r2025-01-02,IND-1")
        self.assertEqual(self.load(file)["recorded"], 2)


if __name__ == "__main__":
    unittest.main()
