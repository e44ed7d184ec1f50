#!/usr/bin/python3
"""A device that was put back to an older copy of its home, or copied to a second machine.

What the hub has beyond the copy is fetched before anything new is recorded, and the device
goes on as though nothing had happened; or something was recorded, and then all of both counts
and everybody is told so in words.
"""

import csv
import json
import os
import shutil
import signal
import unittest

import peer
from programs import Agent, Case, Daemon, Hub, free_endpoint, run, wait_until

HOUSTON = "con-houston"
DAY = ("--indicator", "IND-1", "--mode", "consulado-movil")
DATA, UNAVAILABLE = 65, 69
RETRY = ("--retry-min-ms", "5", "--retry-max-ms", "200")


class Device(Case):
    def setUp(self):
        super().setUp()
        self.endpoint = free_endpoint()
        self.office = Hub(self.path("hub"), bind=self.endpoint)
        self.addCleanup(self.office.stop, signal.SIGKILL)
        self.office.start()
        self.agent = Agent(self.path("home"), self.office, self.endpoint, HOUSTON)
        self.agent.sync()  # which brings the plan

    def record(self, count, home=None):
        for day in range(count):
            run("valija", "record", *DAY, "--date", "2025-11-%02d" % (day + 1), "--place",
                "Dallas %s" % os.urandom(4).hex(), "--home", home or self.agent.home)

    def copy(self, name):
        return shutil.copytree(self.agent.home, self.path(name))

    def put_back(self, copy):
        shutil.rmtree(self.agent.home)
        shutil.copytree(copy, self.agent.home)

    def adopt(self, *options, **other):
        return run("valija-agent", "adopt", "--home", self.agent.home, *options, **other)

    def entries(self, home=None):
        return [(e["seq"], e["hash"], e.get("replaced_by")) for e in json.loads(
            run("valija", "list", "--json", "--home", home or self.agent.home).stdout)["entries"]]

    def second(self):
        """Another hub, and the options that lead there."""
        other = self.hub("second")
        other.enroll(os.path.join(self.agent.home, "request"), self.agent.fingerprint)
        return other, ("--hub", other.endpoint, "--hub-key", other.pub)

    def unit(self):
        return next(u for u in self.office.ask("units")["units"] if u["device"])

    def remark(self):
        """What `units` says in words of the one device."""
        return " ".join(self.office.command("units").split())

    def verified(self):
        self.assertFalse(json.loads(self.agent.valija("verify", "--json"))["damaged"])


class PutBack(Device):
    """To a copy that was made before some entries."""

    def setUp(self):
        super().setUp()
        self.record(3)
        self.agent.valija("progress", "2.1.05", "--quarter", "2025-Q3", "--percent", "10",
                          "--text", "begun")
        self.agent.sync()
        self.old = self.copy("old")
        self.record(4)
        self.agent.valija("correct", "2", "--quantity", "7", "--why", "counted again")
        self.agent.valija("progress", "2.1.05", "--quarter", "2025-Q4", "--percent", "40",
                          "--text", "half")
        self.agent.sync()
        self.never = self.copy("never")  # the home as it is without all that follows
        self.put_back(self.old)

    def told_beyond(self, *words):
        for command in ("status", "list"):
            said = " ".join(self.agent.valija(command).split())
            for word in words:
                self.assertIn(word, said)

    def test_everybody_is_told_before_anything_is_done(self):
        done = run("valija-agent", "sync", "--home", self.agent.home)
        self.assertIn("the hub holds 6 entries", done.stderr)
        self.assertIn("'valija-agent adopt' fetches them", done.stderr)
        self.told_beyond("the hub holds 6 entries made after this copy; do not enter them again "
                         "'valija-agent adopt' fetches them; record nothing here before that")
        status = self.agent.status()
        self.assertEqual((status["beyond"], status["fetchable"]), (6, 6))
        wait_until(lambda: self.unit()["behind"] == 6, "the hub has noted it")
        self.assertEqual(self.unit()["lanes"], 1)
        self.assertIn("restored from a copy: 6 entries here are not there; 'valija-agent adopt' "
                      "there fetches them", self.remark())

    def test_what_was_fetched_is_as_it_was_recorded(self):
        done = self.adopt()
        self.assertEqual(done.stdout, "6 entries fetched; the last one here is 10\n")
        self.assertEqual(done.stderr, "")
        self.assertEqual(self.entries(), self.entries(self.never))
        status = self.agent.status()
        self.assertEqual((status["tip"]["seq"], status["acknowledged"], status["pending"],
                          status["beyond"]), (10, 10, 0, 0))
        self.verified()
        self.assertEqual(self.agent.sync(), "10 entries acknowledged in all; 0 pending\n")
        self.assertEqual((self.unit()["behind"], self.unit()["lanes"]), (0, 1))
        self.assertNotIn("copy", self.remark())

    def test_the_digest_is_that_of_a_device_that_was_never_put_back(self):
        before = self.office.digest()
        self.adopt()
        self.agent.sync()
        self.assertEqual(self.office.digest(), before)
        self.record(2)
        self.agent.sync()
        self.assertEqual((self.unit()["lanes"], self.unit()["stored"]), (1, 12))
        # a hub that has heard only of the device as it is now
        other, there = self.second()
        self.agent.sync(*there)
        self.assertEqual(other.digest(), self.office.digest())

    def test_corrections_and_registers_go_on_from_what_was_fetched(self):
        self.adopt()
        # 2 was corrected by 9: who corrects 2 now replaces 9
        self.agent.valija("correct", "2", "--quantity", "5", "--why", "once more")
        done = run("valija", "progress", "2.1.05", "--quarter", "2025-Q4", "--percent", "50",
                   "--text", "half", "--home", self.agent.home, status=None)
        self.assertIn("valija correct 10", done.stdout + done.stderr)
        self.agent.sync()
        self.assertEqual(self.office.state()["conflicts"], 0)
        self.assertEqual(self.office.total("IND-1"), 2 + 4 + 5)

    def test_who_records_all_the_same_is_warned_once(self):
        self.agent.sync()
        words = ("record", *DAY, "--date", "2025-11-28", "--home", self.agent.home)
        self.assertIn("the hub holds 6 entries made after this copy of the home; 'valija-agent "
                      "adopt' fetches them, as long as nothing else is recorded here",
                      run("valija", *words).stderr)
        self.assertEqual(run("valija", *words).stderr, "")

    def test_something_recorded_since_is_in_the_way(self):
        self.record(1)
        done = self.adopt(status=DATA)
        self.assertRegex(done.stderr, "6 entries made after this copy, and they cannot be fetched "
                         "any more: entry 5 was recorded here since; all count")
        self.assertEqual(done.stdout, "")
        self.assertEqual(self.unit()["lanes"], 1)  # nothing was carried
        stay_apart = ("the hub holds 6 entries made after this copy, or by another one; they count, "
                      "do not enter them again")
        self.told_beyond(stay_apart)

        done = run("valija-agent", "sync", "--home", self.agent.home)
        self.assertIn("they count, do not enter them again", done.stderr)
        self.assertNotIn("adopt", done.stderr)
        self.told_beyond(stay_apart)
        status = self.agent.status()
        self.assertEqual((status["beyond"], status["fetchable"]), (6, 0))
        done = self.adopt(status=DATA)
        self.assertIn("another copy of this device has recorded beside what is here", done.stderr)
        self.assertEqual(self.unit()["lanes"], 2)
        self.assertRegex(self.remark(), "2 lanes: restored from a copy, or used on two machines, "
                         "since .* behind entry 4; all entries count, each once")
        self.assertEqual(self.office.total("IND-1"), 3 + 4 + 6 + 1)

    def test_what_a_clone_has_recorded_beside_is_told_and_left(self):
        """Lanes that parted before the copy was made."""
        twin = shutil.copytree(self.old, self.path("twin"))
        self.record(2, twin)
        run("valija-agent", "sync", "--home", twin)
        done = self.adopt()
        self.assertEqual(done.stdout, "6 entries fetched; the last one here is 10\n")
        self.assertIn("the hub holds 2 more that another copy of this device has recorded beside "
                      "them; they count, do not enter them again", done.stderr)
        self.assertEqual(self.entries(), self.entries(self.never))
        self.told_beyond("the hub holds 2 entries made after this copy, or by another one")
        self.record(1)
        self.agent.sync()
        self.assertEqual(self.unit()["lanes"], 2)
        self.assertEqual(self.office.total("IND-1"), 3 + 4 + 6 + 2 + 1)

    def test_with_nothing_beyond_it_says_so(self):
        self.adopt()
        before = self.entries()
        self.assertEqual(self.adopt().stdout,
                         "the hub holds no entry of this device that is not here\n")
        self.assertEqual(self.entries(), before)

    def test_a_hub_that_is_away_changes_nothing(self):
        self.office.stop()
        done = self.adopt("--timeout-ms", "300", status=UNAVAILABLE)
        self.assertIn("no hub was reached in time", done.stderr)
        self.assertEqual(len(self.entries()), 4)

    def test_the_service_may_run_meanwhile(self):
        service = Daemon(self.path("log"), "valija-agent", "run", "--home", self.agent.home, *RETRY)
        self.addCleanup(service.stop, signal.SIGKILL)
        wait_until(lambda: "'valija-agent adopt' fetches them" in service.said(), "the log tells")
        self.assertEqual(self.adopt().stdout, "6 entries fetched; the last one here is 10\n")

        def told():
            status = self.agent.status()
            return status["beyond"], status["fetchable"], status["pending"]
        self.record(1)
        wait_until(lambda: told() == (0, 0, 0), "the service has heard of it")
        wait_until(lambda: self.unit()["stored"] == 11, "the service carries what comes then")
        self.assertEqual(self.unit()["lanes"], 1)

    def test_another_hub_that_has_them_gives_them_too(self):
        _, there = self.second()
        run("valija-agent", "sync", "--home", self.never, *there)
        self.office.stop()
        self.assertEqual(self.adopt(*there).stdout, "6 entries fetched; the last one here is 10\n")
        self.assertEqual(self.entries(), self.entries(self.never))
        self.office.start()
        self.assertEqual(self.agent.sync(), "10 entries acknowledged in all; 0 pending\n")
        self.assertEqual(self.unit()["lanes"], 1)


class Rows(Device):
    """Of a file that was imported."""

    ROWS = [{"date": "2025-11-%02d" % (1 + n % 9), "place": "Houston ñ", "quantity": 1 + n % 2,
             "indicator": "IND-1", "mode": "consulado-movil", "attended": n % 3}
            for n in range(40)]

    def load(self, rows):
        path = self.path("rows.csv")
        with open(path, "w", encoding="utf-8", newline="") as f:
            writer = csv.DictWriter(f, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return json.loads(self.agent.valija("import", path, "--json"))

    def check(self, rows):
        self.agent.sync()
        old = self.copy("old")
        self.assertEqual(self.load(rows)["recorded"], len(rows))
        self.agent.sync()
        self.put_back(old)
        self.adopt()
        told = self.load(rows)
        self.assertEqual((told["recorded"], told["known"]), (0, len(rows)))
        told = self.load(rows + rows[:1])
        self.assertEqual((told["recorded"], told["known"]), (1, len(rows)))

    def test_they_are_known_again(self):
        self.check(self.ROWS)

    def test_also_those_that_say_who_they_are_by(self):
        self.check([{**row, "by": "Ana Núñez"} for row in self.ROWS])


class Many(Device):
    """More than one document takes."""

    def test_pieces_that_came_stay_when_it_is_cut_off(self):
        self.agent.sync()
        old = self.copy("old")
        rows = self.path("rows.csv")
        with open(rows, "w", encoding="utf-8") as f:
            f.write("indicator,mode,date,note\n")
            for n in range(400):
                f.write("IND-1,consulado-movil,2025-10-%02d,%s\n" % (1 + n % 28,
                                                                     os.urandom(900).hex()))
        self.agent.valija("import", rows)
        self.agent.sync()
        entries = self.entries()
        self.put_back(old)
        # what the machine kills is done again, what was stored is not asked for again
        service = Daemon(self.path("log"), "valija-agent", "adopt", "--home", self.agent.home)
        self.addCleanup(service.stop, signal.SIGKILL)
        wait_until(lambda: self.agent.status()["tip"]["seq"] > 0, "a piece has come")
        service.stop(signal.SIGKILL)
        here = self.agent.status()
        self.assertEqual(here["pending"], 0)
        said = self.adopt().stdout
        if here["tip"]["seq"] < 400:
            self.assertEqual(said, "%d entries fetched; the last one here is 400\n" % (
                400 - here["tip"]["seq"]))
        self.assertEqual(self.entries(), entries)
        self.verified()


class Peer(Case):
    """The document, as a client that was written from SPEC.md alone reads it."""

    def setUp(self):
        super().setUp()
        self.office = self.hub()
        self.whole = self.device(self.office, HOUSTON)
        for day in range(30):
            self.whole.activity(20400 + day, ind="IND-1")
        with self.office.link(self.whole) as link:
            link.sync(events=7)

    def sent_back(self, device):
        """The batches that the hub sends that device back; the last WELCOME."""
        with self.office.link(device) as link:
            welcome = link.hello()
            _, data = link.document("events")
        if data is None:
            return [], welcome
        self.assertLessEqual(len(data), 131072)
        document = peer.unpack_map(data)
        self.assertEqual(document["v"], 1)
        return [peer.Batch(b).verify() for b in document["batches"]], welcome

    def test_batches_lead_on_from_the_tip(self):
        old = self.whole.clone(10)
        batches, welcome = self.sent_back(old)
        self.assertEqual((welcome["known"], welcome["beyond"]), (old.tip, 20))
        self.assertEqual([b.end[0] for b in batches], [14, 21, 28, 30])
        for batch in batches:
            self.assertTrue(old.has(batch.before) and batch.feed == old.feed)
            old.add(*batch.bodies[old.tip[0] - batch.before[0]:])
        self.assertEqual(old.tip, self.whole.tip)
        self.assertEqual(self.sent_back(old)[0], [])

    def test_who_has_recorded_since_gets_what_joins_below_and_nothing_for_its_own_lane(self):
        old = self.whole.clone(10)
        old.activity(20500, ind="IND-1")
        batches, welcome = self.sent_back(old)
        self.assertEqual((welcome["known"], welcome["beyond"]), (old.point(10), 20))
        self.assertEqual(batches[-1].end, self.whole.tip)
        self.office.sync(old)
        batches, welcome = self.sent_back(old)
        self.assertEqual((batches, welcome["known"], welcome["beyond"]), ([], old.tip, 20))

    def test_nobody_gets_those_of_another_device(self):
        other = self.device(self.office, HOUSTON)
        self.assertEqual(self.sent_back(other)[0], [])

    def test_parts_of_one_document_fit_over_two_links(self):
        for _ in range(60):
            self.whole.activity(20400, ind="IND-1", note=os.urandom(900).hex())
        self.office.sync(self.whole)
        old, packed, version = self.whole.clone(30), b"", 0
        while True:
            with self.office.link(old) as link:
                link.hello()
                link.say("GET", offset=len(packed), version=version, what="events")
                part = link.expect("PART")
            if packed:
                self.assertEqual((part["version"], part["offset"]), (version, len(packed)))
            version = part["version"]
            packed += part["bytes"]
            if len(packed) == part["total"]:
                break
        self.assertGreater(len(packed), 2 * peer.DOWN_PART_BYTES)
        covered = b"valija/events/1" + self.office.keys.sign + old.feed + peer.u64(version) + \
            peer.blake(packed)
        self.assertTrue(peer.sealed_by(self.office.keys.sign, part["sig"], covered))


class TwoMachines(Device):
    """Run from one home: a clone."""

    def test_all_events_of_both_count_and_units_says_so(self):
        self.record(2)
        self.agent.sync()
        twin = self.copy("twin")
        self.record(3)
        self.record(4, twin)
        self.agent.sync()
        run("valija-agent", "sync", "--home", twin)
        self.assertEqual(self.office.total("IND-1"), 2 + 3 + 4)
        self.assertEqual((self.unit()["lanes"], self.unit()["forks"]), (2, [2]))
        self.assertRegex(self.remark(), "2 lanes: restored from a copy, or used on two machines, "
                         "since .* behind entry 2; all entries count, each once")
        for home, beyond in ((self.agent.home, 4), (twin, 3)):
            run("valija-agent", "sync", "--home", home)
            told = json.loads(run("valija", "status", "--json", "--home", home).stdout)
            self.assertEqual((told["pending"], told["beyond"]), (0, beyond))
            done = run("valija-agent", "adopt", "--home", home, status=DATA)
            self.assertIn("they count, do not enter them again", done.stderr)
        self.assertEqual(self.office.state()["events"]["held"], 0)


if __name__ == "__main__":
    unittest.main()
