#!/usr/bin/python3
"""A device whose disk has changed what was stored: cut short, zeroed, flipped bytes.

Every command says which file and what to do and never dies of a signal; no number that it
prints is wrong; `valija verify` finds what the others do not come across."""

import json
import os
import random
import shutil
import unittest

from programs import Agent, Case, Hub, free_endpoint, run

HOUSTON = "con-houston"
DAY = ("--indicator", "IND-1", "--date", "2025-11-15")
DAMAGED, UNAVAILABLE, IO, TEMPORARY = 65, 69, 74, 75
PAGE = 4096
COMMANDS = [("valija", "status"), ("valija", "list"), ("valija", "show", "1"),
            ("valija", "record", *DAY), ("valija", "void", "1", "--why", "x"),
            ("valija-agent", "sync", "--timeout-ms", "300")]


class Damage(Case):
    def setUp(self):
        super().setUp()
        self.endpoint = free_endpoint()
        self.office = Hub(self.path("hub"), bind=self.endpoint)
        self.addCleanup(self.office.stop)
        self.agent = Agent(self.path("home"), self.office, self.endpoint, HOUSTON)
        self.office.start()
        for note in range(12):
            self.agent.record(*DAY, "--note", "entry number %d, that is told by its note" % note,
                              "--key", "key %d" % note)
        self.agent.valija("correct", "3", "--quantity", "4", "--why", "four")
        self.agent.sync()
        for note in range(2):
            self.agent.record(*DAY, "--note", "later %d" % note)
        self.sound = self.path("sound")
        shutil.copytree(self.agent.home, self.sound)
        self.entries = json.loads(self.agent.valija("list", "--json"))

    @property
    def file(self):
        return os.path.join(self.agent.home, "outbox", "data.mdb")

    def restore(self):
        shutil.rmtree(self.agent.home)
        shutil.copytree(self.sound, self.agent.home)

    def bytes(self):
        with open(os.path.join(self.sound, "outbox", "data.mdb"), "rb") as f:
            return bytearray(f.read())

    def put(self, data):
        self.restore()
        with open(self.file, "r+b") as f:
            f.truncate(0)
            f.write(data)

    def verify(self, status):
        return json.loads(run("valija", "verify", "--json", "--home", self.agent.home,
                              status=status).stdout)

    def verify_says(self, *words):
        done = run("valija", "verify", "--home", self.agent.home, status=DAMAGED)
        for word in (self.file, *words):
            self.assertIn(word, done.stdout)
        return done.stdout

    def commands_say(self):
        """Each says what file it is, or works; none is killed."""
        for command in COMMANDS:
            done = run(*command, "--home", self.agent.home, status=None)
            self.assertGreaterEqual(done.returncode, 0, (command, done.stderr))
            if done.returncode in (DAMAGED, IO):
                self.assertIn(self.file, done.stderr, command)
                self.assertIn("valija verify", done.stderr, command)
            elif done.returncode == UNAVAILABLE:
                self.assertIn("valija verify", done.stderr, command)
            else:
                self.assertIn(done.returncode, (0, TEMPORARY), (command, done.stderr))

    def test_a_sound_home(self):
        self.assertIn("15 entries", self.agent.valija("verify"))
        found = self.verify(0)
        self.assertFalse(found["damaged"])
        self.assertEqual((found["tip"], found["acknowledged"], found["whole"]), (15, 13, 15))
        self.assertEqual(set(found["parts"].values()), {"whole"})

    def test_an_empty_home_and_none(self):
        fresh = self.path("fresh")
        run("valija-agent", "init", "--home", fresh, "--unit", HOUSTON, "--hub", self.endpoint,
            "--hub-key", self.office.pub)
        self.assertIn("0 entries", run("valija", "verify", "--home", fresh).stdout)
        self.assertIn("no home", run("valija", "verify", "--home", self.path("none"),
                                     status=66).stderr)

    def test_cut_short(self):
        size = len(self.bytes())
        for length in (0, 1, 100, PAGE, 2 * PAGE, 3 * PAGE, size // 2, size - PAGE):
            with self.subTest(length=length):
                self.put(self.bytes()[:length])
                self.verify_says("damaged", "keep a copy", "valija-agent adopt")
                self.commands_say()

    def test_zeroed(self):
        data = self.bytes()
        for first, last in ((0, 2 * PAGE), (0, len(data)), (2 * PAGE, len(data))):
            with self.subTest(first=first, last=last):
                self.put(data[:first] + bytes(last - first) + data[last:])
                self.verify_says("damaged")
                self.commands_say()

    def test_one_byte_of_an_entry(self):
        self.put(self.bytes().replace(b"entry number 7", b"entry number 6"))
        said = self.verify_says("damaged from entry 8 on", "the first 13 entries of 15")
        self.assertIn("entries 14 to 15 are lost here", said)
        found = self.verify(DAMAGED)
        self.assertEqual((found["whole"], found["parts"]["entries"]), (7, "damaged"))

    def test_one_byte_of_an_entry_that_the_hub_has_not(self):
        self.put(self.bytes().replace(b"later 1", b"later 7"))
        said = self.verify_says("damaged from entry 15 on", "entries 14 to 14 are whole",
                                "valija-agent sync", "entries 15 to 15 are lost here")
        self.assertIn("13 entries of 15", said)

    def test_what_the_disk_changed_is_not_carried_and_what_is_before_it_is(self):
        before = self.office.total("IND-1")
        self.put(self.bytes().replace(b"later 1", b"later 7"))
        said = run("valija-agent", "sync", "--home", self.agent.home, "--timeout-ms", "2000",
                   "--retry-min-ms", "5", "--retry-max-ms", "50", status=TEMPORARY).stderr
        self.assertIn("valija verify", said)
        self.assertIn("14 entries acknowledged in all; 1 pending", said)
        self.assertEqual(self.office.total("IND-1"), before + 1)

    def test_whatever_byte_it_is(self):
        """All pages, a byte each time: found, or without any effect on what is told."""
        chance = random.Random(7)
        data = self.bytes()
        silent = 0
        for page in range(0, len(data), PAGE):
            for _ in range(2):
                changed = bytearray(data)
                changed[page + chance.randrange(PAGE)] ^= 1 << chance.randrange(8)
                self.put(changed)
                done = run("valija", "verify", "--home", self.agent.home, status=None)
                self.assertIn(done.returncode, (0, DAMAGED), done.stderr)
                if done.returncode == 0:
                    silent += 1
                    self.assertEqual(json.loads(self.agent.valija("list", "--json")),
                                     self.entries)
        self.assertLess(silent, len(data) // PAGE * 2)

    def test_whatever_page_it_is(self):
        """A page at random bytes: no command dies of it."""
        chance = random.Random(11)
        data = self.bytes()
        for page in range(0, len(data), PAGE):
            self.put(data[:page] + chance.randbytes(PAGE) + data[page + PAGE:])
            done = run("valija", "verify", "--home", self.agent.home, status=None)
            self.assertIn(done.returncode, (0, DAMAGED), done.stderr)
            self.commands_say()


if __name__ == "__main__":
    unittest.main()
