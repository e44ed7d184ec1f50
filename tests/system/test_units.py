#!/usr/bin/python3
"""The units of systemd: without a fault, closed to the rest of the machine, and
what the programs do is allowed to them."""

import os
import re
import shutil
import signal
import subprocess
import unittest

from programs import (BIN, HERE, Agent, Case, Hub, free_endpoint, run, wait_until)

UNITS = os.path.join(HERE, "../../systemd")
NAMES = ("valija-agent.service", "valija-hub.service")
DAY = ("--indicator", "IND-1", "--date", "2025-11-15")


def analyze(*words, **other):
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, timeout=60,
                          check=False, **other)


def allowed_calls(name):
    """The system calls that a unit allows, worked out as systemd.exec(5) says."""
    with open(os.path.join(UNITS, name), encoding="utf-8") as f:
        filters = re.findall(r"^SystemCallFilter=(.*)$", f.read(), re.M)
    sets, current = {}, None
    for line in analyze("syscall-filter").stdout.splitlines():
        if line.startswith("@"):
            current = sets.setdefault(line.strip(), [])
        elif line.strip() and not line.strip().startswith("#") and current is not None:
            current.append(line.strip())

    def names(word):
        if not word.startswith("@"):
            return {word}
        return set().union(*(names(inner) for inner in sets[word]))

    allowed = set()
    for words in filters:
        some = set().union(*(names(w) for w in words.lstrip("~").split()))
        allowed = allowed - some if words.startswith("~") else allowed | some
    return allowed


class Units(Case):
    def setUp(self):
        super().setUp()
        if not shutil.which("systemd-analyze"):
            self.fail("systemd-analyze is missing; ./dev test installs it")

    def test_they_have_no_fault(self):
        root = self.path("root")
        for folder in ("usr/bin", "etc/systemd/system", "bin", "etc/valija"):
            os.makedirs(os.path.join(root, folder))
        for program in ("valija-agent", "valija-hub"):
            shutil.copy(os.path.join(BIN, program), os.path.join(root, "usr/bin", program))
        shutil.copy("/bin/sh", os.path.join(root, "bin/sh"))
        for unit in ("basic", "sysinit", "shutdown", "multi-user", "network-online",
                     "time-sync"):
            with open(os.path.join(root, "etc/systemd/system", unit + ".target"), "w",
                      encoding="utf-8") as f:
                f.write("[Unit]\nDescription=%s\nDefaultDependencies=no\n" % unit)
        for name in NAMES:
            shutil.copy(os.path.join(UNITS, name), os.path.join(root, "etc/systemd/system"))
        done = analyze("verify", "--man=no", "--root=" + root, *NAMES)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_they_are_closed_to_the_rest_of_the_machine(self):
        for name in NAMES:
            done = analyze("security", "--offline=true", "--threshold=15",
                           os.path.join(UNITS, name))
            self.assertEqual(done.returncode, 0, done.stdout[-400:])

    def test_faulty_settings_are_no_reason_to_start_again(self):
        """Of the service's own process the manager looks at the status, of no other."""
        with open(self.path("conf"), "w", encoding="utf-8") as f:
            f.write("nonsense = 1\n")
        for name in NAMES:
            with open(os.path.join(UNITS, name), encoding="utf-8") as f:
                text = f.read()
            program, *words = re.search(r"^ExecStart=/usr/bin/(.*)$", text, re.M)[1].split()
            done = subprocess.run([os.path.join(BIN, program), *words[:-1], self.path("conf")],
                                  capture_output=True, text=True, check=False, timeout=60)
            self.assertIn("nonsense", done.stderr)
            final = re.search(r"^RestartPreventExitStatus=(.*)$", text, re.M)[1].split()
            self.assertIn(str(done.returncode), final)
            self.assertNotIn("ExecStartPre", text)

    def test_users_and_folders_can_be_made(self):
        root = self.path("root")
        os.makedirs(os.path.join(root, "etc"))
        for kind, program in (("sysusers.d", "systemd-sysusers"), ("tmpfiles.d",
                                                                   "systemd-tmpfiles")):
            for name in ("valija.conf", "valija-hub.conf"):
                shutil.copytree(os.path.join(UNITS, kind), os.path.join(root, "usr/lib", kind),
                                dirs_exist_ok=True)
                words = ("--create",) if program == "systemd-tmpfiles" else ()
                done = subprocess.run([program, *words, "--root=" + root, name],
                                      capture_output=True, text=True, check=False, timeout=60)
                if os.geteuid() != 0 and "denied" in done.stderr:
                    self.skipTest("SKIPPED: needs root")
                self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        if os.geteuid() == 0:
            modes = {name: os.stat(os.path.join(root, "var/lib", name)).st_mode & 0o7777
                     for name in ("valija", "valija-hub")}
            self.assertEqual(modes, {"valija": 0o2770, "valija-hub": 0o700})

    def test_what_the_programs_ask_of_the_kernel_is_allowed(self):
        if subprocess.run(["strace", "-o", "/dev/null", "true"], check=False).returncode != 0:
            self.skipTest("SKIPPED: no right to trace")
        endpoint = free_endpoint()
        office = Hub(self.path("hub"), bind=endpoint)
        agent = Agent(self.path("houston"), office, endpoint, "con-houston")
        for _ in range(3):
            agent.record(*DAY)
        traced = {}
        for program, home in (("valija-hub", office.home), ("valija-agent", agent.home)):
            log = self.path(program + ".trace")
            traced[program] = log
            process = subprocess.Popen(
                ["strace", "-f", "-qq", "-o", log, os.path.join(BIN, program), "run", "--home",
                 home], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True)
            self.addCleanup(process.wait)
            self.addCleanup(os.killpg, process.pid, signal.SIGTERM)
            if program == "valija-hub":
                wait_until(lambda: os.path.exists(os.path.join(office.home, "endpoint")),
                           "the traced hub listens")
        wait_until(lambda: office.total("IND-1") == 3, "the traced programs have synced")
        run("valija-hub", "plan", "show", "--home", office.home)
        for program, log in traced.items():
            with open(log, encoding="utf-8", errors="replace") as f:
                calls = set(re.findall(r"^\d+ +([a-z_0-9]+)\(", f.read(), re.M))
            self.assertGreater(len(calls), 20)
            self.assertEqual(calls - allowed_calls(program + ".service") - {"execve"}, set(),
                             program)


if __name__ == "__main__":
    unittest.main()
