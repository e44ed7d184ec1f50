#!/usr/bin/python3
"""What the office learns of machines that it cannot see: who is silent, what waits
there, what was refused; and whether a probe comes through to the ledger."""

import json
import os
import signal
import unittest

import peer
from programs import Agent, Case, Daemon, Hub, free_endpoint, run, wait_until

HOUSTON, MADRID = "con-houston", "con-madrid"
DAY = ("--indicator", "IND-1", "--date", "2025-11-15")
TOOL = os.path.join(os.environ.get("VALIJA_TEST_BIN", ""), "contact_tool")
RETRY = ("--retry-min-ms", "5", "--retry-max-ms", "100")


class FactsCase(Case):
    def setUp(self):
        super().setUp()
        self.endpoint = free_endpoint()
        self.office = Hub(self.path("hub"), bind=self.endpoint)
        self.addCleanup(self.office.stop, signal.SIGKILL)
        self.office.start()

    def agent(self, unit, name=None):
        return Agent(self.path(name or unit), self.office, self.endpoint, unit)

    def row(self, unit):
        return next(r for r in self.office.ask("units")["units"] if r["unit"] == unit)

    def heard(self, unit):
        """The row of a unit, once the hub has written down that it was in contact."""
        wait_until(lambda: self.row(unit)["last_contact"], "a contact of " + unit)
        return self.row(unit)

    def set_contact(self, unit, days, pending=0, oldest_days=0):
        run(TOOL, self.office.home, self.heard(unit)["device"], days, pending, oldest_days)

    def silent(self, days, status):
        done = run("valija-hub", "units", "--silent-since", days, "--json", "--home",
                   self.office.home, status=status)
        return [row["unit"] for row in json.loads(done.stdout)["units"]]


class Silent(FactsCase):
    def test_the_exit_status_says_whether_somebody_is_silent(self):
        houston, madrid = self.agent(HOUSTON), self.agent(MADRID)
        self.assertEqual(self.silent(1, 1), [HOUSTON, MADRID])  # never heard of
        houston.sync()
        madrid.sync()
        self.heard(HOUSTON)
        self.heard(MADRID)
        self.assertEqual(self.silent(1, 0), [])
        said = self.office.command("units", "--silent-since", "1")
        self.assertIn("No unit is silent.", said)
        self.assertRegex(said, r"\d+ units of the plan have no device")
        self.set_contact(MADRID, 3)
        self.assertEqual(self.silent(2, 1), [MADRID])
        self.assertEqual(self.silent(4, 0), [])

    def test_one_device_of_a_unit_is_enough(self):
        self.agent(HOUSTON)
        other = self.agent(HOUSTON, "other")
        other.sync()
        wait_until(lambda: any(r["last_contact"] for r in self.office.ask("units")["units"]),
                   "a contact")
        self.assertEqual(self.silent(1, 0), [])

    def test_a_number_of_days_is_wanted(self):
        for wrong in ("0", "x", "-1", "99999"):
            run("valija-hub", "units", "--silent-since", wrong, "--home", self.office.home,
                status=64)


class Facts(FactsCase):
    def test_what_a_device_tells_of_itself(self):
        agent = self.agent(HOUSTON)
        agent.record(*DAY)
        agent.sync()
        row = self.heard(HOUSTON)
        self.assertGreater(row["disk_bytes"], 0)
        self.assertEqual((row["pending"], row["oldest_pending_ms"], row["stuck"]), (0, 0, False))
        self.assertRegex(row["program"], r"^valija-agent \d")

    def test_a_client_that_tells_less_is_served_as_well(self):
        device = self.device(self.office, MADRID)
        device.activity(20000, ind="IND-1")
        self.office.sync(device)
        row = self.heard(MADRID)
        self.assertIsNone(row["disk_bytes"])
        self.assertIsNone(row["oldest_pending_ms"])

    def test_alive_but_not_getting_on_is_said(self):
        self.agent(HOUSTON).sync()
        self.set_contact(HOUSTON, 0, pending=7, oldest_days=5)
        row = self.row(HOUSTON)
        self.assertTrue(row["stuck"])
        self.assertIn("stuck: in contact, but an entry waits there for 5 days", row["note"])
        self.assertIn("only 1 MiB free on its disk", row["note"])
        self.set_contact(HOUSTON, 4, pending=7, oldest_days=5)  # out of contact is no riddle
        self.assertFalse(self.row(HOUSTON)["stuck"])

    def test_what_was_refused_is_counted_and_stays(self):
        device = self.device(self.office, MADRID)
        for _ in range(2):
            with self.office.link(device) as link:
                link.hello()
                link.send(b"\xc1garbage")
                with self.assertRaises(peer.Refused):
                    link.receive()
        wait_until(lambda: self.row(MADRID)["refused"] == 2, "the refusals in the list")
        self.office.stop()
        self.office.start()
        row = self.row(MADRID)
        self.assertEqual((row["refused"], row["refused_with"]), (2, "malformed"))
        self.assertRegex(row["note"], "refused 2 times, last on 20[-0-9]+ [:0-9]+: what it sent "
                         "cannot be read")
        self.office.sync(device)
        self.assertEqual(self.row(MADRID)["refused"], 2)

    def test_held_entries_are_counted(self):
        agent = self.agent(HOUSTON)
        agent.record("--indicator", "IND-99", "--date", "2025-11-15")  # no plan yet: the hub judges
        agent.sync()
        self.assertEqual(self.row(HOUSTON)["held"], 1)
        self.assertIn("1 entry held", self.row(HOUSTON)["note"])


class Probe(FactsCase):
    def probe(self, agent, *args, status=0):
        return run("valija-agent", "probe", *args, "--home", agent.home, *RETRY, status=status)

    def test_it_goes_the_whole_way_and_counts_nothing(self):
        agent = self.agent(HOUSTON)
        agent.record(*DAY)
        state = self.office.state()
        self.assertRegex(self.probe(agent).stdout,
                         r"^probe [A-Z2-7]{8}-2: counted by the hub after \d+ ms\n$")
        after = self.office.state()
        self.assertEqual(after["events"], {"counted": 1, "held": 0, "dated_ahead": 0})
        self.assertNotEqual(after["digest"]["set"], state["digest"]["set"])
        self.assertEqual(self.row(HOUSTON)["probe"], 2)
        told = json.loads(self.probe(agent, "--json").stdout)
        self.assertEqual((told["reached"], told["ref"][-2:]), ("counted", "-3"))

    def test_it_works_beside_the_service(self):
        agent = self.agent(HOUSTON)
        daemon = Daemon(agent.home + ".log", "valija-agent", "run", "--home", agent.home, *RETRY)
        self.addCleanup(daemon.stop)
        for _ in range(3):
            self.probe(agent)
        self.assertTrue(daemon.running())

    def test_more_than_are_kept(self):
        agent = self.agent(HOUSTON)
        for _ in range(10):
            self.probe(agent)
        self.assertEqual(self.row(HOUSTON)["probe"], 10)
        digest = self.office.digest()
        self.office.stop()
        self.office.start()
        self.assertEqual(self.office.digest(), digest)

    def test_without_a_hub_it_says_so(self):
        agent = self.agent(HOUSTON)
        self.office.stop()
        done = self.probe(agent, "--timeout-ms", "600", status=75)
        self.assertIn("no link: nobody answers at", done.stderr)
        told = json.loads(self.probe(agent, "--timeout-ms", "600", "--json", status=75).stdout)
        self.assertEqual(told["reached"], "recorded")

    def test_it_is_an_entry_that_nobody_corrects(self):
        agent = self.agent(HOUSTON)
        self.probe(agent)
        self.assertIn("probe", agent.valija("list"))
        done = run("valija", "void", "1", "--why", "x", "--home", agent.home, status=65)
        self.assertIn("entry 1 is none that can be replaced", done.stderr)
        self.assertIn("a probe: it counts nothing", self.office.command("events"))


if __name__ == "__main__":
    unittest.main()
