#!/usr/bin/python3
"""valija-hub events, held, show, units: what came in and what became of it."""

import csv
import io
import unittest

from programs import run, wait_until
from query import HOUSTON, MADRID, QueryCase, day, only, peer


class EventsCase(QueryCase):
    def setUp(self):
        super().setUp()
        self.hub = self.hub()

    def show(self, ref, *args):
        return self.hub.ask("show", ref, *args)


class Events(EventsCase):
    def test_each_entry_is_told_with_what_became_of_it(self):
        device = self.device(self.hub, HOUSTON)
        first = device.activity(day("2025-03-01"), ind="IND-1", place="Katy", qty=2,
                                mode="consulado-movil")
        device.activity(day("2025-03-02"), ind="IND-1", init=["2.1.05"], qty=3, fix=[
            peer.fix_of(*first)], why="typing error")
        gone = device.activity(day("2025-04-01"), ind="IND-1", status="planned")
        device.add(peer.void(HOUSTON, "never was", gone))
        device.activity(day("2019-01-01"), ind="IND-1")
        device.activity(day("2026-12-31"), ind="IND-1", status="cancelled")
        device.activity(day("2026-12-31"), init=["2.3.02"])
        self.hub.sync(device)
        rows = self.hub.ask("events", "--cutoff", "2025-12-31")["events"]
        self.assertEqual(only(rows, "ref", "outcome", "reason", "dated_ahead"), [
            (device.ref(1), "replaced", None, False), (device.ref(2), "counted", None, False),
            (device.ref(3), "out", None, False), (device.ref(4), "voided", None, False),
            (device.ref(5), "held", "date", False), (device.ref(6), "cancelled", None, False),
            (device.ref(7), "counted", None, True)])
        self.assertEqual(only(rows[1:2], "unit", "unit_name", "date", "indicator", "initiatives",
                              "quantity", "status", "kind"),
                         [(HOUSTON, "Consulado de Colombia en Houston", "2025-03-02", "IND-1",
                           ["2.1.05"], 3, "done", "activity")])
        text = self.hub.command("events", "--cutoff", "2025-12-31")
        self.assertRegex(text, device.ref(7) + r" .*2\.3\.02 .*dated after the cut-off\n")
        self.assertIn("7 entries", text)

    def test_what_tells_of_a_commitment_or_a_project_is_found(self):
        device = self.device(self.hub, HOUSTON)
        q4 = 2025 * 4 + 3
        device.add(peer.event("progress", u=HOUSTON, quarter=q4, commit="COM-1", pct=5000))
        device.add(peer.event("budget", u=HOUSTON, quarter=q4, bpin="2018011000755", appr=4, comm=3,
                              obl=2, paid=1))
        device.activity(day("2025-11-14"), ind="IND-1")
        self.hub.sync(device)
        for code, seq in (("COM-1", 1), ("2018011000755", 2), ("IND-1", 3)):
            rows = self.hub.ask("events", "--code", code)["events"]
            self.assertEqual(only(rows, "ref"), [(device.ref(seq),)])
        self.assertIn("did you mean", run("valija-hub", "events", "--code", "IND-11", "--home",
                                          self.hub.home, status=65).stderr)

    def test_a_conflict_is_shown_until_a_version_names_both(self):
        device = self.device(self.hub, HOUSTON)
        first = peer.fix_of(*device.activity(day("2025-03-01"), ind="IND-1"))
        self.hub.sync(device)
        copy = device.clone()
        heads = [d.activity(day("2025-03-01"), ind="IND-1", qty=q, fix=[first], why="w")
                 for d, q in ((device, 2), (copy, 3))]
        self.hub.sync(device)
        self.hub.sync(copy)
        rows = self.hub.ask("events")["events"]
        self.assertEqual(sorted(r["outcome"] for r in rows), ["conflict", "counted", "replaced"])
        self.assertEqual(self.hub.state()["conflicts"], 1)
        self.assertIn("1 entry has versions in conflict", self.hub.command("state"))
        copy.activity(day("2025-03-01"), ind="IND-1", qty=4, why="both",
                      fix=[peer.fix_of(*h) for h in heads])
        self.hub.sync(copy)
        self.assertEqual(self.hub.state()["conflicts"], 0)
        self.assertEqual(self.hub.total("IND-1"), 4)

    def test_unit_code_and_status_narrow_it(self):
        self.records(self.hub, HOUSTON, ("2025-03-01", {}), ("2025-03-02", {"status": "planned"}))
        self.records(self.hub, MADRID, ("2025-03-03", {"ind": "IND-6"}),
                     ("2025-03-04", {"init": ["2.3.02"]}))

        def dates(*args):
            return [row["date"][-2:] for row in self.hub.ask("events", *args)["events"]]

        self.assertEqual(sorted(dates()), ["01", "02", "03", "04"])
        self.assertEqual(dates("--unit", MADRID), ["03", "04"])
        self.assertEqual(dates("--code", "2.3.02"), ["04"])
        self.assertEqual(dates("--code", "2.1.05"), ["01", "02", "04"])  # linked to IND-1
        self.assertEqual(dates("--code", "IND-1", "--status", "planned"), ["02"])
        self.assertEqual(dates("--unit", MADRID, "--status", "moved"), [])
        self.assertIn("No entry", self.hub.command("events", "--unit", "con-miami"))

    def test_text_of_a_device_can_neither_run_in_a_spreadsheet_nor_on_a_terminal(self):
        evil = ['=HYPERLINK("http://x")', "+1", "-1", "@x", 'say "hi", now', "\x1b[2Jx\u202ey"]
        self.records(self.hub, HOUSTON, *(("2025-03-01", {"place": p}) for p in evil))
        text = self.hub.command("events", "--csv")
        places = [row["place"] for row in csv.DictReader(io.StringIO(text, newline=""))]
        self.assertEqual(places, ['\'=HYPERLINK("http://x")', "'+1", "'-1", "'@x", 'say "hi", now',
                                  "\\x1b[2Jx\\xe2\\x80\\xaey"])
        for command in ("events", "events --csv"):
            text = self.hub.command(command)
            self.assertNotIn("\x1b", text)
            self.assertNotIn("\u202e", text)
        self.assertEqual([e["place"] for e in self.hub.ask("events")["events"]], evil)


class Calendar(EventsCase):
    def calendar(self, *args):
        told = self.hub.ask("calendar", *args)
        return told, only(told["activities"], "ref", "status", "late")

    def test_what_is_planned_and_what_came_of_it_by_date(self):
        device, other = self.device(self.hub, HOUSTON), self.device(self.hub, MADRID)
        kept = device.activity(day("2025-05-20"), ind="IND-1", status="planned", place="Katy")
        device.activity(day("2025-05-20"), ind="IND-1", fix=[peer.fix_of(*kept)], why="done")
        device.activity(day("2025-05-10"), ind="IND-1", status="planned")
        device.activity(day("2025-05-10"), ind="IND-1", status="planned",
                        until=day("2025-05-15"))
        device.activity(day("2025-06-01"), ind="IND-1", status="moved")
        device.activity(day("2025-07-01"), ind="IND-1", status="planned")  # another quarter
        gone = device.activity(day("2025-05-11"), ind="IND-1", status="planned")
        device.add(peer.void(HOUSTON, "no", gone))
        other.activity(day("2025-05-10"), ind="IND-1", status="cancelled")
        for d in (device, other):
            self.hub.sync(d)
        told, rows = self.calendar("--cutoff", "2025-05-15")
        self.assertEqual((told["from"], told["to"]), ("2025-04-01", "2025-06-30"))
        self.assertEqual(rows, [
            (device.ref(3), "planned", True), (device.ref(4), "planned", False),
            (other.ref(1), "cancelled", False), (device.ref(2), "done", False),
            (device.ref(5), "moved", False)])
        self.assertEqual(self.calendar("--from", "2025-06", "--cutoff", "2025-05-15")[1],
                         [(device.ref(5), "moved", False), (device.ref(6), "planned", False)])
        self.assertEqual(self.calendar("--to", "2025-05", "--unit", MADRID)[1],
                         [(other.ref(1), "cancelled", False)])
        text = self.hub.command("calendar", "--cutoff", "2025-05-15")
        self.assertIn("From 2025-04-01 to 2025-06-30: done 1, planned 2 (of them past: 1), "
                      "moved 1, cancelled 1", text)
        self.assertRegex(text, r"(?m)^2025-05-10 %s .*planned, past +%s" % (HOUSTON,
                                                                             device.ref(3)))
        self.assertIn("Nothing is dated from 2020-01-01 to 2020-12-31",
                      self.hub.command("calendar", "--from", "2020", "--to", "2020"))
        run("valija-hub", "calendar", "--from", "2025", "--to", "2024", "--home", self.hub.home,
            status=64)


class Duplicates(EventsCase):
    def activity(self, device, **other):
        return device.activity(day("2025-03-01"), **{"ind": "IND-1", "mode": "consulado-movil",
                                                     "place": "Bogotá Norte", **other})

    def alike(self, *args):
        rows = self.hub.ask("duplicates", *args)["entries"]
        return only(rows, "group", "ref")

    def test_what_may_have_been_told_twice_is_listed_and_still_counts(self):
        first, second = (self.device(self.hub, HOUSTON) for _ in range(2))
        self.activity(first, qty=2, by="ana")
        self.activity(first, init=["2.1.05"])       # each of these differs in one thing
        self.activity(first, mode="sabado-consular")
        self.activity(first, place="Bogotá Sur")
        self.activity(first, status="planned")
        first.activity(day("2025-03-02"), ind="IND-1", mode="consulado-movil", place="x")
        first.activity(day("2025-03-02"), ind="IND-1", mode="consulado-movil", place="x")
        self.activity(second, place="  BOGOTÁ  norte ", qty=5)
        elsewhere = self.device(self.hub, MADRID)
        self.activity(elsewhere)
        for device in (first, second, elsewhere):
            self.hub.sync(device)
        self.assertEqual(self.alike(), [(1, first.ref(1)), (1, second.ref(1)), (2, first.ref(6)),
                                        (2, first.ref(7))])
        self.assertEqual(self.alike("--period", "2025-03-02"),
                         [(1, first.ref(6)), (1, first.ref(7))])
        self.assertEqual(self.alike("--unit", MADRID), [])
        self.assertEqual(self.alike("--period", "2025-Q2"), [])
        self.assertEqual(self.hub.total("IND-1"), 2 + 1 + 1 + 1 + 1 + 1 + 5 + 1)
        text = self.hub.command("duplicates")
        self.assertIn("2 groups of entries that look alike. Each entry counts.", text)
        self.assertRegex(text, r"(?m)^ +1 %s .* ana *$" % first.ref(1))

    def test_who_takes_one_out_is_done_with_it(self):
        device = self.device(self.hub, HOUSTON)
        self.activity(device)
        twin = self.activity(device)
        third = self.activity(device)
        self.hub.sync(device)
        self.assertEqual(len(self.alike()), 3)
        device.add(peer.void(HOUSTON, "twice", twin))
        device.activity(day("2025-03-05"), ind="IND-1", fix=[peer.fix_of(*third)], why="date")
        self.hub.sync(device)
        self.assertEqual(self.alike(), [])
        self.assertIn("No two entries that count look alike", self.hub.command("duplicates"))


class Held(EventsCase):
    def test_the_reason_names_what_was_probably_meant(self):
        device = self.hub.admit(peer.Device([HOUSTON, "con-huston"]), "--force")
        wrong = [{"ind": "IND-11"}, {"init": ["2.3.2"]}, {"ind": "IND-1", "mode": "consulado-mobil"},
                 {"ind": "IND-1", "count": {"atended": 3}}, {"ind": "IND-1", "group": {"ACT-19": 3}},
                 {"ind": "IND-1", "u": "con-huston"}, {"ind": "IND-1", "u": MADRID}]
        for keys in wrong:
            device.activity(day("2025-03-01"), **keys)
        device.add(b"\xc1")
        self.hub.sync(device)
        rows = {row["ref"]: row for row in self.hub.ask("held")["held"]}
        told = [(rows[device.ref(n)]["reason"], rows[device.ref(n)]["found"],
                 rows[device.ref(n)]["nearest"]) for n in range(1, 9)]
        self.assertEqual(told, [
            ("indicator", "IND-11", "IND-1"), ("initiative", "2.3.2", "2.3.02"),
            ("mode", "consulado-mobil", "consulado-movil"), ("count", "atended", "attended"),
            ("group", "ACT-19", "ACT-1"), ("unit", "con-huston", "con-houston"),
            ("right", MADRID, None), ("malformed", None, None)])
        text = self.hub.command("held")
        self.assertIn("the plan has no such unit: con-huston; the nearest is con-houston", text)
        self.assertIn("8 entries are held", text)

    def test_nothing_held_is_a_sentence(self):
        self.assertEqual(self.hub.command("held"), "Nothing is held.\n")
        self.assertEqual(self.hub.ask("held")["held"], [])


class Show(EventsCase):
    def record(self):
        device = self.device(self.hub, HOUSTON)
        device.activity(day("2025-03-01"), ind="IND-1")
        device.activity(day("2025-11-14"), until=day("2025-11-15"), ind="IND-1",
                        init=["2.3.02"], qty=2, mode="consulado-movil", place="A Coruña",
                        country="ES", count={"attended": 180}, group={"ACT-1": 90},
                        note="se canta\x07", by="Ana Núñez", evid=[["acta.pdf", 10, bytes(32)]])
        self.hub.sync(device)
        return device

    def test_it_tells_all_there_is_in_the_event(self):
        device = self.record()
        told = self.show(device.ref(2))
        self.assertEqual(told["event"], {
            "kind": "activity", "unit": HOUSTON, "unit_name": "Consulado de Colombia en Houston",
            "indicator": {"code": "IND-1", "name": told["event"]["indicator"]["name"]},
            "initiatives": [{"code": "2.3.02",
                             "name": told["event"]["initiatives"][0]["name"]}],
            "date": "2025-11-14", "until": "2025-11-15", "quantity": 2, "mode": "consulado-movil",
            "mode_name": "Consulado móvil", "place": "A Coruña", "country": "ES", "status": "done",
            "counts": {"attended": 180}, "groups": {"ACT-1": 90}, "note": "se canta\x07",
            "evidences": [{"name": "acta.pdf", "size": 10, "hash": "00" * 32}], "fixes": [],
            "why": None, "by": "Ana Núñez", "at": "2025-11-14T16:00:00Z"})
        self.assertEqual(told["outcome"], "counted")
        self.assertEqual(told["key"], device.feed.hex())
        self.assertEqual(told["hash"], device.point(2)[1].hex())
        self.assertEqual((told["batch"]["first"], told["batch"]["last"]), (1, 2))
        self.assertEqual(told["batch"]["signature"],
                         peer.batch_signature(device.key, device.point(2)).hex())
        self.assertTrue(told["batch"]["verified"])
        text = self.hub.command("show", device.ref(2).lower())
        for words in (device.ref(2), "A Coruña", "Consulado móvil", "180  attended",
                      "Personas atendidas", "2025-11-14 to 2025-11-15", "Ana Núñez",
                      "se canta\\x07", device.feed.hex(), "signature and chain hold"):
            self.assertIn(words, text)

    def test_versions_are_told_with_what_became_of_each(self):
        device = self.device(self.hub, HOUSTON)
        first = device.activity(day("2025-03-01"), ind="IND-1")
        device.activity(day("2025-03-02"), ind="IND-1", fix=[peer.fix_of(*first)], why="wrong day")
        device.activity(day("2025-03-03"), ind="IND-1")
        self.hub.sync(device)
        for n in (1, 2):
            told = self.show(device.ref(n))
            self.assertEqual({v["ref"]: (v["outcome"], v["this"]) for v in told["versions"]},
                             {device.ref(1): ("replaced", n == 1),
                              device.ref(2): ("counted", n == 2)})
        self.assertEqual(self.show(device.ref(2))["event"]["why"], "wrong day")
        self.assertEqual(self.show(device.ref(3))["versions"], [])
        self.assertIn("2 versions of this entry:", self.hub.command("show", device.ref(1)))

    def test_evidence_is_enough_for_a_stranger(self):
        device = self.record()
        path = self.path("evidence")
        self.hub.command("show", device.ref(1), "--evidence", path)
        with open(path, "rb") as f:
            feed, point, body = peer.evidence(f.read())
        self.assertEqual((feed, point, body), (device.feed, device.point(1), device.bodies[0]))
        run("valija-hub", "show", device.ref(1), "--home", self.hub.home, "--evidence",
            self.path("no", "such", "folder"), status=66)

    def test_a_ref_that_names_nothing_is_told_apart(self):
        device = self.record()
        name = device.ref(1).split("-")[0]
        for ref, status, words in ((name + "-3", 66, "the last one of that device is 2"),
                                   ("AAAAAAAA-1", 66, "no device AAAAAAAA is enrolled"),
                                   (device.ref(1) + "-00000000", 66, "there is no entry"),
                                   ("17", 64, "'17' is no REF"), ("x\x1b-1", 64, "x\\x1b-1")):
            said = run("valija-hub", "show", ref, "--home", self.hub.home, status=status)
            self.assertIn(words, said.stderr)

    def test_the_plan_is_an_entry_of_the_hub(self):
        ref = peer.ref(self.hub.keys.sign, 1)
        told = self.show(ref)
        self.assertEqual((told["outcome"], told["role"], told["event"]["plan"]["version"]),
                         ("office", "hub", 1))
        self.assertNotIn(ref, [e["ref"] for e in self.hub.ask("events")["events"]])


class Forked(EventsCase):
    def fork(self):
        """Entries 1 to 3, then 4 and 5 on one lane and another 4 on a second."""
        device = self.device(self.hub, HOUSTON)
        for n in range(3):
            device.activity(day("2025-03-01") + n, ind="IND-1")
        clone = device.clone()
        for n in range(2):
            device.activity(day("2025-04-01") + n, ind="IND-1")
        clone.activity(day("2025-05-01"), ind="IND-1")
        self.hub.sync(device, events=2)
        self.hub.sync(clone)
        return device, clone

    def test_units_say_where_a_copy_was_made(self):
        device, _ = self.fork()
        row = next(r for r in self.hub.ask("units")["units"] if r["unit"] == HOUSTON)
        self.assertEqual((row["device"], row["lanes"], row["forks"], row["stored"]),
                         (peer.device_name(device.feed), 2, [3], 5))
        self.assertIn("behind entry 3; all entries count, each once",
                      self.hub.command("units"))
        other = device.clone(0)
        other.activity(day("2025-06-01"), ind="IND-1")
        self.hub.sync(other)
        row = next(r for r in self.hub.ask("units")["units"] if r["unit"] == HOUSTON)
        self.assertEqual(row["forks"], [0, 3])
        self.assertEqual(self.hub.total("IND-1"), 7)

    def test_a_number_used_twice_wants_the_hash(self):
        device, clone = self.fork()
        said = run("valija-hub", "show", device.ref(4), "--home", self.hub.home, status=65)
        for one in (device, clone):
            self.assertIn(one.ref(4, whole=True), said.stderr)
            self.assertEqual(self.show(one.ref(4, whole=True))["hash"], one.point(4)[1].hex())
        self.assertEqual(self.show(device.ref(3))["ref"], device.ref(3, whole=True))
        refs = [e["ref"] for e in self.hub.ask("events")["events"]]
        self.assertEqual(len(set(refs)), 6)
        self.assertIn(clone.ref(4, whole=True), refs)


class Units(EventsCase):
    def test_contact_pending_and_tip_are_as_the_device_told(self):
        device = self.records(self.hub, HOUSTON, ("2025-03-01", {}), ("2025-03-02", {}))
        self.device(self.hub, MADRID)
        units = {r["unit"]: r for r in self.hub.ask("units")["units"]}
        self.assertEqual(len(units), 141)
        told = units[HOUSTON]
        self.assertEqual((told["device"], told["role"], told["tip"], told["stored"],
                          told["pending"], told["lanes"], told["forks"], told["program"]),
                         (peer.device_name(device.feed), "device", 2, 2, 0, 1, [], "peer.py"))
        self.assertRegex(told["last_contact"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertLess(abs(told["skew_ms"]), 60000)
        self.assertIsNone(units[MADRID]["last_contact"])
        self.assertIsNone(units["emb-argel"]["device"])
        text = self.hub.command("units")
        self.assertRegex(text, "con-madrid .* never")
        self.assertNotIn("emb-argel", text)
        self.assertIn("139 units of the plan have no device.", text)

    def test_what_a_device_has_not_sent_yet_is_pending(self):
        device = self.records(self.hub, HOUSTON, ("2025-03-01", {}))
        device.activity(day("2025-03-02"), ind="IND-1")
        with self.hub.link(device) as link:
            link.hello()

        def told():
            return next(r for r in self.hub.ask("units")["units"] if r["unit"] == HOUSTON)

        wait_until(lambda: told()["tip"] == 2, "the tip is told")
        self.assertEqual((told()["stored"], told()["pending"]), (1, 1))


if __name__ == "__main__":
    unittest.main()
