#!/usr/bin/python3
"""valija record, correct, void, list, show and status, as an officer uses them."""

import hashlib
import json
import os
import shutil
import subprocess
import unittest

import msgpack

import programs
from device import DAY, DeviceCase, tool
from programs import run


class Record(DeviceCase):
    def test_ref_names_the_entry_everywhere(self):
        ref = self.valija("record", *DAY).stdout.strip()
        device = self.status()["device"]
        self.assertEqual(ref, device + "-1")
        entry = self.show(ref)
        self.assertEqual(entry["ref"], ref)
        self.assertEqual(self.show("1"), entry)
        self.assertEqual(self.show("%s-1-%s" % (device.lower(), entry["hash"][:8])), entry)
        self.assertIn("another device", self.refused("show", "AAAAAAAA-1"))
        self.assertIn("another device", self.refused("show", "%s-1-00000000" % device))
        self.assertIn("the last one is 1", self.refused("void", "2", "--why", "x"))

    def test_everything_said_is_kept(self):
        proof = self.path("acta, final.pdf")
        with open(proof, "wb") as f:
            f.write(b"proof" * 100000)
        seq = self.record("--until", "2025-11-16", "--quantity", "2", "--mode", "consulado-movil",
                          "--place", "Peñón, 7", "--country", "us", "--count",
                          "attended=90,procedures=41", "passport=3", "--group", "ACT-1=12",
                          "--initiative", "2.3.02", "2.1.05", "--note", "día\ncorto", "--by",
                          "Ana", "--evidence", proof)
        entry = self.show(seq)
        for key in ("seq", "ref", "hash", "at", "versions"):
            del entry[key]
        self.assertEqual(entry, {
            "kind": "activity", "unit": "con-houston", "indicator": "IND-1",
            "initiatives": ["2.1.05", "2.3.02"], "date": "2025-11-15", "until": "2025-11-16",
            "quantity": 2, "mode": "consulado-movil", "place": "Peñón, 7", "country": "US",
            "status": "done", "counts": {"attended": 90, "passport": 3, "procedures": 41},
            "groups": {"ACT-1": 12}, "note": "día\ncorto", "by": "Ana", "state": "pending",
            "evidences": [{"name": "acta, final.pdf", "size": 500000,
                           "hash": hashlib.blake2b(b"proof" * 100000,
                                                   digest_size=32).hexdigest()}]})

    def test_same_key_is_stored_once(self):
        first = self.record("--key", "acta 7")
        other = self.record("--key", "acta 8")
        self.assertNotEqual(first, other)
        again = self.valija("record", *DAY, "--key", "acta 7")
        self.assertEqual(again.stderr, "")
        self.assertEqual(self.number(again), first)
        different = self.valija("record", *DAY, "--place", "elsewhere", "--key", "acta 7")
        self.assertEqual(self.number(different), first)
        self.assertIn("says something else", different.stderr)
        self.assertEqual(self.status()["tip"]["seq"], 2)
        self.assertIn("must not be empty", self.refused("record", *DAY, "--key", "", status=64))

    def test_bad_input_says_what_would_be_right(self):
        for words, said in (
                ((), "--date: the day must be given"),
                (("--indicator", "IND1", *DAY[2:]), "--indicator IND1: .*IND-1"),
                ((*DAY, "--unit", "con-huston"), "--unit con-huston: .*con-houston"),
                ((*DAY, "--unit", "emb-tokio"), "--unit emb-tokio: .*con-houston only"),
                ((*DAY, "--initiative", "2.1.5"), "--initiative 2.1.5: .*2.1.05"),
                ((*DAY, "--mode", "sabado"), "--mode sabado: .*sabado-consular"),
                ((*DAY, "--count", "atended=1"), "--count atended: .*attended"),
                ((*DAY, "--count", "attended"), "--count attended=: a whole number"),
                ((*DAY, "--date", "2025-02-30"), "--date 2025-02-30: there is no such day"),
                ((*DAY, "--date", "15/11/2025"), "--date 15/11/2025: .*2025-11-15"),
                ((*DAY, "--until", "2025-11-14"), "--until 2025-11-14: .*before the first"),
                ((*DAY, "--quantity", "0"), "--quantity 0: a whole number from 1 to 9999"),
                ((*DAY, "--quantity", "10000"), "--quantity 10000: a whole number"),
                ((*DAY, "--note", b"\xff"), "--note .xff: these bytes are not UTF-8"),
                ((*DAY, "--note", "x" * 100000), "--note: too long: at most 4000 bytes"),
                ((*DAY, "--date", "2022-12-31"), "outside the period of the plan, 2023-01-01"),
        ):
            with self.subTest(words=words[-2:]):
                error = self.refused("record", *(w if isinstance(w, str) else os.fsdecode(w)
                                                 for w in words))
                self.assertRegex(error, said)
                self.assertIn("nothing was recorded", error)

    def test_wrong_words_are_wrong_usage(self):
        self.assertIn("belongs to no option", self.refused("record", *DAY, "foo", status=64))
        self.assertIn("did you mean '--date'", self.refused("record", "--dtae", "x", status=64))
        self.assertIn("say which entry", self.refused("correct", "--why", "x", status=64))
        run("valija", "--home", self.home, "record", status=64)

    def test_evidence_that_cannot_be_read_is_told(self):
        self.assertIn("nofile: not found",
                      self.refused("record", *DAY, "--evidence", self.path("nofile"), status=66))
        self.assertIn("not a file",
                      self.refused("record", *DAY, "--evidence", self.folder, status=66))

    def test_a_ref_that_cannot_be_written_is_told_as_stored(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([os.path.join(programs.BIN, "valija"), "record", *DAY, "--home",
                                   self.home], stdout=full, stderr=subprocess.PIPE, text=True,
                                  timeout=30, check=False)
        self.assertEqual(done.returncode, 74)
        self.assertIn("-1 is stored", done.stderr)
        self.assertEqual(self.status()["tip"]["seq"], 1)

    def test_odd_days_are_warnings(self):
        done = self.valija("record", "--indicator", "IND-1", "--date", "2025-11-11", "--mode",
                           "sabado-consular", "--status", "planned")
        self.assertEqual(self.number(done), 1)
        self.assertEqual(done.stderr.count("warning: --date 2025-11-11"), 2)

    def test_force_records_what_the_plan_refuses(self):
        bad = ("--indicator", "IND-9", "--date", "2031-01-01", "--unit", "con-paris")
        self.assertIn("with --force", self.refused("record", *bad))
        done = self.valija("record", *bad, "--force")
        self.assertIn("warning", done.stderr)
        entry = self.show(self.number(done))
        self.assertEqual((entry["indicator"], entry["unit"]), ("IND-9", "con-paris"))
        self.assertIn("--quantity 0", self.refused("record", *bad, "--force", "--quantity", "0"))


class SeveralUnits(DeviceCase):
    units = "con-houston,con-miami"

    def test_unit_must_be_said(self):
        self.assertIn("con-houston, con-miami", self.refused("record", *DAY))
        self.assertEqual(self.show(self.record("--unit", "con-miami"))["unit"], "con-miami")


class Correct(DeviceCase):
    def correct(self, seq, *args):
        return self.number(self.valija("correct", seq, *args, "--why", "miscounted"))

    def test_what_is_not_given_stays(self):
        first = self.record("--place", "Houston", "--count", "attended=90", "procedures=41",
                            "--note", "n", "--by", "Ana")
        second = self.correct(first, "--count", "attended=91", "--note", "")
        entry = self.show(second)
        self.assertEqual(entry["place"], "Houston")
        self.assertEqual(entry["counts"], {"attended": 91, "procedures": 41})
        self.assertNotIn("note", entry)
        self.assertEqual(entry["why"], "miscounted")
        self.assertEqual(entry["fixes"], [{"seq": first, "hash": self.show(first)["hash"][:32]}])
        self.assertEqual(self.show(first)["replaced_by"], second)
        third = self.correct(second, "--count", "procedures=", "--initiative", "2.3.02")
        self.assertEqual(self.show(third)["counts"], {"attended": 91})
        self.assertEqual(self.show(third)["initiatives"], ["2.3.02"])
        fourth = self.correct(third, "--count", "", "--indicator", "")
        self.assertNotIn("counts", self.show(fourth))
        self.assertNotIn("indicator", self.show(fourth))

    def test_correction_follows_to_the_newest_version(self):
        first = self.record()
        self.correct(first, "--place", "Houston")
        third = self.correct(first, "--quantity", "2")
        entry = self.show(third)
        self.assertEqual(entry["fixes"][0]["seq"], 2)
        self.assertEqual((entry["place"], entry["quantity"]), ("Houston", 2))
        self.assertEqual(entry["versions"], [1, 2, 3])

    def test_planned_becomes_done(self):
        first = self.record("--status", "planned")
        self.assertEqual(self.show(first)["status"], "planned")
        self.assertEqual(self.show(self.correct(first, "--status", "done"))["status"], "done")

    def test_void_takes_out_and_correct_brings_back(self):
        first = self.record("--place", "Houston")
        second = self.number(self.valija("void", first, "--why", "never happened"))
        entry = self.show(second)
        self.assertEqual((entry["kind"], entry["why"]), ("void", "never happened"))
        self.assertTrue(self.show(first)["void"])
        self.assertIn("void already", self.refused("void", first, "--why", "again"))
        back = self.valija("correct", first, "--quantity", "3", "--why", "it did")
        self.assertIn("counts again", back.stderr)
        entry = self.show(self.number(back))
        self.assertEqual((entry["place"], entry["quantity"]), ("Houston", 3))
        self.assertEqual(entry["fixes"][0]["seq"], second)

    def test_what_makes_no_sense_is_refused(self):
        self.record()
        self.assertIn("--why: the reason", self.refused("correct", "1", "--quantity", "2"))
        self.assertIn("--why: the reason", self.refused("void", "1"))
        self.assertIn("says just that", self.refused("correct", "1", "--why", "x"))
        self.assertIn("stays in its unit",
                      self.refused("correct", "1", "--unit", "con-miami", "--why", "x"))
        self.assertIn("there is no such day",
                      self.refused("correct", "1", "--date", "2025-02-30", "--why", "x"))


class Reading(DeviceCase):
    def test_list_and_status_of_an_empty_home(self):
        self.assertEqual(self.entries(), [])
        self.assertEqual(self.valija("list").stdout, "Nothing is recorded here yet.\n")
        self.assertEqual(self.valija("list", "--pending").stdout, "Nothing is pending.\n")
        self.assertEqual(self.valija("status").stdout.splitlines()[0],
                         "0 recorded here, 0 confirmed by the hub, 0 held, no contact with the "
                         "hub yet")

    def test_status_tells_what_the_hub_told(self):
        for _ in range(3):
            self.record()
        tool("hub", self.home, 2, 20, 1700000000000)
        hashes = [bytes.fromhex(e["hash"]) for e in self.entries()]
        standing = self.path("standing")
        with open(standing, "wb") as f:
            f.write(msgpack.packb({
                "conflicts": [[1, hashes[0]]],
                "held": [[2, hashes[1], "date"], [2, b"x" * 32, "unit"]],
                "heldn": 2, "locks": ["2025-Q3"], "remarks": ["falta el acta\x1b[2J"], "v": 1}))
        tool("standing", self.home, standing, 5)

        told = self.status()
        self.assertEqual(told["tip"], {"seq": 3, "hash": hashes[2].hex()})
        self.assertEqual((told["acknowledged"], told["pending"], told["held"]), (2, 1, 1))
        self.assertEqual([(h["seq"], h["reason"]) for h in told["held_entries"]], [(2, "date")])
        self.assertEqual((told["conflicts"], told["beyond"]), ([1], 20))
        self.assertEqual(told["last_contact"], "2023-11-14T22:13:20Z")
        self.assertEqual((told["plan_code"], told["plan_version"]), ("PEI-2023-2026", 1))
        self.assertEqual(told["units"], ["con-houston"])
        self.assertEqual(told["hub"]["endpoints"], ["tcp://127.0.0.1:1"])

        text = self.valija("status").stdout
        self.assertIn("3 recorded here, 2 confirmed by the hub, 1 held, last contact 2023-11-1",
                      text)
        self.assertIn("-2: its date lies outside the period of the plan", text)
        self.assertIn("'valija correct' puts a held entry right", text)
        self.valija("correct", "2", "--date", "2025-11-16", "--why", "mistyped")
        text = self.valija("status").stdout
        self.assertIn("replaced by 4, which the hub has not judged yet", text)
        self.assertNotIn("'valija correct'", text)
        self.assertIn("20 entries made after this copy, or by another one; they count, do not enter", text)
        self.assertIn("locked by the office: 2025-Q3", text)
        self.assertIn("remark of the office: falta el acta\\x1b[2J", text)
        self.assertEqual([e["state"] for e in self.entries()],
                         ["confirmed", "held", "pending", "pending"])
        self.assertEqual([e["seq"] for e in self.entries("--pending")], [3, 4])
        self.assertIn("held (date)", self.valija("list").stdout)

    def test_status_before_any_contact(self):
        told = self.status()
        self.assertIsNone(told["last_contact"])
        fresh = self.path("fresh")
        tool("create", fresh, "con-miami")
        told = json.loads(run("valija", "status", "--json", "--home", fresh).stdout)
        self.assertIsNone(told["plan_version"])
        self.assertEqual((told["acknowledged"], told["pending"]), (0, 0))

    def test_full_disk_of_the_reader_is_told(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full here")
        with open("/dev/full", "wb") as full:
            done = programs.subprocess.run(
                [os.path.join(programs.BIN, "valija"), "status", "--home", self.home],
                stdout=full, stderr=programs.subprocess.PIPE, text=True, check=False, timeout=30)
        self.assertEqual(done.returncode, 74)
        self.assertIn("cannot write to standard output", done.stderr)


class Home(DeviceCase):
    def test_option_is_stronger_than_the_environment(self):
        self.record()
        env = dict(os.environ, VALIJA_HOME=self.home)
        self.assertIn("1 recorded", run("valija", "status", env=env).stdout)
        env["VALIJA_HOME"] = self.path("nowhere")
        self.assertIn("1 recorded", run("valija", "status", "--home", self.home, env=env).stdout)
        done = run("valija", "status", env=env, status=66)
        self.assertIn("no home of a device at " + self.path("nowhere"), done.stderr)
        self.assertFalse(os.path.exists(self.path("nowhere")))

    def test_copy_of_a_home_works(self):
        self.record()
        copy = self.path("copy")
        shutil.copytree(self.home, copy)
        shutil.rmtree(self.home)
        os.rename(copy, self.home)
        self.assertEqual(self.record(), 2)

    def test_what_is_not_ours_is_told(self):
        foreign = self.path("foreign")
        os.makedirs(os.path.join(foreign, "outbox"))
        with open(os.path.join(foreign, "outbox/data.mdb"), "wb") as f:
            f.write(b"something else" * 1000)
        self.assertIn("is not a home of Valija",
                      self.refused("record", *DAY, home=foreign, status=65))


if __name__ == "__main__":
    unittest.main()
