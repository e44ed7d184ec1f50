#!/usr/bin/python3
"""A device of the office: plan, cut, lock and corrections from its own outbox."""

import json
import os
import subprocess
import unittest

from programs import BIN, PLAN, Agent, Case, Hub, free_endpoint, run
from query import HOUSTON, only


class OfficeAgent(Agent):
    """Made and enrolled for the office, without a unit."""

    def __init__(self, home, hub, endpoint):  # pylint: disable=super-init-not-called
        self.home = home
        out = run("valija-agent", "init", "--home", home, "--role", "office", "--hub", endpoint,
                  "--hub-key", hub.pub).stdout
        self.fingerprint = out.split()[-1]
        hub.enroll(os.path.join(home, "request"), self.fingerprint, "--role", "office")


class OfficeDevice(Case):
    def setUp(self):
        super().setUp()
        endpoint = free_endpoint()
        self.hub = Hub(self.path("hub"), bind=endpoint)
        self.addCleanup(self.hub.stop)
        self.hub.start()
        self.office = OfficeAgent(self.path("office"), self.hub, endpoint)
        self.houston = Agent(self.path("houston"), self.hub, endpoint, HOUSTON)
        for agent in (self.office, self.houston):
            agent.sync()  # brings the plan

    def record(self, *args):
        ref = self.houston.record("--indicator", "IND-1", *args)
        self.houston.sync()
        return ref

    def draft(self, *args):
        path = self.path("draft-%d" % len(os.listdir(self.folder)))
        with open(path, "wb") as f:
            f.write(self.drawn(*args))
        return path

    def drawn(self, *args):
        """Bytes, not text."""
        return subprocess.run([os.path.join(BIN, "valija-hub"), "draft", *args, "--home",
                               self.hub.home], check=True, capture_output=True,
                              timeout=30).stdout

    def publish(self, path, **other):
        return run("valija", "publish", path, "--home", self.office.home, **other)

    def test_a_cut_is_published_by_the_office(self):
        self.record("--date", "2025-11-14", "--quantity", "3")
        path = self.draft("cut", "2025-Q4", "--period", "2025-Q4")
        self.assertEqual(self.hub.ask_plain("cuts")["cuts"], [])  # a draft is no cut
        self.record("--date", "2025-11-15", "--quantity", "4")
        ref = self.publish(path).stdout.strip()
        self.office.sync()
        rows = self.hub.ask_plain("cuts", "--verify")["cuts"]
        self.assertEqual(only(rows, "name", "cutoff", "verified", "ref"),
                         [("2025-Q4", "2025-12-31", True, ref)])
        counts = json.loads(self.hub.command("counts", "IND-1", "--at", "2025-Q4", "--json"))
        self.assertEqual(counts["total"], 3)
        self.assertEqual(self.hub.total("IND-1"), 7)

    def test_a_lock_is_published_by_the_office(self):
        self.record("--date", "2025-11-14", "--quantity", "3")
        self.publish(self.draft("lock", "2025-Q4"))
        self.office.sync()
        self.assertEqual(only(self.hub.ask_plain("locks")["locks"], "quarter"), [("2025-Q4",)])
        self.record("--date", "2025-11-15", "--quantity", "4", "--force")
        self.assertEqual(only(self.hub.ask("held")["held"], "reason"), [("locked",)])
        self.record("--date", "2025-11-16", "--quantity", "5", "--why", "llegó tarde")
        self.assertEqual(self.hub.total("IND-1"), 8)

    def test_the_next_plan_is_published_by_the_office(self):
        with open(PLAN, encoding="utf-8") as f:
            plan = json.load(f)
        for version, error in ((3, '"version" is 3 and must be 2'), (2, None)):
            plan["version"] = version
            plan["indicators"][0]["goal"] = 2500
            path = self.path("plan.json")
            with open(path, "w", encoding="utf-8") as f:
                json.dump(plan, f)
            done = self.publish(path, status=65 if error else 0)
            if error:
                self.assertIn(error, done.stderr)
        self.office.sync()
        self.assertEqual(self.hub.state()["plan"]["version"], 2)
        self.assertEqual(self.hub.state()["indicators"][0]["goal"], 2500)

    def test_what_is_no_document_changes_nothing(self):
        for name, content, error in (
                ("plan.json", "{}", "errors, nothing was published"),
                ("text", "corte de diciembre", "neither a plan nor a draft"),
                ("empty", "", "neither a plan nor a draft")):
            path = self.path(name)
            with open(path, "w", encoding="utf-8") as f:
                f.write(content)
            self.assertIn(error, self.publish(path, status=65).stderr)
        self.publish(self.path("missing"), status=66)
        path = self.draft("lock", "2025-Q4")
        with open(path, "r+b") as f:
            f.truncate(os.path.getsize(path) - 1)
        self.assertIn("neither a plan nor a draft", self.publish(path, status=65).stderr)
        self.assertEqual(json.loads(self.office.valija("list", "--json"))["entries"], [])

    def test_of_a_device_of_a_unit_nothing_of_it_is_heeded(self):
        self.record("--date", "2025-11-14")
        path = self.draft("cut", "x")
        done = run("valija", "publish", path, "--home", self.houston.home, status=78)
        self.assertIn("with --force it is recorded", done.stderr)
        self.assertEqual(len(json.loads(self.houston.valija("list", "--json"))["entries"]), 1)
        self.houston.valija("publish", path, "--force")
        self.houston.sync()
        self.assertEqual(self.hub.ask_plain("cuts")["cuts"], [])
        self.assertEqual(only(self.hub.ask("held")["held"], "reason"), [("right",)])

    def test_a_draft_comes_from_elsewhere_too(self):
        self.record("--date", "2025-11-14")
        endpoint = "ipc://%s/query/socket" % self.hub.home
        asked = subprocess.run([os.path.join(BIN, "valija-hub"), "--connect", endpoint, "draft",
                                "lock", "2025-Q4"], check=True, capture_output=True, timeout=30)
        self.assertEqual(asked.stdout, self.drawn("lock", "2025-Q4"))

    def test_a_name_is_drawn_once(self):
        self.hub.command("cut", "x")
        done = run("valija-hub", "draft", "cut", "x", "--home", self.hub.home, status=65)
        self.assertIn("there is a cut of that name already", done.stderr)
        run("valija-hub", "draft", "cut", "12", "--home", self.hub.home, status=64)
        run("valija-hub", "draft", "lock", "2025-Q5", "--home", self.hub.home, status=None)

    def test_an_entry_of_a_unit_is_corrected_by_the_office(self):
        ref = self.record("--date", "2025-11-14", "--quantity", "3")
        proof = self.path("proof")
        self.hub.command("show", ref, "--evidence", proof)
        run("valija", "correct", ref, "--from", proof, "--quantity", "5", "--why", "según el acta",
            "--home", self.office.home)
        self.office.sync()
        self.assertEqual(self.hub.total("IND-1"), 5)
        self.assertEqual(only(self.hub.ask("show", ref)["versions"], "outcome", "role", "why"),
                         [("replaced", "device", None), ("counted", "office", "según el acta")])


if __name__ == "__main__":
    unittest.main()
