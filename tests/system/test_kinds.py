#!/usr/bin/python3
"""Every kind of progress: recorded with real programs, told again by the hub, corrected,
taken out; written by two devices apart, and settled; what is wrong is said."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
import unittest

import peer
from device import HOME_TOOL
from programs import BIN, Agent, Case, Hub, free_endpoint, run

HOUSTON = "con-houston"
PROJECT = "202300000000088"
AMOUNTS = ("--appropriated", "5.000.000", "--committed", "3.000.000", "--obligated", "2.000.000",
           "--paid", "1.500.000")


class KindsCase(Case):
    def setUp(self):
        super().setUp()
        self.endpoint = free_endpoint()
        self.office = Hub(self.path("hub"), bind=self.endpoint)
        self.addCleanup(self.office.stop)
        self.office.start()
        self.first = self.agent("first")

    def agent(self, name):
        agent = Agent(self.path(name), self.office, self.endpoint, HOUSTON)
        agent.sync()  # brings the plan
        return agent

    def ref(self, *words, agent=None, **other):
        return (agent or self.first).valija(*words, **other).strip()

    def refused(self, said, *words, status=65, agent=None):
        agent = agent or self.first
        before = agent.status()["tip"]
        done = run("valija", *words, "--home", agent.home, status=status)
        self.assertIn(said, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(agent.status()["tip"], before)
        return done.stderr

    def event(self, ref):
        return self.office.ask("show", ref)

    def outcomes(self):
        return {e["ref"]: e["outcome"] for e in self.office.ask("events")["events"]}

    def evidence(self, ref):
        path = self.path(ref + ".evidence")
        self.office.command("show", ref, "--evidence", path)
        return path


class Recording(KindsCase):
    def test_each_kind_reaches_the_hub_as_it_was_told(self):
        proof = self.path("acta.pdf")
        with open(proof, "w", encoding="utf-8") as f:
            f.write("acta")
        refs = {
            "thing": self.ref("thing", "in", "emb-nairobi-2", "--indicator", "IND-2", "--date",
                              "2025-03-01", "--name", "Embajada en Nairobi"),
            "progress": self.ref("progress", "COM-1", "--quarter", "2025-Q1", "--percent", "62,55",
                                 "--text", "va bien", "--evidence", proof),
            "budget": self.ref("budget", PROJECT, "--quarter", "2025-Q1", *AMOUNTS),
            "close": self.ref("close", "2025-Q1", "--zero", "IND-3", "--nothing-to-do", "IND-5",
                              "IND-4"),
        }
        self.first.sync()
        told = {kind: self.event(ref)["event"] for kind, ref in refs.items()}
        wanted = {
            "thing": {"way": "in", "thing": "emb-nairobi-2", "name": "Embajada en Nairobi",
                      "date": "2025-03-01"},
            "progress": {"commitment": "COM-1", "percent": 62.55, "note": "va bien",
                         "quarter": "2025-Q1"},
            "budget": {"project": PROJECT, "appropriated": 5000000, "committed": 3000000,
                       "obligated": 2000000, "paid": 1500000},
            "close": {"zero": ["IND-3"], "nothing_to_do": ["IND-4", "IND-5"]},
        }
        for kind, keys in wanted.items():
            self.assertEqual({key: told[kind][key] for key in keys}, keys)
            self.assertEqual(told[kind]["kind"], kind)
            own = json.loads(self.first.valija("show", refs[kind], "--json"))
            self.assertEqual({key: own[key] for key in keys}, keys)
        self.assertEqual([e["name"] for e in told["progress"]["evidences"]], ["acta.pdf"])
        self.assertEqual(set(self.outcomes().values()), {"counted"})
        for text in (self.first.valija("list"), self.office.command("events")):
            for words in ("in emb-nairobi-2", "62.55 %", "2.000.000/5.000.000", "closed", "COM-1",
                          PROJECT):
                self.assertIn(words, text)
        self.assertIn("Percent: 62.55 %", self.office.command("show", refs["progress"]))
        self.assertIn("Appropriated: 5.000.000", self.office.command("show", refs["budget"]))

    def test_what_the_plan_refuses_is_recorded_with_force_and_held(self):
        day = ("--date", "2025-03-01")
        quarter = ("--quarter", "2025-Q1")
        cases = [
            ("indicator", ("thing", "in", "x", "--indicator", "IND-1", *day)),
            ("date", ("thing", "in", "y", "--indicator", "IND-2", "--date", "2019-03-01")),
            ("initiative", ("progress", "9.9.99", "--initiative", *quarter, "--percent", "1")),
            ("commitment", ("progress", "COM-99", "--commitment", *quarter, "--percent", "1")),
            ("risk", ("progress", "R-1", "--risk", *quarter, "--percent", "1")),
            ("project", ("budget", "123", *quarter, *AMOUNTS)),
            ("indicator", ("close", "2025-Q1", "--zero", "IND-99")),
        ]
        for _, words in cases:
            self.refused("with --force it is, and the hub keeps it without counting it", *words)
        for _, words in cases:
            self.ref(*words, "--force")
        self.first.sync()
        self.assertEqual([h["reason"] for h in self.office.ask("held")["held"]],
                         [reason for reason, _ in cases])

    def test_what_is_wrong_is_said_and_what_would_be_right(self):
        quarter = ("--quarter", "2025-Q1")
        self.refused("did you mean IND-2?", "thing", "in", "x", "--indicator", "IND2", "--date",
                     "2025-03-01")
        self.refused("in or out is wanted", "thing", "inn", "x", "--indicator", "IND-2", "--date",
                     "2025-03-01")
        self.refused("--name holds what people call it", "thing", "in", "Embajada X", "--indicator",
                     "IND-2", "--date", "2025-03-01")
        self.refused("did you mean COM-1, a commitment?", "progress", "COM1", *quarter, "--percent",
                     "5")
        for percent in ("100.01", "62.555", "-1", "x", "1.", "101"):
            self.refused("a number from 0 to 100 is wanted", "progress", "COM-1", *quarter,
                         "--percent=" + percent)
        self.refused("say how far it has come", "progress", "COM-1", *quarter)
        self.refused("the quarter must be given", "progress", "COM-1", "--percent", "5")
        for amount, said in (("1,234", "thousands or a decimal"), ("-1", "not below 0"),
                             ("1.234,50", "whole pesos are wanted"), ("12.34", "whole pesos"),
                             ("1234.567", "an amount in whole pesos"),
                             ("9999999999999999", "too much")):
            self.refused(said, "budget", PROJECT, *quarter, "--appropriated=" + amount, *AMOUNTS[2:])
        self.refused("all four amounts must be given", "budget", PROJECT, *quarter, *AMOUNTS[:6])
        self.refused("did you mean 202300000000088", "budget", "20230000000088", *quarter, *AMOUNTS)
        self.refused("not both", "close", "2025-Q1", "--zero", "IND-3", "--nothing-to-do", "IND-3")
        fresh = Agent(self.path("fresh"), self.office, self.endpoint, HOUSTON)  # has no plan
        self.refused("it can be closed from 2199-10-01 on", "close", "2199-Q3", agent=fresh)
        self.refused("this quarter has not begun", "progress", "COM-1", "--commitment", "--quarter",
                     "2199-Q3", "--percent", "5", agent=fresh)
        self.refused("quarters are written YYYY-QN", "close", "2025")
        self.refused("there is no command 'level': 'valija record --level'", "level", "IND-2",
                     status=64)

    def test_one_fault_is_told_once(self):
        for words in (("close", "2199-Q3"),
                      ("progress", "COM-1", "--quarter", "2199-Q3", "--percent", "1")):
            error = self.refused("outside the period of the plan", *words)
            self.assertEqual(error.count("2199-Q3: "), 1, error)
            self.assertIn("the hub keeps it without counting it", error)

    def test_a_budget_that_does_not_add_up_counts_and_stays_marked(self):
        done = run("valija", "budget", PROJECT, "--quarter", "2025-Q1", "--appropriated", "1",
                   "--committed", "2", "--obligated", "3", "--paid", "4", "--home", self.first.home)
        doubts = ["more is committed than appropriated", "more is obligated than committed",
                  "more is paid than obligated"]
        self.first.sync()
        ref = done.stdout.strip()
        for doubt in doubts:
            self.assertIn("warning: %s: %s" % (PROJECT, doubt), done.stderr)
            self.assertIn(doubt, self.first.valija("show", ref))
            self.assertIn(doubt, self.office.command("show", ref))
        self.assertIn(doubts[0], self.first.valija("list"))
        self.assertEqual(self.event(ref)["event"]["doubts"], doubts)
        self.assertEqual(self.outcomes(), {ref: "counted"})

    def on_terminal(self, columns, *words):
        """The lines that a terminal of so many columns is sent."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        env = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
        with subprocess.Popen([os.path.join(BIN, "valija"), *words, "--home", self.first.home],
                              stdin=subprocess.DEVNULL, stdout=theirs, env=env) as running:
            os.close(theirs)
            text = b""
            try:
                while part := os.read(ours, 65536):
                    text += part
            except OSError:  # the other end is closed
                pass
            os.close(ours)
            self.assertEqual(running.wait(30), 0)
        return text.decode().splitlines()

    def test_the_list_fits_a_terminal(self):
        self.ref("budget", PROJECT, "--quarter", "2025-Q1", "--appropriated", "1", "--committed",
                 "2", "--obligated", "3", "--paid", "4")
        self.first.record("--indicator", "IND-1", "--date", "2025-01-01", "--place",
                          "Biblioteca Central de Houston, sala de lectura", "--mode",
                          "sabado-consular")
        lines = self.on_terminal(80, "list")
        self.assertEqual([line for line in lines if len(line) > 80], [])
        self.assertIn("more is committed than appropriated", " ".join(lines))

    def test_people_read_kinds_in_their_language(self):
        self.ref("budget", PROJECT, "--quarter", "2025-Q1", *AMOUNTS)
        self.first.record("--indicator", "IND-1", "--date", "2025-01-01", "--status", "planned")
        spanish = {"env": {**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": "es"}}
        shown = [self.first.valija("show", str(seq), **spanish) for seq in (1, 2)]
        for text, word, code in ((shown[0], "presupuesto", "budget"),
                                 (shown[1], "programado", "planned")):
            self.assertIn(word, text)
            self.assertIn(word, self.first.valija("list", **spanish))
            self.assertIn('"%s"' % code, self.first.valija("list", "--json", **spanish))

    def test_a_quarter_is_told_once(self):
        told = ("progress", "COM-1", "--quarter", "2025-Q1", "--percent", "60")
        ref = self.ref(*told, "--text", "va")
        self.assertEqual(self.ref(*told), ref)
        self.refused("entry 1 says 60 % for that quarter already; 'valija correct 1 --percent 61 "
                     "--why TEXT' changes it", *told[:-1], "61")
        self.refused("entry 1 says 60 % for that quarter already; 'valija correct 1 --text TEXT",
                     *told, "--text", "otro")
        budget = ("budget", PROJECT, "--quarter", "2025-Q1", *AMOUNTS)
        ref = self.ref(*budget)
        self.assertEqual(self.ref(*budget), ref)
        self.refused("'valija correct 2 --paid 7 --why TEXT' changes it", *budget[:-1], "7")

    def test_closing_says_what_is_here(self):
        for day in ("2025-01-31", "2025-03-31", "2025-04-01"):
            self.first.record("--indicator", "IND-1", "--date", day)
        self.first.valija("void", "2", "--why", "x")
        done = run("valija", "close", "2025-Q1", "--zero", "IND-1", "--home", self.first.home)
        self.assertIn("this device has 1 entry of con-houston in 2025-Q1", done.stderr)
        self.assertIn("IND-1 is declared zero, and 1 of them is of it", done.stderr)
        self.assertEqual(self.ref("close", "2025-Q1", "--zero", "IND-1"), done.stdout.strip())
        self.refused("entry 5 has closed that quarter already", "close", "2025-Q1", "--zero",
                     "IND-3")
        self.ref("correct", "5", "--why", "one more came in")  # complete anew

    def test_things_that_go_out_are_known_or_asked_about(self):
        def said(key):
            return run("valija", "thing", "out", key, "--indicator", "IND-2", "--date",
                       "2025-05-01", "--home", self.first.home).stderr
        self.assertIn("did you mean emb-argel?", said("emb-argell"))
        self.assertEqual(said("emb-argel"), "")
        self.ref("thing", "in", "emb-new", "--indicator", "IND-2", "--date", "2025-03-01")
        self.assertEqual(said("emb-new"), "")

    def test_without_a_plan_the_hub_judges(self):
        fresh = Agent(self.path("fresh"), self.office, self.endpoint, HOUSTON)
        self.refused("there is no plan here yet", "progress", "COM-1", "--quarter", "2025-Q1",
                     "--percent", "5", agent=fresh)
        ref = self.ref("progress", "COM-1", "--commitment", "--quarter", "2025-Q1", "--percent", "5",
                       agent=fresh)
        fresh.sync()
        self.assertEqual(self.outcomes(), {ref: "counted"})


class Correcting(KindsCase):
    def test_what_is_typed_changes_and_all_else_stays(self):
        self.ref("thing", "in", "emb-x", "--indicator", "IND-2", "--date", "2025-03-01", "--name",
                 "X", "--note", "n")
        self.ref("budget", PROJECT, "--quarter", "2025-Q1", *AMOUNTS)
        self.ref("close", "2025-Q1", "--zero", "IND-3", "IND-5")
        refs = [self.ref("correct", "1", "--thing", "emb-y", "--date", "2025-04-01", "--why", "w"),
                self.ref("correct", "2", "--paid", "2.000.000", "--why", "w"),
                self.ref("correct", "3", "--zero", "IND-4", "--why", "w")]
        self.first.sync()
        thing, budget, close = [self.event(ref)["event"] for ref in refs]
        self.assertEqual((thing["thing"], thing["date"], thing["name"], thing["note"]),
                         ("emb-y", "2025-04-01", "X", "n"))
        self.assertEqual((budget["paid"], budget["obligated"]), (2000000, 2000000))
        self.assertEqual(close["zero"], ["IND-4"])
        self.assertEqual([self.outcomes()[ref] for ref in refs], ["counted"] * 3)

    def test_a_kind_and_a_register_stay(self):
        self.ref("progress", "COM-1", "--quarter", "2025-Q1", "--percent", "5")
        self.refused("progress has none: it is one initiative", "correct", "1", "--quantity", "3",
                     "--why", "w")
        self.first.record("--indicator", "IND-1", "--date", "2025-01-01")
        for words in (("--percent", "30"), ("--way", "in"), ("--level", "3")):
            self.refused("%s %s: an activity has none: it is" % words, "correct", "2", *words,
                         "--why", "w")
        self.refused("is told by --quarter and --level together", "record", "--indicator", "IND-1",
                     "--date", "2025-01-01", "--level", "3")
        self.refused("progress stays that of its item and quarter", "correct", "1", "--quarter",
                     "2025-Q2", "--why", "w")
        self.refused("nothing to correct", "correct", "1", "--percent", "5.00", "--why", "w")
        self.refused("the reason must be given", "correct", "1", "--percent", "6")

    def test_what_was_taken_out_is_brought_back(self):
        told = ("progress", "COM-1", "--quarter", "2025-Q1", "--percent", "5")
        self.ref(*told)
        self.ref("void", "1", "--why", "w")
        self.refused("entry 2 has taken out what was told of that quarter; 'valija correct 2 "
                     "--percent 5 --why TEXT' brings it back", *told)
        ref = self.ref("correct", "2", "--percent", "7", "--why", "w")
        self.first.sync()
        self.assertEqual(self.outcomes()[ref], "counted")


class Locked(KindsCase):
    """What the standing of a device says of quarters that the office has locked."""

    def lock(self, *texts):
        path = self.path("standing")
        with open(path, "wb") as f:
            f.write(peer.pack({"conflicts": [], "held": [], "heldn": 0, "locks": list(texts),
                               "remarks": [], "v": 1}))
        subprocess.run([HOME_TOOL, "standing", self.first.home, path, "9"], check=True, timeout=30)

    def test_a_locked_quarter_wants_a_reason(self):
        self.lock("2025-Q1", "2024-Q4: closed by resolution 17")
        told = (("record", "--indicator", "IND-1", "--date", "2025-03-31"),
                ("progress", "COM-1", "--quarter", "2025-Q1", "--percent", "5"),
                ("thing", "in", "emb-x", "--indicator", "IND-2", "--date", "2024-12-31"),
                ("close", "2024-Q4"))
        for words in told:
            self.refused("say why this comes late", *words)
        for words in told:
            self.ref(*words, "--why", "it came late")
        self.ref("progress", "COM-2", "--quarter", "2025-Q1", "--percent", "5", "--force")
        self.ref("progress", "COM-2", "--quarter", "2025-Q2", "--percent", "5")
        self.assertEqual(json.loads(self.first.valija("show", "1", "--json"))["why"], "it came late")
        self.assertIn("locked by the office: 2025-Q1", self.first.valija("status"))
        rows = self.path("rows.csv")
        with open(rows, "w", encoding="utf-8") as f:
            f.write("indicator,date,why\nIND-1,2025-01-01,\nIND-1,2025-01-02,late\n")
        error = self.refused("say why this comes late", "import", rows)
        self.assertIn("rows to put right: 1 of 2", error)
        self.first.valija("import", rows, "--why", "the file was lost")


class Late(KindsCase):
    """What was recorded before this device heard of the lock is held, and lacks a reason."""

    def setUp(self):
        super().setUp()
        self.told = ("progress", "COM-1", "--quarter", "2025-Q1", "--percent", "40")
        self.first.record("--indicator", "IND-1", "--date", "2025-03-01")
        self.ref(*self.told)
        self.office.command("lock", "2025-Q1")
        self.first.sync()
        self.assertEqual(self.first.status()["held"], 2)

    def test_the_reason_is_given(self):
        text = self.first.valija("status")
        for seq in (1, 2):
            self.assertIn("'valija correct %d --why TEXT' gives the reason" % seq, text)
        self.assertNotIn("takes it out", text)
        refs = [self.ref("correct", "1", "--why", "it came late"),
                self.ref(*self.told, "--why", "it came late")]
        self.assertEqual([ref.split("-")[1] for ref in refs], ["3", "4"])
        self.refused("nothing to correct: entry 1 says just that", "correct", "1", "--why", "again")
        self.assertEqual(self.ref(*self.told, "--why", "again"), refs[1])
        self.first.sync()
        self.assertEqual(self.first.status()["held"], 0)
        self.assertEqual([self.outcomes()[ref] for ref in refs], ["counted"] * 2)
        self.refused("nothing to correct", "correct", "3", "--why", "again")

    def test_what_replaces_it_may_be_held_too(self):
        self.ref("correct", "1", "--indicator", "IND-99", "--force", "--why", "w")
        self.assertIn("replaced by 3, which the hub has not judged yet", self.first.valija("status"))
        self.first.sync()
        self.assertEqual(self.first.status()["held"], 3)
        text = self.first.valija("status")
        self.assertIn("replaced by 3, which is held, too", text)
        self.assertIn("'valija void' takes it out", text)


class Importing(KindsCase):
    FILES = {
        "thing": ("indicador;llave;sentido;fecha;nombre\n"
                  "IND-2;emb-x;abre;2025-03-01;Embajada X\n"
                  "IND-2;emb-argel;cierra;2025-04-01;\n"),
        "level": "indicator,quarter,level\nIND-2,2025-Q1,7\n",
        "progress": ("compromiso;iniciativa;trimestre;porcentaje;texto\n"
                     "COM-1;;2025-Q1;62,5;va\n;1.1.01;2025-Q1;;empieza\n"),
        "budget": ("bpin;trimestre;apropiado;comprometido;obligado;pagado\n" + PROJECT +
                   ";2025-Q1;5.000.000;3.000.000;2.000.000;1.500.000\n"),
        "close": "quarter;zero;nothing-to-do\n2025-Q1;IND-3 IND-4;IND-5\n",
    }

    def write(self, content):
        path = self.path("rows.csv")
        with open(path, "w", encoding="utf-8") as f:
            f.write(content)
        return path

    def load(self, kind, content=None, *more):
        told = self.first.valija("import", self.write(content or self.FILES[kind]), "--kind", kind,
                                 "--json", *more)
        return {key: json.loads(told)[key] for key in ("rows", "recorded", "known")}

    def test_each_kind_is_taken_once(self):
        for kind, content in self.FILES.items():
            rows = content.count("\n") - 1
            force = ("--force",) if kind == "level" else ()  # things feed all indicators of this
            self.assertEqual(self.load(kind, content, "--dry-run", *force),
                             {"rows": rows, "recorded": rows, "known": 0})
            self.assertEqual(self.load(kind, content, *force),
                             {"rows": rows, "recorded": rows, "known": 0})
            self.assertEqual(self.load(kind, content, *force),
                             {"rows": rows, "recorded": 0, "known": rows})
        # also what was typed is known
        self.assertEqual(self.ref("progress", "COM-1", "--quarter", "2025-Q1", "--percent", "62.5")
                         .split("-")[1], "4")
        self.first.sync()
        told = self.office.ask("events")["events"]
        self.assertEqual([(e["kind"], e["says"]) for e in told if e["kind"] != "level"],
                         [("thing", "in emb-x"), ("thing", "out emb-argel"),
                          ("progress", "62.5 %"), ("progress", "a text"),
                          ("budget", "2.000.000/5.000.000"), ("close", "closed")])
        self.assertEqual({e["outcome"] for e in told if e["kind"] != "level"}, {"counted"})

    def test_what_was_told_otherwise_is_no_new_row(self):
        self.load("budget")
        rows = self.FILES["budget"]
        file = self.write(rows.replace("1.500.000", "1.400.000"))
        self.refused("line 2: something else was told of this already; 'valija correct 1 --paid "
                     "1400000 --why TEXT' changes it", "import", file, "--kind", "budget")
        self.ref("void", "1", "--why", "w")
        self.refused("was taken out; 'valija correct 2 --appropriated 5000000", "import",
                     self.write(rows), "--kind", "budget")
        more = rows.splitlines()[1].replace("Q1", "Q2")
        file = self.write(rows.splitlines()[0] + "\n" + more + "\n" +
                          more.replace("3.000.000", "4.000.000") + "\n")
        self.refused("line 3: line 2 is about the same and says something else", "import", file,
                     "--kind", "budget")

    def test_what_is_wrong_is_told_by_line_and_column(self):
        self.refused('none is "way"', "import", self.write("indicator,thing,date\n"), "--kind",
                     "thing")
        self.refused("no column says of what it is", "import", self.write("quarter,percent\n"),
                     "--kind", "progress")
        error = self.refused(
            "line 2, column 4 (porcentaje): '101': a number from 0 to 100", "import",
            self.write(self.FILES["progress"].replace("62,5", "101")), "--kind", "progress")
        self.assertIn("rows to put right: 1 of 2", error)
        error = self.refused("line 2, column 3 (sentido): 'de lado': not known", "import",
                             self.write(self.FILES["thing"].replace("abre", "de lado")), "--kind",
                             "thing")
        self.assertEqual(error.count("line 2"), 1, error)
        self.refused("a thing has none", "import",
                     self.write(self.FILES["thing"].replace("nombre", "percent")), "--kind", "thing")
        self.refused("did you mean progress?", "import", self.write(""), "--kind", "progres",
                     status=64)


class Elsewhere(KindsCase):
    """Entries of another device, from the file that the hub wrote."""

    def setUp(self):
        super().setUp()
        self.second = self.agent("second")
        self.theirs = self.ref("budget", PROJECT, "--quarter", "2025-Q1", *AMOUNTS)
        self.first.sync()

    def counted(self):
        return [ref for ref, outcome in self.outcomes().items() if outcome == "counted"]

    def correct(self, *words, agent=None):
        return self.ref("correct", self.theirs, "--from", self.evidence(self.theirs), "--why", "w",
                        *words, agent=agent or self.second)

    def test_is_corrected_and_corrected_again(self):
        self.refused("'valija-hub show %s --evidence FILE'" % self.theirs, "correct", self.theirs,
                     "--paid", "1", "--why", "w", agent=self.second)
        one = self.correct("--paid", "1")
        self.second.sync()
        self.assertEqual(self.counted(), [one])
        two = self.correct("--obligated", "1.999.999")  # goes on from the one before
        self.second.sync()
        self.assertEqual(self.counted(), [two])
        told = self.event(two)["event"]
        self.assertEqual((told["paid"], told["obligated"], told["committed"]),
                         (1, 1999999, 3000000))
        self.assertEqual(self.office.state()["conflicts"], 0)
        # from now on the quarter is known here, too
        self.refused("entry 2 says 1.999.999/5.000.000 for that quarter already", "budget", PROJECT,
                     "--quarter", "2025-Q1", *AMOUNTS, agent=self.second)

    def test_is_taken_out_and_brought_back(self):
        self.ref("void", self.theirs, "--from", self.evidence(self.theirs), "--why", "w",
                 agent=self.second)
        self.second.sync()
        self.assertEqual(self.counted(), [])
        self.refused("to bring it back name that one, with its file", "correct", "1", "--paid", "2",
                     "--why", "w", agent=self.second)

        # the entry or what took it out, and both files
        taken = "%s-1" % self.second.status()["device"]
        self.refused("give the file of that entry as well", "correct", taken, "--from",
                     self.evidence(taken), "--paid", "2", "--why", "w", agent=self.agent("third"))
        ref = self.ref("correct", "1", "--from", self.evidence(self.theirs), "--paid", "2", "--why",
                       "w", agent=self.second)
        self.second.sync()
        self.assertEqual(self.counted(), [ref])
        self.assertEqual(self.office.state()["conflicts"], 0)

    def test_what_the_office_took_out_is_brought_back(self):
        office = self.office_device()
        theirs, paid = self.theirs, iter("123456789")
        for agent, named in ((self.first, "entry"), (self.first, "void"), (self.second, "entry"),
                             (self.second, "void")):
            void = self.ref("void", theirs, "--from", self.evidence(theirs), "--why", "w",
                            agent=office)
            office.sync()
            self.assertEqual(self.counted(), [])
            files = [word for ref in (theirs, void) for word in ("--from", self.evidence(ref))]
            if agent is self.second:
                self.refused("void already", "void", theirs, *files, "--why", "w", agent=agent)
            ref = self.ref("correct", theirs if named == "entry" else void, *files, "--paid",
                           next(paid), "--why", "it is right", agent=agent)
            agent.sync()
            self.assertEqual(self.counted(), [ref])
            self.assertEqual(self.office.state()["conflicts"], 0)
            theirs = ref

    def test_a_file_that_was_changed_is_refused(self):
        path = self.evidence(self.theirs)
        with open(path, "r+b") as f:
            f.seek(-100, os.SEEK_END)  # in the signature
            byte = f.read(1)
            f.seek(-100, os.SEEK_END)
            f.write(bytes([byte[0] ^ 1]))
        words = ("correct", self.theirs, "--from", path, "--paid", "1", "--why", "w")
        self.refused("its seal does not hold", *words, agent=self.second)
        with open(path, "w", encoding="utf-8") as f:
            f.write("x")
        self.refused("this is no evidence", *words, agent=self.second)
        self.refused("there is no such file", "correct", self.theirs, "--from", self.path("none"),
                     "--why", "w", status=66, agent=self.second)
        self.refused("none of the files given with --from is of", "correct",
                     self.theirs[:-1] + "9", "--from", self.evidence(self.theirs), "--why", "w",
                     agent=self.second)

    def test_two_that_wrote_apart_are_settled(self):
        ours = self.ref("budget", PROJECT, "--quarter", "2025-Q1", *AMOUNTS[:-1], "1.400.000",
                        agent=self.second)
        self.second.sync()
        self.assertEqual(self.office.state()["conflicts"], 1)
        self.assertIn("in conflict", self.second.valija("list"))
        self.refused("there is nothing to settle", "settle", ours, "--why", "w", agent=self.second)
        ref = self.ref("settle", self.theirs, ours, "--from", self.evidence(self.theirs), "--why",
                       "theirs is right", agent=self.second)
        self.second.sync()
        self.assertEqual(self.office.state()["conflicts"], 0)
        self.assertEqual(self.counted(), [ref])
        self.assertEqual(self.event(ref)["event"]["paid"], 1500000)

    def test_versions_of_two_entries_are_not_settled(self):
        other = self.ref("budget", PROJECT, "--quarter", "2025-Q2", *AMOUNTS, agent=self.second)
        self.refused("are no versions of one entry", "settle", self.theirs, other, "--from",
                     self.evidence(self.theirs), "--why", "w", agent=self.second)

    def test_the_office_settles_what_belongs_together(self):
        office = self.office_device()
        third = Agent(self.path("third"), self.office, self.endpoint, "con-madrid")
        third.sync()
        refs = {name: self.ref(*words, agent=agent) for name, words, agent in (
            ("paid", ("budget", PROJECT, "--quarter", "2025-Q1", *AMOUNTS[:-1], "7"), self.second),
            ("late", ("budget", PROJECT, "--quarter", "2025-Q2", *AMOUNTS), self.second),
            ("madrid", ("budget", PROJECT, "--quarter", "2025-Q1", *AMOUNTS[:-1], "8"), third),
            ("done", ("record", "--indicator", "IND-1", "--date", "2025-01-01"), self.second),
        )}
        self.second.sync()
        third.sync()
        files = [word for ref in (self.theirs, *refs.values())
                 for word in ("--from", self.evidence(ref))]

        def settle(*words):
            return ("settle", *words, *files, "--why", "w")
        for name in ("late", "done"):
            self.refused("are no versions of one entry", *settle(self.theirs, refs[name]),
                         agent=office)
        self.refused("of con-houston and %s of con-madrid" % refs["madrid"],
                     *settle(self.theirs, refs["madrid"]), agent=office)
        self.refused("is named twice", *settle(self.theirs, self.theirs), agent=office)
        self.ref(*settle(self.theirs, refs["paid"]), agent=office)
        self.ref(*settle(refs["paid"], refs["madrid"], "--force"), agent=office)
        last = self.ref(*settle(refs["madrid"], refs["paid"], "--force"), agent=office)
        office.sync()
        self.assertEqual(self.office.state()["conflicts"], 0)
        self.assertIn(last, self.counted())

    def test_what_was_settled_is_settled_again(self):
        """Entries with no key of their own, of which the second one is named first now."""
        office = self.office_device()
        day = ("--indicator", "IND-1", "--date", "2025-01-01")
        first = self.first.record(*day)
        self.first.sync()
        sides = []
        for agent, quantity in ((self.second, "2"), (self.agent("third"), "3")):
            sides.append(self.ref("correct", first, "--from", self.evidence(first), "--quantity",
                                  quantity, "--why", "w", agent=agent))
            agent.sync()
        self.assertEqual(self.office.state()["conflicts"], 1)
        files = [word for ref in sides for word in ("--from", self.evidence(ref))]
        for right in (sides, sides[::-1]):
            ref = self.ref("settle", *right, *files, "--why", "w", agent=office)
            office.sync()
            self.assertEqual(self.office.state()["conflicts"], 0)
            self.assertIn(ref, self.counted())
        ref = self.ref("correct", sides[1], "--from", self.evidence(sides[1]), "--quantity", "9",
                       "--why", "w", agent=office)
        office.sync()
        self.assertEqual(self.office.state()["conflicts"], 0)
        self.assertIn(ref, self.counted())

    def office_device(self):
        home = self.path("office")
        out = run("valija-agent", "init", "--home", home, "--role", "office", "--hub", self.endpoint,
                  "--hub-key", self.office.pub).stdout
        self.office.enroll(os.path.join(home, "request"), out.split()[-1], "--role", "office")
        agent = Agent.__new__(Agent)
        agent.home = home
        agent.sync()
        return agent

    def test_a_device_of_the_office_corrects_and_hands_back(self):
        office = self.office_device()
        ref = self.correct("--paid", "7", agent=office)
        other = self.first.record("--indicator", "IND-1", "--date", "2025-01-01")
        self.first.sync()
        done = run("valija", "return", other, "--from", self.evidence(other), "--why",
                   "¿qué día fue?", "--home", office.home)
        self.assertEqual(done.stderr, "")
        office.sync()
        self.assertEqual(sorted(self.counted()), sorted([ref, other]))
        self.first.sync()
        self.assertEqual(self.first.status()["remarks"], ["%s: ¿qué día fue?" % other])
        self.refused("--why: the reason must be given", "return", other, "--from",
                     self.evidence(other), agent=office)

    def test_a_remark_of_who_is_no_office_is_held(self):
        words = ("return", self.theirs, "--from", self.evidence(self.theirs), "--why",
                 "which date?")
        self.refused("only the office says this", *words, status=78, agent=self.second)
        self.ref(*words, "--force", agent=self.second)
        self.second.sync()
        self.assertEqual([h["reason"] for h in self.office.ask("held")["held"]], ["right"])

    def test_of_another_unit_nothing_is_replaced_unless_forced(self):
        madrid = Agent(self.path("madrid"), self.office, self.endpoint, "con-madrid")
        madrid.sync()
        words = (self.theirs, "--from", self.evidence(self.theirs), "--why", "w")
        for command in (("correct", "--paid", "1"), ("void",)):
            self.refused("this device reports for con-madrid only", command[0], *words, *command[1:],
                         agent=madrid)
        self.ref("void", *words, "--force", agent=madrid)
        madrid.sync()
        self.assertEqual(self.counted(), [self.theirs])
        madrid.sync()
        self.assertEqual(madrid.status()["held"], 1)
        text = madrid.valija("status")
        self.assertIn("held: ", text)
        self.assertNotIn("takes it out", text)  # it has no right to that, either

    def test_the_remark_of_the_office_stands_beside_the_entry(self):
        self.office.command("return", self.theirs, "--why", "¿y el contrato?")
        self.first.sync()
        self.assertIn("returned by the office", self.first.valija("list"))
        self.assertIn("¿y el contrato?", self.first.valija("show", "1"))
        shown = json.loads(self.first.valija("show", "1", "--json"))
        self.assertEqual(shown["remark"], "¿y el contrato?")


if __name__ == "__main__":
    unittest.main()
