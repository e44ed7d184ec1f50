#!/usr/bin/python3
"""The packages for Debian: what is in them, and a machine that lives by them.

Usage: test_packages.py FOLDER NEXT-FOLDER: with the packages, and with those of the
next version.  A machine is made of nothing but Debian and booted; on it every command of
docs/operations.md is run as it stands, from the installation to the removal.
"""

import glob
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

import guide
import machine

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, "../..")
GUIDE = os.path.join(SOURCE, "docs/operations.md")
FOLDER, NEXT = map(os.path.abspath, sys.argv[1:3])


def packages(folder):
    found = sorted(glob.glob(os.path.join(folder, "*.deb")))
    assert len(found) == 2, found
    return found


class Contents(unittest.TestCase):
    def test_lintian_finds_no_error(self):
        done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error", *packages(FOLDER)],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_manual_pages_are_well_formed_in_both_languages(self):
        with tempfile.TemporaryDirectory() as root:
            for package in packages(FOLDER):
                subprocess.run(["dpkg-deb", "-x", package, root], check=True)
            pages = glob.glob(os.path.join(root, "usr/share/man/**/*.gz"), recursive=True)
            self.assertEqual(len(pages), 10)
            for page in pages:
                done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", page],
                                      capture_output=True, text=True, check=False,
                                      env={**os.environ, "MANROFFSEQ": "", "MANWIDTH": "80"})
                self.assertEqual((done.returncode, done.stderr), (0, ""), page)
                spanish = "/es/" in page
                self.assertEqual("NOMBRE" in re.sub(".\b", "", done.stdout), spanish, page)

    def test_they_can_be_installed_side_by_side(self):
        files = [set(line.split()[-1] for line in subprocess.run(
            ["dpkg-deb", "-c", package], capture_output=True, text=True, check=True)
            .stdout.splitlines() if not line.startswith("d")) for package in packages(FOLDER)]
        self.assertEqual(files[0] & files[1], set())


class Completion(unittest.TestCase):
    def completed(self, program, *words):
        """What bash offers for the last word."""
        with tempfile.TemporaryDirectory() as root:
            for package in packages(FOLDER):
                subprocess.run(["dpkg-deb", "-x", package, root], check=True)
            path = os.path.join(root, "usr/share/bash-completion/completions", program)
            line = ("source %s; COMP_WORDS=(%s); COMP_CWORD=%d; COMPREPLY=(); %s; "
                    "printf '%%s\\n' \"${COMPREPLY[@]}\"" % (
                        path, " ".join("'%s'" % w for w in (program, *words)), len(words),
                        "_" + program.replace("-", "_")))
            return subprocess.run(["bash", "--norc", "-c", line], capture_output=True, text=True,
                                  check=True, cwd=HERE).stdout.split()

    def test_commands_options_and_files(self):
        self.assertEqual(self.completed("valija", "rec"), ["record"])
        self.assertEqual(self.completed("valija", "record", "--indi"), ["--indicator="])
        self.assertEqual(self.completed("valija-hub", "plan", "l"), ["load"])
        self.assertEqual(self.completed("valija-hub", "plan", "load", "gui"), ["guide.py"])
        self.assertEqual(self.completed("valija-agent", "run", "--config", "=", "mach"),
                         ["machine.py"])
        self.assertEqual(self.completed("valija", "list", "--no-such"), [])


class Guide(unittest.TestCase):
    def test_it_explains_every_id_that_is_logged(self):
        logged = set()
        for folder in ("agent", "hub", "common"):
            for path in glob.glob(os.path.join(SOURCE, folder, "**/*.c"), recursive=True):
                with open(path, encoding="utf-8") as f:
                    logged |= set(re.findall(r'"((?:AGENT|CONFIG|HUB|OUTBOX|PLAN|UPLINK)-[A-Z-]+)"',
                                             f.read()))
        with open(GUIDE, encoding="utf-8") as f:
            explained = set(re.findall(r"^\| `([A-Z-]+)` \|", f.read(), re.M))
        self.assertGreater(len(logged), 20)
        self.assertEqual(logged, explained)


@unittest.skipIf(machine.why_not(), "SKIPPED: %s" % machine.why_not())
class Life(unittest.TestCase):
    def test_every_command_of_the_guide(self):
        folder = tempfile.mkdtemp(prefix="valija-machine-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        m = machine.Machine(folder, FOLDER)
        os.makedirs(m.path("root/next"))
        for package in packages(FOLDER):
            shutil.copy(package, m.path("root"))
        for package in packages(NEXT):
            shutil.copy(package, m.path("root/next"))
        # What they depend on, since the machine has no network once it is booted.
        m.run("apt-get", "-q", "update")
        m.run("bash", "-c", "apt-get -q install -y --download-only --no-install-recommends "
              "/root/*.deb")
        m.write("etc/hosts", "127.0.0.1 localhost hub.example new-hub.example %s\n"
                % socket.gethostname())
        m.write("etc/apt/apt.conf.d/99offline",
                'APT::Get::Assume-Yes "true";\nAPT::Install-Recommends "false";\n')
        with open(GUIDE, encoding="utf-8") as f:
            done, said = m.boot(guide.script(f.read()))
        if not done:
            self.fail(said[-4000:] + journal(m))


def journal(m):
    done = subprocess.run(["journalctl", "--no-pager", "-q", "-n", "40", "--root=" + m.root, "-u",
                           "valija-*"],
                          capture_output=True, text=True, check=False)
    return "\n-- journal:\n" + done.stdout


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
