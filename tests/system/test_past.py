#!/usr/bin/python3
"""--at: the hub as it was."""

import os
import unittest

from programs import PLAN, run
from query import HOUSTON, MADRID, QueryCase, day

ASKED = [("state",), ("counts", "IND-1"), ("events",), ("held",), ("calendar", "--from", "2025"),
         ("duplicates",), ("devices",), ("plan show",)]


class Offsets(QueryCase):
    def answers(self, hub, *at):
        """What each command says to a person and to a program."""
        cutoff = ("--cutoff", "2025-12-31")
        return [hub.command(name, *args, *form, *at,
                            *(cutoff if name not in ("devices", "plan show") else ()))
                for name, *args in ASKED for form in ((), ("--json",))
                if name != "devices" or form]

    def moment(self, hub):
        return hub.state()["at"]

    def test_a_moment_is_answered_as_it_was(self):
        hub = self.hub()
        houston = self.records(hub, HOUSTON, ("2025-03-01", {"qty": 2}), ("2019-01-01", {}))
        then, at = self.answers(hub), self.moment(hub)
        self.records(hub, MADRID, ("2025-03-01", {"qty": 5}))
        houston.activity(day("2025-04-01"), ind="IND-1", qty=7)
        hub.sync(houston)
        run("valija-hub", "plan", "load", self.plan(version=2), "--home", hub.home)
        self.assertNotEqual(self.moment(hub), at)
        self.assertNotEqual(self.answers(hub), then)
        # contacts are of no moment: who is known of then, not when it was heard of
        self.assertEqual(self.known(self.answers(hub, "--at", at)), self.known(then))
        self.assertEqual(self.answers(hub, "--at", at.split("@")[0]),
                         self.answers(hub, "--at", at))
        self.assertEqual(self.answers(hub, "--at", self.moment(hub)), self.answers(hub))

    def known(self, answers):
        return [a for a in answers if "last_contact" not in a]

    def test_an_offset_that_is_none_here_is_told(self):
        hub = self.hub()
        now = self.moment(hub)
        entries, hash8 = now.split("@")
        other = "%s@%08x" % (entries, int(hash8, 16) ^ 1)
        for word, status, said in (("soon", 65, "no cut 'soon'"),
                                   (other, 65, "%s is %s" % (entries, now)),
                                   ("99", 65, "is at %s yet" % now),
                                   ("0", 65, "no plan at that moment")):
            done = run("valija-hub", "state", "--at", word, "--home", hub.home, status=status)
            self.assertIn(said, done.stderr)
            self.assertEqual(done.stdout, "")

    def test_what_is_only_of_now_is_not_asked_of_the_past(self):
        hub = self.hub()
        for args in (("units",), ("show", "ABCD2345-1", "--evidence", "x"),
                     ("plan", "show", PLAN)):
            run("valija-hub", *args, "--at", "1", "--home", hub.home, status=64)

    def test_without_room_nothing_is_told(self):
        hub = self.hub()
        self.records(hub, HOUSTON, ("2025-03-01", {}))
        done = run("valija-hub", "state", "--at", "2", "--home", hub.home, status=None,
                   env={**os.environ, "TMPDIR": "/nowhere"})
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("TMPDIR", done.stderr)


if __name__ == "__main__":
    unittest.main()
