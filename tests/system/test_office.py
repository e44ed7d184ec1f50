#!/usr/bin/python3
"""What the office says at the hub: remarks on entries, and ends of conflicts."""

import unittest

from programs import Agent, Case, Hub, free_endpoint, run
from query import HOUSTON, MADRID, QueryCase, day, only, peer


class Remarks(Case):
    def setUp(self):
        super().setUp()
        endpoint = free_endpoint()
        self.office = Hub(self.path("hub"), bind=endpoint)
        self.addCleanup(self.office.stop)
        self.office.start()
        self.agent = Agent(self.path("houston"), self.office, endpoint, HOUSTON)
        self.second = Agent(self.path("second"), self.office, endpoint, HOUSTON)
        self.madrid = Agent(self.path("madrid"), self.office, endpoint, MADRID)
        self.ref = self.agent.record("--indicator", "IND-1", "--date", "2025-11-14", "--place",
                                     "Katy")
        self.agent.sync()

    def say(self, ref, why, **other):
        return run("valija-hub", "return", ref, "--why", why, "--home", self.office.home, **other)

    def assert_remarks(self, agent, *remarks):
        agent.sync()
        self.assertEqual(agent.status()["remarks"], list(remarks))

    def test_the_unit_reads_it_until_it_corrects(self):
        before = self.office.total("IND-1")
        ref = self.say(self.ref, "¿cuántas personas?").stdout.strip()
        shown = self.office.command("show", ref)
        for words in ("a remark on an entry", "On the entry: %s\n" % self.ref,
                      "Remark: ¿cuántas personas?\n"):
            self.assertIn(words, shown)
        self.assertEqual(self.office.ask("show", ref)["event"]["on"], self.ref)
        remark = "%s: ¿cuántas personas?" % self.ref
        self.assert_remarks(self.agent, remark)
        self.assert_remarks(self.second, remark)  # of the same unit
        self.assert_remarks(self.madrid)
        self.assertIn(remark, self.agent.valija("status"))
        self.assertEqual(self.office.total("IND-1"), before)
        self.agent.valija("correct", "1", "--count", "attended=90", "--why", "lo pidió la oficina")
        self.assert_remarks(self.agent)
        self.assert_remarks(self.second)

    def test_what_was_corrected_before_needs_no_answer(self):
        self.agent.valija("correct", "1", "--count", "attended=90", "--why", "olvidado")
        self.say(self.ref, "¿cuántas personas?")  # the correction has not come in yet
        self.assert_remarks(self.agent)
        self.assertIn("was corrected since", self.say(self.ref, "y ahora", status=65).stderr)
        shown = self.office.ask("show", self.ref)
        self.assertEqual(only(shown["remarks"], "on", "why", "answered", "role"),
                         [(self.ref, "¿cuántas personas?", True, "hub")])
        self.assertEqual(only(shown["versions"], "outcome", "why", "role"),
                         [("replaced", None, "device"), ("counted", "olvidado", "device")])

    def test_a_correction_that_is_held_is_no_answer(self):
        self.say(self.ref, "la fecha")
        self.agent.valija("correct", "1", "--date", "2019-01-01", "--force", "--why", "x")
        self.assert_remarks(self.agent, "%s: la fecha" % self.ref)
        self.assertEqual(self.agent.status()["held"], 1)

    def test_errors_change_nothing(self):
        digest = self.office.digest()
        self.assertIn("is no REF", self.say("17", "x", status=64).stderr)
        self.assertIn("there is no entry", self.say(self.ref[:-1] + "9", "x", status=66).stderr)
        self.assertIn("--why is needed", self.say(self.ref, "", status=64).stderr)
        self.assertIn("at most 4000 bytes", self.say(self.ref, "x" * 4001, status=64).stderr)
        self.assertEqual(self.office.digest(), digest)
        self.say(self.ref, "x" * 4000)
        self.assert_remarks(self.agent, "%s: %s" % (self.ref, "x" * 4000))


class Conflicts(QueryCase):
    def setUp(self):
        super().setUp()
        self.hub = self.hub()
        self.device = self.device(self.hub, HOUSTON)
        first = peer.fix_of(*self.device.activity(day("2025-03-01"), ind="IND-1"))
        self.hub.sync(self.device)
        copy = self.device.clone()
        for d, n in ((self.device, 2), (copy, 3)):
            d.activity(day("2025-03-01"), ind="IND-1", qty=n, fix=[first], why="w")
            self.hub.sync(d)
        self.heads = [d.ref(2, True) for d in (self.device, copy)]

    def settle(self, *refs, **other):
        return run("valija-hub", "settle", *refs, "--why", "la lista firmada", "--home",
                   self.hub.home, **other)

    def test_the_first_named_counts(self):
        self.assertEqual(self.hub.state()["conflicts"], 1)
        ref = self.settle(*self.heads).stdout.strip()
        self.assertEqual(self.hub.state()["conflicts"], 0)
        self.assertEqual(self.hub.total("IND-1"), 2)
        self.assertEqual(only(self.hub.ask("events")["events"], "ref", "outcome")[-1],
                         (ref, "counted"))
        self.assertIn("is in no conflict", self.settle(*self.heads, status=65).stderr)
        self.assertRegex(self.hub.command("show", ref),
                         "%s  counted, names 2 versions at once  <- this one" % ref)
        self.assertEqual(only(self.hub.ask("show", ref)["versions"], "settles")[-1], (2,))

    def test_a_void_that_does_not_stand_is_told_as_one(self):
        first = self.device.activity(day("2025-04-01"), ind="IND-1")
        void = self.device.add(peer.void(HOUSTON, "no era nuestro", first))
        self.hub.sync(self.device)
        void_ref = self.device.ref(4, True)
        self.assertIn(void_ref + "  takes its entry out  <- this one\n",
                      self.hub.command("show", void_ref))
        self.device.activity(day("2025-04-01"), ind="IND-1", why="sí era", fix=[peer.fix_of(*void)])
        self.hub.sync(self.device)
        self.assertIn(void_ref + "  another version of it stands, a void\n",
                      self.hub.command("show", self.device.ref(5, True)))

    def test_the_other_order_chooses_the_other(self):
        self.settle(*reversed(self.heads))
        self.assertEqual(self.hub.total("IND-1"), 3)

    def test_what_is_no_end_is_refused(self):
        digest = self.hub.digest()
        other = self.device.activity(day("2025-04-01"), ind="IND-1")
        self.hub.sync(self.device)
        digest = self.hub.digest()
        self.assertIn("is not in conflict with",
                      self.settle(self.heads[0], self.device.ref(3, True), status=65).stderr)
        self.assertIn("was named twice",
                      self.settle(self.heads[0], self.heads[0], status=65).stderr)
        self.assertIn("name all versions", self.settle(self.heads[0], status=64).stderr)
        self.assertTrue(other)
        self.assertEqual(self.hub.digest(), digest)

    def test_all_versions_must_be_named(self):
        third = self.device.clone(1)
        third.activity(day("2025-03-01"), ind="IND-1", qty=4, why="w",
                       fix=[peer.fix_of(*self.device.point(1))])
        self.hub.sync(third)
        error = self.settle(*self.heads, status=65).stderr
        for head in (*self.heads, third.ref(2, True)):
            self.assertIn(head, error)
        self.settle(third.ref(2, True), *self.heads)
        self.assertEqual(self.hub.total("IND-1"), 4)


if __name__ == "__main__":
    unittest.main()
