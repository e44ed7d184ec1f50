#!/usr/bin/python3
"""One whole way of an entry, from "record" and "import" to the hub's answers, under valgrind:
no program reads what it never wrote, writes beside what it owns, or loses memory."""

import os
import shutil
import unittest

from bad_link import TEST_BIN
from programs import BIN, HERE, PLAN, Agent, Case, Daemon, Hub, free_endpoint, run

VALGRIND = shutil.which("valgrind")
FAULT = 99  # no program of ours ends with that
MEMCHECK = ("--quiet", "--error-exitcode=%d" % FAULT, "--leak-check=full",
            "--errors-for-leak-kinds=definite,indirect,possible")
DATA = os.path.join(HERE, "../data/import/plain.csv")
UNIT = "con-houston"
WATCHED = {**os.environ, "LD_PRELOAD": os.path.join(TEST_BIN, "small_map.so")}
SECONDS = 120  # each command has; it takes a few


def sanitized():
    """Whether the programs watch themselves: valgrind cannot run those."""
    with open(os.path.join(BIN, "valija"), "rb") as f:
        return b"__asan_init" in f.read() or b"__tsan_init" in f.read()


@unittest.skipUnless(VALGRIND, "SKIPPED: valgrind is not installed")
class Valgrind(Case):
    def setUp(self):
        super().setUp()
        if sanitized():
            self.skipTest("SKIPPED: these programs have sanitizers")

    def watched(self, program, *args):
        """Its standard output; any finding fails."""
        return run(VALGRIND, *MEMCHECK, os.path.join(BIN, program), *args, seconds=SECONDS,
                   env=WATCHED).stdout

    def test_an_entry_from_record_to_the_hub(self):
        endpoint = free_endpoint()
        hub = Hub(self.path("hub"), plan=PLAN, bind=endpoint)
        agent = Agent(self.path("agent"), hub, endpoint, UNIT)
        home = ("--home", agent.home)
        daemon = Daemon(self.path("hub.log"), VALGRIND, *MEMCHECK, os.path.join(BIN, "valija-hubd"),
                        "run", "--home", hub.home, env=WATCHED)
        self.addCleanup(daemon.stop)
        self.assertEqual(daemon.line(SECONDS), "listening on " + endpoint)

        first = self.watched("valija", "record", "--indicator", "IND-1", "--date", "2025-11-14",
                             "--quantity", "2", "--place", "Houston", *home)
        self.assertRegex(first, "^[A-Z2-7]{8}-1\n$")
        self.watched("valija", "import", DATA, "--unit", UNIT, *home)
        self.watched("valija-agent", "sync", "--timeout-ms", SECONDS * 1000, *home)
        self.watched("valija", "status", *home)
        state = self.watched("valija-hub", "state", "--home", hub.home)
        self.assertIn("IND-1", state)
        self.assertEqual(daemon.stop(), 0, daemon.said())
        self.assertEqual(hub.state()["events"],
                         {"counted": 5, "held": 0, "dated_ahead": 0})  # and one is planned


if __name__ == "__main__":
    unittest.main()
