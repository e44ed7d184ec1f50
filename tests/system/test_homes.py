#!/usr/bin/python3
"""Homes and their surroundings: moved, not there, not ours, of another time,
on a disk that takes nothing, in a bare environment; and plans that change
while everything runs.  Each time one clear line, an exit status, and nothing
lost."""

import json
import os
import re
import shutil
import signal
import subprocess
import unittest

from programs import (BIN, DEADLINE_S, PLAN, Agent, Case, Daemon, Hub, free_endpoint, run,
                      wait_until)

HOUSTON, MADRID = "con-houston", "con-madrid"
DAY = ("--indicator", "IND-1", "--date", "2025-11-15")
RETRY = ("--retry-min-ms", "5", "--retry-max-ms", "100")
NOBODY = 65534
READ_ONLY = "is on a disk that can only be read now"

# All that opens a home, with what it needs beside it.
AT_DEVICE = [("valija", "status"), ("valija", "list"), ("valija", "show", "1"),
             ("valija", "record", *DAY), ("valija", "void", "1", "--why", "x"),
             ("valija", "correct", "1", "--quantity", "2", "--why", "x"),
             ("valija-agent", "sync", "--timeout-ms", "500"), ("valija-agent", "run")]
AT_HUB = [("valija-hub", *words) for words in (
    ("state",), ("counts", "IND-1"), ("units",), ("held",), ("events",), ("show", "AAAAAAAA-1"),
    ("plan", "show"), ("plan", "load", PLAN), ("run",))]


class HomesCase(Case):
    def setUp(self):
        super().setUp()
        self.endpoint = free_endpoint()
        self.office = Hub(self.path("hub"), bind=self.endpoint)
        self.addCleanup(self.office.stop, signal.SIGKILL)
        self.agent = self.enrolled(HOUSTON)

    def enrolled(self, unit):
        return Agent(self.path(unit), self.office, self.endpoint, unit)

    def daemon(self, agent):
        daemon = Daemon(agent.home + ".log", "valija-agent", "run", "--home", agent.home, *RETRY)
        self.addCleanup(daemon.stop, signal.SIGKILL)
        return daemon

    def fails(self, command, home, status, words, **other):
        """One line on standard error, with these words."""
        done = run(*command, "--home", home, status=status, **other)
        self.assertEqual(done.stdout, "", command)
        self.assertRegex(done.stderr, r"\A[^\n]+\n\Z", command)
        self.assertIn(words, done.stderr, command)

    def plan(self):
        """Version 2: targets, an initiative more, one that went to another area."""
        with open(PLAN, encoding="utf-8") as f:
            document = json.load(f)
        document["version"] = 2
        document["indicators"][0]["targets"] = {"2025": 400, "2026": 500}
        first = document["initiatives"][0]
        document["initiatives"].append({**first, "code": "9.9.01", "name": "Otra iniciativa"})
        areas = [u["code"] for u in document["units"] if u["kind"] == "area"]
        first["area"] = next(a for a in areas if a != first.get("area"))
        with open(self.path("plan-2.json"), "w", encoding="utf-8") as f:
            json.dump(document, f, ensure_ascii=False)
        return self.path("plan-2.json")


class Moved(HomesCase):
    def test_copies_and_moved_homes_work(self):
        self.agent.record(*DAY)
        copy = self.path("a copy, ñ")
        shutil.copytree(self.agent.home, copy)
        self.office.start()
        self.agent.sync()
        digest = self.office.digest()
        self.office.stop()
        moved = self.path("hub that moved")
        os.rename(self.office.home, moved)
        os.rename(self.agent.home, self.agent.home + ".old")
        self.office.home, self.agent.home = moved, copy
        self.assertEqual(self.office.digest(), digest)
        self.office.start()
        self.assertEqual(self.agent.record(*DAY)[-2:], "-2")
        self.agent.sync()
        self.assertEqual(self.office.total("IND-1"), 2)
        self.assertEqual(self.office.ask("units", "--cutoff", "2026-12-31")["units"][0]["forks"],
                         [])

    def test_questions_do_not_need_the_hub_to_run(self):
        self.agent.record(*DAY)
        self.agent.record("--initiative", "2.3.02", "--date", "2025-11-16")
        self.office.start()
        ref = self.agent.record(*DAY, "--place", "Coruña")
        self.agent.sync()
        asked = [("state",), ("counts", "IND-1"), ("units",), ("held",), ("events",),
                 ("show", ref), ("plan show",)]
        running = [self.office.command(*words, "--json") for words in asked]
        self.office.stop()
        self.assertEqual([self.office.command(*words, "--json") for words in asked], running)
        self.assertEqual(self.office.total("IND-1"), 2)


    def test_syncs_by_hand_leave_the_link_of_the_daemon_alone(self):
        self.office.start()
        daemon = self.daemon(self.agent)
        wait_until(lambda: self.agent.status()["plan_version"] == 1, "the plan")
        for _ in range(8):
            self.agent.sync()
        self.agent.record(*DAY)
        wait_until(lambda: self.agent.status()["pending"] == 0, "the entry")
        self.assertEqual(daemon.said().count("UPLINK"), 1, daemon.said())


class Refused(HomesCase):
    def test_no_home(self):
        os.mkdir(self.path("empty"))
        for home in (self.path("empty"), self.path("nowhere"), __file__):
            for command in AT_DEVICE:
                self.fails(command, home, 66, "no home of a device at " + home)
            for command in AT_HUB:
                self.fails(command, home, 66, "there is no hub in " + home)
        self.assertFalse(os.path.exists(self.path("nowhere")))
        self.assertEqual(os.listdir(self.path("empty")), [])

    def test_home_of_the_other_kind(self):
        for command in AT_DEVICE:
            self.fails(command, self.office.home, 66, "no home of a device at")
        for command in AT_HUB:
            self.fails(command, self.agent.home, 66, "there is no hub in")

    def test_home_of_somebody_else(self):
        other = {}
        if os.geteuid() == 0:
            other = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            os.chmod(self.folder, 0o755)
            try:
                run("valija", "--version", **other)
            except PermissionError:
                self.skipTest("SKIPPED: nobody may not run the programs in " + BIN)
        else:
            os.chmod(self.agent.home, 0)
            os.chmod(self.office.home, 0)
        for command in AT_DEVICE:
            self.fails(command, self.agent.home, 77, "no right to use " + self.agent.home,
                       **other)
        for command in AT_HUB:
            self.fails(command, self.office.home, 77, "no right to read " + self.office.home,
                       **other)

    def test_home_of_a_newer_version(self):
        for path in (self.agent.home + "/outbox", self.office.home + "/store"):
            with open(path + "/data.mdb", "r+b") as f:
                content = f.read()
                f.seek(0)
                f.write(re.sub(rb"(valija format\0{7}).", b"\\g<1>c", content))
        for command in AT_DEVICE:
            self.fails(command, self.agent.home, 78, "written by a newer version of Valija")
        for command in AT_HUB:
            self.fails(command, self.office.home, 78, "written by a newer valija-hub")


class Disk(HomesCase):
    def test_disk_that_may_not_be_written(self):
        self.agent.record(*DAY)
        disk = self.small_disk("disk", "64m")
        for home in (self.agent.home, self.office.home):
            shutil.copytree(home, os.path.join(disk, os.path.basename(home)))
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        for command in AT_DEVICE:
            self.fails(command, os.path.join(disk, HOUSTON), 77, READ_ONLY)
        for command in AT_HUB:
            self.fails(command, os.path.join(disk, "hub"), 77, READ_ONLY)

    def test_full_disk_of_the_hub(self):
        disk = self.small_disk("disk", "4m")
        self.office.home = shutil.move(self.office.home, disk)
        self.office.start()
        self.agent.sync()
        filler = os.path.join(disk, "filler")
        with open(filler, "wb") as f, self.assertRaises(OSError):
            f.write(b"x" * (8 << 20))
        for _ in range(60):
            self.agent.record(*DAY, "--note", os.urandom(1900).hex())
        done = run("valija-agent", "sync", "--timeout-ms", "1500", "--home", self.agent.home,
                   status=75)
        self.assertIn("it cannot store anything now", done.stderr)
        self.assertIn("nothing is lost, sync again later", done.stderr)
        daemon = self.daemon(self.agent)
        wait_until(lambda: "it cannot store anything now" in daemon.said(), "a word of the daemon")
        self.assertIn("what came cannot be stored, the devices keep it",
                      self.office.daemon.said())
        self.office.state()
        os.unlink(filler)
        wait_until(lambda: self.agent.status()["pending"] == 0, "what waited")
        self.assertEqual(self.office.total("IND-1"), 60)
        self.assertEqual(daemon.stop(), 0)
        # for each time that something found room, at most; not for each attempt
        self.assertLess(self.office.daemon.said().count("cannot be stored"), 6)


class Bare(HomesCase):
    """Without HOME, LANG and the like."""

    def say(self, program, *args, home, **environment):
        return run(program, *args, "--home", home, env=environment).stdout

    def test_commands_without_a_socket_need_no_other_program(self):
        alone = self.path("alone")
        os.mkdir(alone)
        here = shutil.copy(os.path.join(BIN, "valija-hub"), alone)
        command = (here, "units", "--home", self.office.home)
        self.assertEqual(run(*command).stdout, run("valija-hub", *command[1:]).stdout)
        # whatever may be installed on this machine
        other = os.path.join(alone, "valija-hubd")
        with open(other, "w", encoding="utf-8") as script:
            script.write("#!/bin/sh\necho \"$0: $*\"\n")
        os.chmod(other, 0o755)
        for words in (("run", "--home", "x y"), ("init",), ("enroll", "REQUEST"), ("--manual",),
                      ("--connect", "ipc:///x", "state"), ("--manual-settings",)):
            self.assertEqual(run(here, *words).stdout, "%s: %s\n" % (other, " ".join(words)))
        os.remove(other)
        os.mkdir(other)
        self.fails((here, "run"), self.office.home, os.EX_OSFILE, "cannot be started")

    def test_bare_environment(self):
        self.say("valija", "record", *DAY, "--place", "Coruña", home=self.agent.home)
        self.office.start()
        self.say("valija-agent", "sync", home=self.agent.home)
        self.assertIn("Coruña", self.say("valija", "list", home=self.agent.home))
        self.assertIn("Coruña", self.say("valija-hub", "events", home=self.office.home))
        self.assertIn("1 recorded here, 1 confirmed by the hub, 0 held",
                      self.say("valija", "status", home=self.agent.home))

    def test_spanish(self):
        spanish = {"LANG": "es_CO.UTF-8"}
        self.say("valija", "record", *DAY, "--place", "Coruña", home=self.agent.home, **spanish)
        self.office.start()
        self.say("valija-agent", "sync", home=self.agent.home, **spanish)
        listed = self.say("valija", "list", home=self.agent.home, **spanish)
        self.assertIn("Coruña", listed)
        self.assertIn("FECHA", listed)
        self.assertIn("1 registro aquí", self.say("valija", "status", home=self.agent.home,
                                                    **spanish))
        self.assertIn("Coruña", self.say("valija-hub", "events", home=self.office.home, **spanish))
        self.assertIn("Registros contados: 1",
                      self.say("valija-hub", "state", home=self.office.home, **spanish))

    def test_help_of_each_command_is_spanish_and_nothing_else(self):
        for program, names in {"valija": ("record", "list", "status"),
                               "valija-agent": ("init", "sync", "run"),
                               "valija-hub": ("init", "enroll", "run", "state")}.items():
            for name in names:
                said = run(program, name, "--help", env={"LANG": "es_CO.UTF-8"}).stdout
                self.assertRegex(said, r"\AUso: %s %s \[OPCIÓN" % (program, name))
                self.assertNotIn("Project-Id-Version", said)
                self.assertNotIn("%s", said)

    def test_help_in_a_latin_locale_is_readable(self):
        done = run("valija", "--help", env={"LANG": "es_CO.ISO-8859-1"})
        self.assertIn("decir qué está registrado", done.stdout)


class Plans(HomesCase):
    """The office publishes the next plan while everything runs."""

    def test_who_is_connected_has_it_within_seconds(self):
        self.office.start()
        madrid = self.enrolled(MADRID)
        daemons = [self.daemon(self.agent), self.daemon(madrid)]
        self.agent.record("--initiative", "9.9.01", "--date", "2025-11-15", "--force")
        self.agent.record(*DAY)
        madrid.record("--initiative", "2.3.02", "--date", "2025-11-15")
        wait_until(lambda: self.agent.status()["held"] == 1 and
                   self.agent.status()["plan_version"] == 1, "what is held")
        wait_until(lambda: madrid.status()["pending"] == 0, "Madrid")
        self.assertEqual([h["reason"] for h in self.agent.status()["held_entries"]],
                         ["initiative"])
        self.assertEqual(self.office.state()["events"]["held"], 1)
        self.assertEqual(self.office.state()["indicators"][0]["year_target"], None)

        self.office.command("plan load", self.plan())
        for agent in (self.agent, madrid):
            wait_until(lambda a=agent: a.status()["plan_version"] == 2, "version 2", seconds=5)
        wait_until(lambda: self.agent.status()["held"] == 0, "nothing held", seconds=5)
        state = self.office.state()
        self.assertEqual((state["plan"]["version"], state["events"]["held"]), (2, 0))
        self.assertEqual(self.office.total("9.9.01"), 1)
        self.assertEqual(self.office.total("2.3.02"), 1)
        self.assertEqual(state["indicators"][0]["value"], 1)
        self.assertEqual(self.office.ask("state", "--cutoff", "2025-12-31")["indicators"][0]
                         ["year_target"], 400)
        self.agent.record("--initiative", "9.9.01", "--date", "2025-11-16")  # no --force
        wait_until(lambda: self.office.total("9.9.01") == 2, "the new code")
        for daemon in daemons:
            self.assertTrue(daemon.running())
            self.assertEqual(daemon.stop(), 0)

    def test_an_older_or_the_same_version_changes_nothing(self):
        self.office.command("plan load", self.plan())
        before = self.office.digest()
        self.assertIn("version 2 of PEI-2023-2026 is in force already",
                      self.office.command("plan load", self.plan()))
        self.fails(("valija-hub", "plan", "load", PLAN), self.office.home, 65, "must be 3")
        self.assertEqual(self.office.digest(), before)


class Stopped(HomesCase):
    """A process that holds a store's lock and does not move."""

    def stopped(self, *command):
        """A command stopped within its commit: its process."""
        # the leak sanitizer does not work under strace
        options = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        holder = subprocess.Popen(
            ["strace", "-o", self.path("trace"), "-e", "trace=fdatasync",
             "-e", "inject=fdatasync:signal=SIGSTOP:when=1", os.path.join(BIN, command[0]),
             *command[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={**os.environ, "ASAN_OPTIONS": options})
        self.addCleanup(holder.wait)
        self.addCleanup(holder.kill)
        return holder

    def setUp(self):
        super().setUp()
        if not shutil.which("strace") or subprocess.run(
                ["strace", "-o", "/dev/null", "true"], check=False,
                capture_output=True).returncode != 0:
            self.skipTest("SKIPPED: strace is not there or not permitted")

    def holder_of(self, lock, program):
        """What the lock file says of who holds it, once he is stopped."""
        def named():
            with open(lock, encoding="utf-8") as f:
                found = re.match(r"%s \(process (\d+)\)" % program, f.read())
            return found[0] if found and self.is_stopped(found[1]) else None
        return wait_until(named, "a stopped holder of " + lock)

    @staticmethod
    def is_stopped(pid):
        try:
            with open("/proc/%s/stat" % pid, encoding="ascii") as f:
                return f.read().rsplit(")", 1)[1].split()[0] in "tT"
        except FileNotFoundError:
            return False  # the file still names who wrote last

    @staticmethod
    def child(process):
        with open("/proc/%d/task/%d/children" % (process.pid, process.pid),
                  encoding="ascii") as f:
            return int(f.read().split()[0])

    def test_others_name_it_and_wait_for_it(self):
        self.office.start()
        daemon = self.daemon(self.agent)
        wait_until(lambda: self.agent.status()["plan_version"], "the plan")
        madrid = self.enrolled(MADRID)
        recording = self.stopped("valija", "record", *DAY, "--home", self.agent.home)
        enrolling = self.stopped("valija-hub", "enroll", madrid.home + "/request",
                                 "--fingerprint", madrid.fingerprint, "--role", "office",
                                 "--home", self.office.home)
        who = self.holder_of(self.agent.home + "/outbox/write.lock", "valija")
        hub_who = self.holder_of(self.office.home + "/store/write.lock", "valija-hub")
        waiting = [subprocess.Popen([os.path.join(BIN, program), *words, "--home", home],
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True)
                   for program, home, *words in (
                       ("valija", self.agent.home, "record", *DAY),
                       ("valija-hub", self.office.home, "plan", "load", self.plan()))]
        self.assertEqual(self.office.total("IND-1"), 0)  # questions wait for nobody
        self.assertEqual(self.agent.status()["pending"], 0)
        for process, words in zip(waiting, (who, hub_who)):
            out, error = process.communicate(timeout=DEADLINE_S)
            self.assertEqual((process.returncode, out), (75, ""))
            self.assertRegex(error, r"\A[^\n]+\n\Z")
            self.assertIn(words, error)
        for holder in (recording, enrolling):
            os.kill(self.child(holder), signal.SIGCONT)
            self.assertEqual(holder.wait(DEADLINE_S), 0)
        self.agent.record(*DAY)
        wait_until(lambda: self.office.total("IND-1") == 2, "both entries")
        self.assertEqual(daemon.stop(), 0)


if __name__ == "__main__":
    unittest.main()
