#!/usr/bin/python3
"""A hub that lost what it had: put back to an older copy, or made again empty with its
keys and its list of devices.  Nobody does anything at the devices: their services bring
it back to the same digest.  What the hub itself had said is not theirs to bring."""

import json
import os
import shutil
import signal
import subprocess
import unittest

from programs import BIN, PLAN, Agent, Case, Daemon, Hub, free_endpoint, run, wait_until
from test_office_device import OfficeAgent

HOUSTON, MADRID = "con-houston", "con-madrid"
RETRY = ("--retry-min-ms", "5", "--retry-max-ms", "100", "--ping-ms", "1000")
PROJECT = "202300000000088"
AMOUNTS = ("--appropriated", "5000000", "--committed", "3000000", "--obligated", "2000000",
           "--paid", "1500000")
IND = ("--indicator", "IND-1")


class Restored(Case):
    def setUp(self):
        super().setUp()
        self.endpoint = free_endpoint()
        self.office = Hub(self.path("hub"), bind=self.endpoint)
        self.addCleanup(self.office.stop, signal.SIGKILL)
        self.houston = Agent(self.path("houston"), self.office, self.endpoint, HOUSTON)
        self.second = Agent(self.path("second"), self.office, self.endpoint, HOUSTON)
        self.madrid = Agent(self.path("madrid"), self.office, self.endpoint, MADRID)
        self.ministry = OfficeAgent(self.path("ministry"), self.office, self.endpoint)
        self.devices = [self.houston, self.second, self.madrid, self.ministry]
        self.office.start()
        for device in self.devices:
            device.sync()  # brings the plan
        self.serve()

    # ---- what is recorded ----

    def serve(self):
        """Their services run."""
        for device in self.devices:
            service = Daemon(device.home + ".log", "valija-agent", "run", "--home", device.home,
                             *RETRY)
            self.addCleanup(service.stop, signal.SIGKILL)

    def wait(self):
        """All that is recorded is acknowledged."""
        wait_until(lambda: all(d.status()["pending"] == 0 for d in self.devices),
                   "all is acknowledged")

    def evidence(self, ref):
        path = self.path(ref + ".evidence")
        self.office.command("show", ref, "--evidence", path)
        return path

    def record_all_kinds(self, quarter, day):
        """Entries of every kind, corrected, taken out, written apart, of a late date, held."""
        refs = [self.houston.record(*IND, "--date", day, "--quantity", str(n + 1),
                                    "--count", "attended=90") for n in range(4)]
        self.madrid.record(*IND, "--initiative", "2.1.05", "--date", day)
        self.madrid.record(*IND, "--date", "2026-11-14", "--status", "planned")
        self.madrid.record(*IND, "--date", "2019-11-14", "--force")
        self.madrid.valija("thing", "in", "emb-nairobi-" + quarter, "--indicator", "IND-2",
                           "--date", day)
        self.madrid.valija("budget", PROJECT, "--quarter", quarter, *AMOUNTS)
        for device, percent in ((self.houston, "40"), (self.second, "60")):
            device.valija("progress", "COM-1", "--quarter", quarter, "--percent", percent)
        self.houston.valija("correct", refs[0], "--quantity", "7", "--why", "counted again")
        self.houston.valija("void", refs[1], "--why", "was another day")
        self.wait()
        self.ministry.valija("correct", refs[2], "--from", self.evidence(refs[2]), "--quantity", "30", "--why",
                             "by the minutes")
        self.second.valija("correct", refs[3], "--from", self.evidence(refs[3]), "--quantity", "20",
                           "--why", "apart")
        self.houston.valija("correct", refs[3], "--quantity", "21", "--why", "apart")
        self.madrid.valija("close", quarter, "--zero", "IND-3")
        self.wait()
        return refs

    def publish(self, path):
        """An act of the office, from the outbox of its device."""
        run("valija", "publish", path, "--home", self.ministry.home)
        self.wait()

    def publish_draft(self, *draft):
        path = self.path("draft-%d" % len(os.listdir(self.folder)))
        with open(path, "wb") as f:
            subprocess.run([os.path.join(BIN, "valija-hub"), "draft", *draft, "--home",
                            self.office.home], check=True, stdout=f, timeout=30)
        self.publish(path)

    # ---- what the hub tells ----

    def told(self):
        """Of all entries; in whatever order they came."""
        events = [{k: v for k, v in e.items() if k not in ("journal", "received")}
                  for e in self.office.ask("events")["events"]]
        state = self.office.state()
        return {"digest": state["digest"], "indicators": state["indicators"],
                "events": sorted(events, key=lambda e: e["ref"]),
                "held": sorted((h["ref"], h["reason"]) for h in self.office.ask("held")["held"])}

    def comes_back(self, told):
        wait_until(lambda: self.office.digest() == told["digest"], "the same digest")
        self.assertEqual(self.told(), told)
        self.office.command("verify")
        self.wait()
        self.assertEqual(self.told(), told)
        for device in self.devices:
            device.valija("verify")

    def put_in_place(self, copy):
        self.office.stop(signal.SIGKILL)
        shutil.rmtree(self.office.home)
        subprocess.run(["cp", "-r", copy, self.office.home], check=True)
        self.office.start()

    def next_plan(self):
        with open(PLAN, encoding="utf-8") as f:
            plan = json.load(f)
        plan["version"] = 2
        plan["indicators"][0]["goal"] = 2500
        path = self.path("plan-2.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(plan, f)
        return path

    def office_device_speaks(self):
        """A lock, an entry too late for it and one with a reason, a plan, a cut."""
        self.publish_draft("lock", "2025-Q3")
        self.houston.record(*IND, "--date", "2025-09-02", "--force")
        self.houston.record(*IND, "--date", "2025-09-03", "--why", "the minutes came late")
        self.publish(self.next_plan())
        self.publish_draft("cut", "2025-Q4", "--period", "2025-Q4")

    def assert_office_device_was_heard(self):
        self.assertEqual([row["quarter"] for row in self.office.ask_plain("locks")["locks"]],
                         ["2025-Q3"])
        self.assertEqual(self.office.state()["plan"]["version"], 2)
        cuts = self.office.ask_plain("cuts", "--verify")["cuts"]
        self.assertEqual([(c["name"], c["verified"]) for c in cuts], [("2025-Q4", True)])


class OlderCopy(Restored):
    def test_the_services_bring_what_the_copy_has_not(self):
        self.record_all_kinds("2025-Q1", "2025-02-03")
        self.office.command("backup", self.path("copy"))
        self.record_all_kinds("2025-Q2", "2025-05-03")
        self.office_device_speaks()
        self.wait()
        told = self.told()
        self.assertGreater(len(told["held"]), 2)
        self.put_in_place(self.path("copy"))
        self.comes_back(told)
        self.assert_office_device_was_heard()

    def test_it_goes_on_from_there(self):
        """Who records while the hub is away, or after it came back, is counted once."""
        self.office.command("backup", self.path("copy"))
        self.houston.record(*IND, "--date", "2025-02-03", "--quantity", "1")
        self.wait()
        self.office.stop(signal.SIGKILL)
        self.houston.record(*IND, "--date", "2025-02-03", "--quantity", "10")
        self.put_in_place(self.path("copy"))
        self.madrid.record(*IND, "--date", "2025-02-03", "--quantity", "100")
        wait_until(lambda: self.office.total("IND-1") == 111, "all is counted")
        self.wait()
        self.assertEqual(self.office.total("IND-1"), 111)
        self.office.command("verify")

    def test_what_the_hub_said_after_the_copy_is_gone_and_is_said_again(self):
        refs = [self.houston.record(*IND, "--date", day) for day in ("2025-08-01", "2025-08-02")]
        self.wait()
        self.office.command("return", refs[0], "--why", "before the copy")
        self.office.command("cut", "early", "--cutoff", "2025-12-31")
        self.office.command("backup", self.path("copy"))
        self.office.command("return", refs[1], "--why", "after the copy")
        self.office.command("cut", "late", "--cutoff", "2025-12-31")
        self.office.command("lock", "2025-Q3")
        self.houston.record(*IND, "--date", "2025-08-03", "--force")
        self.wait()
        self.assertEqual(self.office.total("IND-1"), 2)
        self.put_in_place(self.path("copy"))
        wait_until(lambda: self.office.total("IND-1") == 3, "what no lock holds back any more")
        self.assertEqual([c["name"] for c in self.office.ask_plain("cuts", "--verify")["cuts"]],
                         ["early"])
        self.assertEqual(self.office.ask_plain("locks")["locks"], [])
        wait_until(lambda: self.houston.status()["remarks"] == [refs[0] + ": before the copy"],
                   "the device reads the remark that is left")
        self.office.command("return", refs[1], "--why", "after the copy")
        wait_until(lambda: len(self.houston.status()["remarks"]) == 2, "it is said again")
        self.office.command("verify")


class EmptyHub(Restored):
    def made_again(self):
        """The hub is lost but for its keys; the devices are let in as at first."""
        os.mkdir(self.path("safe"))
        for name in ("sign.key", "curve.key"):
            shutil.copy(os.path.join(self.office.home, name), self.path("safe", name))
        self.office.stop(signal.SIGKILL)
        shutil.rmtree(self.office.home)
        run("valija-hub", "init", "--home", self.office.home, "--bind", self.endpoint, "--plan",
            PLAN, "--keys", self.path("safe"))
        for device in self.devices:
            role = ("--role", "office") if device is self.ministry else ()
            self.office.enroll(os.path.join(device.home, "request"), device.fingerprint, *role)
        self.office.start()

    def test_the_services_bring_all_of_it(self):
        self.record_all_kinds("2025-Q1", "2025-02-03")
        self.office_device_speaks()
        self.wait()
        told = self.told()
        self.made_again()
        self.comes_back(told)
        self.assert_office_device_was_heard()

    def test_what_the_hub_itself_said_is_gone_and_what_its_lock_held_counts(self):
        ref = self.houston.record(*IND, "--date", "2025-08-01")
        self.wait()
        self.office.command("return", ref, "--why", "how many?")
        self.office.command("cut", "early", "--cutoff", "2025-12-31")
        self.office.command("lock", "2025-Q3")
        self.houston.record(*IND, "--date", "2025-08-03", "--force")
        self.wait()
        wait_until(lambda: self.houston.status()["remarks"], "the device reads the remark")
        self.assertEqual(self.office.total("IND-1"), 1)
        self.made_again()
        wait_until(lambda: self.office.total("IND-1") == 2, "what no lock holds back any more")
        self.assertEqual(self.office.ask_plain("cuts")["cuts"], [])
        self.assertEqual(self.office.ask_plain("locks")["locks"], [])
        wait_until(lambda: self.houston.status()["remarks"] == [], "nor is there a remark")
        self.assertEqual(self.office.ask("held")["held"], [])
        self.office.command("verify")


if __name__ == "__main__":
    unittest.main()
