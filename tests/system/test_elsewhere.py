#!/usr/bin/python3
"""Entries that another device corrected, took out or brought back: the device that wrote
them tells so, and what it corrects then is no conflict."""

import json
import unittest

from programs import Agent, Case, Hub, free_endpoint, run
from query import HOUSTON, only
from test_office_device import OfficeAgent

FIELDS = ("--date", "2025-11-14")


class Elsewhere(Case):
    def setUp(self):
        super().setUp()
        self.endpoint = free_endpoint()
        self.hub = Hub(self.path("hub"), bind=self.endpoint)
        self.addCleanup(self.hub.stop)
        self.hub.start()
        self.office = OfficeAgent(self.path("office"), self.hub, self.endpoint)
        self.mad = self.agent("mad")
        self.office.sync()

    def agent(self, name):
        agent = Agent(self.path(name), self.hub, self.endpoint, HOUSTON)
        agent.sync()  # brings the plan
        return agent

    def record(self, quantity="3"):
        ref = self.mad.record("--indicator", "IND-1", "--quantity", quantity, *FIELDS)
        self.mad.sync()
        return ref

    def evidence(self, ref):
        path = self.path(ref + ".evidence")
        self.hub.command("show", ref, "--evidence", path)
        return path

    def change(self, agent, command, ref, *args):
        """What another device does to an entry, until the device of the entry tells of it."""
        ref = agent.valija(command, ref, "--from", self.evidence(ref), "--why", "w", *args).strip()
        agent.sync()
        self.mad.sync()
        self.assertIn(ref, self.mad.valija("list"))
        return ref

    def own(self, command, *args):
        """The REF, and what was said beside it."""
        done = run("valija", command, *args, "--why", "w", "--home", self.mad.home)
        self.mad.sync()
        return done.stdout.strip(), done.stderr

    def entry(self, number):
        return json.loads(self.mad.valija("show", str(number), "--json"))

    def versions(self, ref):
        return dict(only(self.hub.ask("show", ref)["versions"], "ref", "outcome"))

    def stands(self, ref, total):
        self.assertEqual(self.hub.state()["conflicts"], 0)
        self.assertEqual(self.hub.total("IND-1"), total)
        if total:
            self.assertEqual(self.versions(ref)[ref], "counted")
        self.mad.sync()
        self.assertEqual(self.mad.status()["elsewhere"], [])

    def test_what_the_office_corrected_is_told_and_corrected_again(self):
        ref = self.record()
        self.record("10")  # nothing happens to this one
        theirs = self.change(self.office, "correct", ref, "--quantity", "5")
        self.assertIn("corrected by another device: " + theirs, self.mad.valija("list"))
        self.assertIn("corrected by another device: " + theirs, self.mad.valija("show", "1"))
        self.assertIn("of 1 entry a version of another device stands", self.mad.valija("status"))
        self.assertEqual(self.mad.status()["elsewhere"], [1])
        self.assertEqual(self.entry(1)["elsewhere"], {"ref": theirs, "void": False})
        self.assertNotIn("elsewhere", self.entry(2))
        mine, said = self.own("correct", "1", "--quantity", "4")
        self.assertIn(theirs + " of another device stood in its place", said)
        self.assertEqual(len(self.entry(3)["fixes"]), 2)
        self.stands(mine, 14)
        self.assertNotIn("elsewhere", self.entry(3))
        # and once more: what is replaced is not named again
        mine, said = self.own("correct", "1", "--quantity", "6")
        self.assertEqual((said, len(self.entry(4)["fixes"])), ("", 1))
        self.stands(mine, 16)

    def test_two_devices_of_a_unit_take_turns(self):
        other = self.agent("other")
        ref = self.record()
        theirs = self.change(other, "correct", ref, "--quantity", "5")
        mine, _ = self.own("correct", "1", "--quantity", "4")
        self.stands(mine, 4)
        other.sync()
        self.assertEqual(other.status()["elsewhere"], [1])
        self.assertIn("corrected by another device: " + mine, other.valija("list"))
        back = other.valija("correct", theirs, "--quantity", "7", "--why", "w").strip()
        other.sync()
        self.assertEqual((self.hub.state()["conflicts"], self.hub.total("IND-1")), (0, 7))
        self.assertEqual(self.versions(ref)[back], "counted")

    def test_two_that_corrected_apart_are_settled_by_the_next_correction(self):
        ref = self.record()
        theirs = self.office.valija("correct", ref, "--from", self.evidence(ref), "--why", "w",
                                    "--quantity", "5").strip()
        self.office.sync()
        self.mad.valija("correct", "1", "--quantity", "2", "--why", "w")
        self.mad.sync()
        self.assertEqual(self.mad.status()["elsewhere"], [2])
        self.assertEqual((self.hub.state()["conflicts"], self.mad.status()["conflicts"]), (1, [2]))
        self.assertEqual(self.hub.total("IND-1"), 5)
        mine, said = self.own("correct", "1", "--quantity", "4")
        self.assertIn(theirs, said)
        self.stands(mine, 4)

    def test_a_correction_goes_on_from_the_version_that_stands(self):
        ref = self.record()
        theirs = self.change(self.office, "correct", ref, "--quantity", "5", "--place", "Lima")
        file = self.evidence(theirs)
        mine, said = self.own("correct", theirs, "--from", file, "--quantity", "6")
        self.assertEqual(said, "")
        entry = self.entry(2)
        self.assertEqual((entry["place"], entry["quantity"], len(entry["fixes"])), ("Lima", 6, 2))
        self.stands(mine, 6)
        # named by the same file again, it is known which own version came of it
        mine, _ = self.own("correct", theirs, "--from", file, "--quantity", "8")
        self.stands(mine, 8)

    def test_what_the_office_took_out_comes_back(self):
        ref = self.record()
        theirs = self.change(self.office, "void", ref)
        self.assertIn("taken out by another device: " + theirs, self.mad.valija("list"))
        self.assertEqual(self.entry(1)["elsewhere"], {"ref": theirs, "void": True})
        done = run("valija", "void", "1", "--why", "w", "--home", self.mad.home, status=65)
        self.assertIn("void already (by %s of another device)" % theirs, done.stderr)
        mine, said = self.own("correct", "1")
        self.assertIn("it counts again", said)
        self.stands(mine, 3)

    def test_what_the_office_brought_back_is_taken_out(self):
        ref = self.record()
        self.own("void", "1")
        theirs = self.office.valija("correct", ref, "--why", "w", "--from", self.evidence(ref),
                                    "--from", self.evidence(self.void_ref()))
        self.office.sync()
        self.assertEqual(self.hub.total("IND-1"), 3)
        self.mad.sync()
        self.assertIn("brought back by another device: " + theirs.strip(),
                      self.mad.valija("list"))
        self.own("void", "1")
        self.stands(ref, 0)

    def test_a_void_that_is_told_of_may_be_given_as_well(self):
        ref = self.record()
        theirs = self.change(self.office, "void", ref)
        file = self.evidence(theirs)
        done = run("valija", "void", theirs, "--from", file, "--why", "w", "--home",
                   self.mad.home, status=65)
        self.assertIn("void already", done.stderr)
        mine, said = self.own("correct", theirs, "--from", file, "--quantity", "4")
        self.assertIn("it counts again", said)
        self.assertEqual(len(self.entry(2)["fixes"]), 2)
        self.stands(mine, 4)

    def void_ref(self):
        return self.entry(2)["ref"]

    def test_a_quarter_is_told_again(self):
        said = ("progress", "COM-1", "--quarter", "2025-Q1", "--percent", "70")
        ref = self.mad.valija(*said).strip()
        self.mad.sync()
        theirs = self.change(self.office, "correct", ref, "--percent", "90")
        done = run("valija", *said, "--home", self.mad.home, status=65)
        self.assertIn("but %s of another device stands in its place" % theirs, done.stderr)
        mine, _ = self.own("correct", "1")
        self.assertEqual(self.versions(mine)[mine], "counted")
        self.stands(mine, 0)
        self.assertEqual(self.mad.valija(*said).strip(), mine)


if __name__ == "__main__":
    unittest.main()
