"""The commands that README.md tells a newcomer to type work as they stand."""

import os
import re
import shlex
import subprocess
import unittest

from programs import BIN, HERE, Case, Daemon, free_endpoint

ROOT = os.path.join(HERE, "../..")
ADDRESS = "tcp://127.0.0.1:5570"


def commands():
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        section = re.search(r"^## Five minutes by hand\n(.*?)^## ", f.read(), re.M | re.S)[1]
    return re.findall(r"^    (.+)$", section, re.M)


class Readme(Case):
    def type_in(self, line, *more):
        """One line as typed in the folder of the checkout, whose programs are
        those under test; returns what it printed."""
        words = [*shlex.split(line.replace(ADDRESS, self.endpoint)), *more]
        words[0] = os.path.join(BIN, words[0])
        done = subprocess.run(words, cwd=self.path(), capture_output=True, text=True, timeout=30,
                              stdin=subprocess.DEVNULL, check=False)
        self.assertEqual(done.returncode, 0, (line, done.stdout, done.stderr))
        return done.stdout

    def test_the_five_minutes_by_hand(self):
        self.endpoint = free_endpoint()
        lines = commands()
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
            if name == "valija-hub show":
                line = line.replace("REF", printed["valija record"].strip())
            printed[name] = self.type_in(line, *more)
        self.assertIn("1 entry acknowledged; 0 pending", printed["valija-agent sync"])
        self.assertRegex(printed["valija-hub state"], r"IND-1 .* 1 2000 ")
        self.assertRegex(printed["valija-hub counts"], r"con-houston .* 2025-Q4 +1\n")
        self.assertIn("Dallas TX", printed["valija-hub show"])


if __name__ == "__main__":
    unittest.main()
