#!/usr/bin/python3
"""valija-hub lock, locks: what comes late for a closed quarter."""

import datetime
import json
import unittest

from programs import Agent, run
from query import HOUSTON, MADRID, QueryCase, day, only


def quarter_of_today():
    """In Bogotá: its name, and the first day after it."""
    today = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=-5))).date()
    months = today.year * 12 + (today.month - 1) // 3 * 3 + 3
    return ("%d-Q%d" % (today.year, (today.month + 2) // 3),
            datetime.date(months // 12, months % 12 + 1, 1).isoformat())


class Locks(QueryCase):
    def setUp(self):
        super().setUp()
        self.hub = self.hub()
        self.houston = self.records(self.hub, HOUSTON, ("2025-10-01", {"qty": 2}))

    def test_what_comes_late_needs_a_reason(self):
        self.assertIn("No quarter is locked", self.hub.command("locks"))
        digest = self.hub.digest()
        self.assertRegex(self.hub.command("lock", "2025-Q4"), "2025-Q4 is locked, journal at ")
        self.assertEqual(self.hub.digest(), digest)
        self.assertIn("already", self.hub.command("lock", "2025-Q4"))
        self.houston.activity(day("2025-11-01"), ind="IND-1", qty=3)
        self.houston.activity(day("2025-11-02"), ind="IND-1", qty=4, why="minutes came late")
        self.houston.activity(day("2026-01-02"), ind="IND-1", qty=5)
        self.hub.sync(self.houston)
        self.assertEqual(only(self.hub.ask("events")["events"], "outcome", "reason",
                              "restatement"), [
            ("counted", None, False), ("held", "locked", False), ("counted", None, True),
            ("counted", None, False)])
        self.assertEqual(self.hub.total("IND-1"), 11)
        self.assertIn("late for a locked quarter", self.hub.command("events"))
        shown = self.hub.ask("show", self.houston.ref(3))
        self.assertEqual((shown["restatement"], shown["event"]["why"]),
                         (True, "minutes came late"))
        self.assertIn("after its quarter was locked",
                      self.hub.command("show", self.houston.ref(3)))
        rows = self.hub.ask_plain("locks")["locks"]
        self.assertEqual(only(rows, "quarter", "ref"), [("2025-Q4", rows[0]["ref"])])
        text = self.hub.command("show", rows[0]["ref"])
        self.assertIn("it locks a quarter", text)
        self.assertIn("Quarter: 2025-Q4\n", text)
        # locked again, what came in between is let in, and stays a restatement
        self.hub.command("lock", "2025-Q4")
        self.assertEqual(self.hub.total("IND-1"), 14)
        self.assertEqual(only(self.hub.ask("events")["events"], "restatement"),
                         [(False,), (True,), (True,), (False,)])

    def test_a_cut_does_not_know_of_a_lock_that_came_later(self):
        self.hub.command("cut", "before", "--cutoff", "2025-12-31")
        self.hub.command("lock", "2025-Q4")
        self.houston.activity(day("2025-11-01"), ind="IND-1")
        self.hub.sync(self.houston)
        self.hub.command("cut", "after", "--cutoff", "2025-12-31")
        self.hub.command("cuts", "--verify")
        self.assertEqual(len(self.hub.ask("held", "--at", "after")["held"]), 1)
        self.assertEqual(len(self.hub.ask("held", "--at", "before")["held"]), 0)
        self.assertEqual(self.hub.ask_plain("locks", "--at", "before")["locks"], [])

    def test_a_device_is_told(self):
        agent = Agent(self.path("agent"), self.hub, self.hub.endpoint, MADRID)
        self.hub.command("lock", "2025-Q4")
        run("valija-agent", "sync", "--home", agent.home)
        status = json.loads(run("valija", "status", "--json", "--home", agent.home).stdout)
        self.assertEqual(status["locks"], ["2025-Q4"])

    def refused(self, *args):
        """What a lock says that is not made; a draft of it says the same."""
        done = run("valija-hub", "lock", *args, "--home", self.hub.home, status=65)
        drawn = run("valija-hub", "draft", "lock", *args, "--home", self.hub.home, status=65)
        self.assertEqual(drawn.stderr.split(": ", 1)[1], done.stderr.split(": ", 1)[1])
        self.assertEqual(self.hub.ask_plain("locks")["locks"], [])
        return done.stderr

    def test_only_quarters_of_the_plan_that_have_begun_are_locked(self):
        self.assertIn("2022-Q4", self.refused("2022-Q4"))
        self.assertIn("has not begun", self.refused("2199-Q3", "--force"))

    def test_the_running_quarter_is_locked_by_force_alone(self):
        endless = self.plan(version=2, period={"from": "2023-01-01", "to": "2199-12-31"})
        run("valija-hub", "plan", "load", endless, "--home", self.hub.home)
        running, after = quarter_of_today()
        self.assertRegex(self.refused(running), "can be locked from %s on; --force" % after)
        self.hub.command("lock", running, "--force")
        self.assertEqual(only(self.hub.ask_plain("locks")["locks"], "quarter"), [(running,)])

    def test_what_is_no_quarter_is_told(self):
        for args in (("2025",), ("2025-Q5",), (), ("2025-Q1", "2025-Q2")):
            run("valija-hub", "lock", *args, "--home", self.hub.home, status=64)


if __name__ == "__main__":
    unittest.main()
