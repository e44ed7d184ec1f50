"""The commands that README.md tells a newcomer to type work as they stand."""

import os
import re
import shlex
import subprocess
import unittest

import peer
import transcript
from programs import BIN, DEADLINE_S, HERE, Agent, Case, Daemon, Hub, free_endpoint, run

ROOT = os.path.join(HERE, "../..")
ADDRESS = "tcp://127.0.0.1:5570"


def section(title):
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        return re.search(r"^## %s\n(.*?)(?=^## |\Z)" % title, f.read(), re.M | re.S)[1]


def commands(title):
    return re.findall(r"^    (.+)$", section(title), re.M)


class Readme(Case):
    def type_in(self, line, *more):
        """One line as typed in the folder of the checkout, whose programs are
        those under test; returns what it printed."""
        words = [*shlex.split(line.replace(ADDRESS, self.endpoint)
                             .replace("$PWD", self.path())), *more]
        words[0] = os.path.join(BIN, words[0])
        done = subprocess.run(words, cwd=self.path(), capture_output=True, text=True, timeout=30,
                              stdin=subprocess.DEVNULL, check=False)
        self.assertEqual(done.returncode, 0, (line, done.stdout, done.stderr))
        return done.stdout

    def test_the_five_minutes_by_hand(self):
        self.endpoint = free_endpoint()
        lines = commands("Five minutes by hand")
        self.assertEqual(lines[:3], ["./dev build", "PATH=$PWD/build/bin:$PATH", "mkdir try"])
        os.mkdir(self.path("try"))
        os.symlink(os.path.join(ROOT, "hub"), self.path("hub"))
        printed = {}
        for line in lines[3:]:
            name = " ".join(line.split()[:2])
            if name == "valija-hub run":
                home = shlex.split(line.rstrip("&"))[-1]
                hub = Daemon(self.path("log"), "valija-hub", "run", "--home", self.path(home))
                self.addCleanup(hub.stop)
                hub.line()
                continue
            more = ()
            if name == "valija-hub enroll":
                more = ("--fingerprint", printed["valija-agent init"].split()[-1])
            if name == "valija-hub --connect":
                name = "asked from elsewhere"
            if name == "valija-hub show":
                line = line.replace("REF", printed["valija record"].strip())
            printed[name] = self.type_in(line, *more)
        self.assertIn("1 entry acknowledged in all; 0 pending", printed["valija-agent sync"])
        self.assertRegex(printed["valija-hub state"], r"IND-1 .* 1 2000 ")
        self.assertEqual(printed["asked from elsewhere"],
                         self.type_in("valija-hub state --home try/hub"))
        self.assertRegex(printed["valija-hub counts"], r"con-houston .* 2025-Q4 +1\n")
        self.assertIn("Dallas TX", printed["valija-hub show"])


class Table(unittest.TestCase):
    def test_it_has_every_command_of_every_program(self):
        rows = re.findall(r"^\| (?:`([a-z-]+)`)? *\| [^|]* \| (.*) \|$",
                          section("Which program does what"), re.M)
        listed, program = {}, None
        for name, cells in rows:
            program = name or program
            listed.setdefault(program, set()).update(re.findall(r"`([a-z ]+)`", cells))
        self.assertEqual(listed, {p: set(self.commands(p))
                                  for p in ("valija", "valija-agent", "valija-hub")})

    def commands(self, *words):
        """Those that --help lists, and in the place of one with commands of its own, these."""
        told = run(*words, "--help").stdout
        for name in re.findall(r"^  ([a-z]+)  ", told.split("\n\n")[1], re.M):
            if " COMMAND " in run(*words, name, "--help").stdout.splitlines()[0]:
                yield from ("%s %s" % (name, one) for one in self.commands(*words, name))
            else:
                yield name


class Quarter(Case):
    """The machines of a quarter of work, each with its home."""

    UNITS = {"houston": "con-houston", "miami": "con-miami", "area": "area-migratorios-consulares"}

    def setUp(self):
        super().setUp()
        hub = Hub(self.path("hub"))
        self.addCleanup(hub.stop)
        hub.start()
        self.homes = {"office": hub.home}
        for who, unit in self.UNITS.items():
            agent = Agent(self.path(who), hub, hub.endpoint, unit)
            agent.sync()  # which brings the plan
            self.homes[who] = agent.home
        devices = [d["device"] for d in hub.ask_plain("devices")["devices"]]
        self.names = transcript.Names([peer.device_name(hub.keys.sign), *devices])

    def type_in(self, step):
        """What the programs print."""
        home = self.homes[step.who]
        done = subprocess.run(["bash", "-c", self.names.typed(step.command)], cwd=self.path(),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=DEADLINE_S, check=False,
                              env={"PATH": BIN + ":" + os.environ["PATH"], "COLUMNS": "100",
                                   "LC_ALL": "C.UTF-8", "TZ": "UTC", "VALIJA_HOME": home,
                                   "VALIJA_HUB_HOME": home})
        return done.stdout.splitlines()

    def test_every_command_prints_what_the_page_shows(self):
        steps = transcript.steps(section("A quarter of work"))
        self.assertGreater(len(steps), 20)
        for step in steps:
            printed = self.type_in(step)
            same = len(printed) == len(step.printed) and all(
                self.names.same(*pair) for pair in zip(step.printed, printed))
            if not same:
                self.fail("%s$ %s\n-- the page shows:\n%s\n-- the run:\n%s" % (
                    step.who, step.command, "\n".join(step.printed), "\n".join(printed)))


if __name__ == "__main__":
    unittest.main()
