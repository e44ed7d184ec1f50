#!/usr/bin/python3
"""What valija record has printed is there, whatever happens around it."""

import os
import random
import re
import resource
import shutil
import signal
import subprocess
import time
import unittest

from device import DAY, HOME_TOOL, DeviceCase, tool
from programs import BIN, DEADLINE_S, wait_until

ROUNDS = int(os.environ.get("VALIJA_CRASH_ROUNDS", "25"))
VALIJA = os.path.join(BIN, "valija")


class Killed(DeviceCase):
    def start(self, note):
        return subprocess.Popen([VALIJA, "record", *DAY, "--note", note, "--home", self.home],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def test_every_printed_ref_is_there(self):
        chance = random.Random(ROUNDS)
        printed = {}
        for turn in range(ROUNDS):
            running = {"%d.%d" % (turn, i): None for i in range(6)}
            for note in running:
                running[note] = self.start(note)
            time.sleep(chance.random() * 0.03)  # not waited for: where they are then is chance
            for process in chance.sample(list(running.values()), 3):
                process.send_signal(signal.SIGKILL)
            for note, process in running.items():
                out, error = process.communicate(timeout=DEADLINE_S)
                if process.returncode != -signal.SIGKILL:
                    self.assertEqual(process.returncode, 0, error)
                if out.endswith("\n"):
                    printed[note] = int(out.split("-")[1])
        entries = self.entries()
        self.assertEqual([e["seq"] for e in entries], list(range(1, len(entries) + 1)))
        self.assertEqual(len({e["note"] for e in entries}), len(entries))
        notes = {e["note"]: e["seq"] for e in entries}
        self.assertGreaterEqual(len(printed), 3 * ROUNDS)
        for note, seq in printed.items():
            self.assertEqual(notes[note], seq)


class KilledOpening(DeviceCase):
    """One that is killed while it opens the outbox takes nothing with it, not what
    another records that waited for it."""

    def test_the_next_one_starts_from_what_is_there(self):
        strace = shutil.which("strace")
        if not strace or subprocess.run([strace, "-o", "/dev/null", "true"], check=False,
                                        capture_output=True).returncode != 0:
            self.skipTest("SKIPPED: strace is not there or not permitted")
        for _ in range(2):  # LMDB has two places for the last commit: one of them is right
            before = [self.record() for _ in range(3)]
            data = os.path.join(self.home, "outbox/data.mdb")
            stuck = subprocess.Popen(
                [strace, "-P", data, "-e", "trace=openat", "-e",
                 "inject=openat:delay_enter=%d:when=1" % (DEADLINE_S * 1000000), VALIJA, "record",
                 *DAY, "--home", self.home], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
            child = wait_until(lambda: self.child_of(stuck.pid), "valija runs")
            wait_until(lambda: self.has_open(child, "lock.mdb"), "it opens the outbox")
            other = self.start("waited")
            wait_until(lambda: self.has_open(other.pid, "write.lock"), "the other waits")
            os.kill(child, signal.SIGKILL)
            stuck.kill()  # which would keep it from going for as long as it delays it
            stuck.wait(DEADLINE_S)
            out, error = other.communicate(timeout=DEADLINE_S)
            self.assertEqual(other.returncode, 0, error)
            self.assertEqual(int(out.split("-")[1]), before[-1] + 1)
            self.assertEqual(self.record(), before[-1] + 2)
            self.assertEqual(self.entries()[-2]["note"], "waited")

    def start(self, note):
        return subprocess.Popen([VALIJA, "record", *DAY, "--note", note, "--home", self.home],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    @staticmethod
    def child_of(pid):
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
            children = f.read().split()
        for child in children:
            try:
                if os.path.basename(os.readlink("/proc/%s/exe" % child)) == "valija":
                    return int(child)
            except FileNotFoundError:  # one that has ended: strace tries itself first
                pass
        return None

    @staticmethod
    def has_open(pid, name):
        folder = "/proc/%d/fd" % pid
        try:
            return any(os.readlink(os.path.join(folder, fd)).endswith("/" + name)
                       for fd in os.listdir(folder))
        except FileNotFoundError:  # one that was closed meanwhile
            return False


class Syncs(DeviceCase):
    def test_record_syncs_before_it_prints(self):
        strace = shutil.which("strace")
        trace = self.path("trace")
        if not strace or subprocess.run([strace, "-o", "/dev/null", "true"], check=False,
                                        capture_output=True).returncode != 0:
            self.skipTest("SKIPPED: strace is not there or not permitted")
        subprocess.run([strace, "-f", "-y", "-e", "trace=fdatasync,fsync,msync,write,openat",
                        "-o", trace, VALIJA, "record", *DAY, "--home", self.home], check=True,
                       stdout=subprocess.DEVNULL, timeout=DEADLINE_S,
                       env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))  # nor under ptrace
        with open(trace, encoding="utf-8") as f:
            lines = f.read().splitlines()
        printed = next(i for i, line in enumerate(lines) if re.search(r"write\(1<", line))
        before = "\n".join(lines[:printed])
        # the pages; the meta page goes through a descriptor that is O_DSYNC
        self.assertRegex(before, r"fdatasync\(\d+<[^>]*outbox/data\.mdb>\) += 0")
        self.assertRegex(before, r'openat\([^\n]*data\.mdb", [^\n]*O_DSYNC')
        self.assertNotIn("data.mdb>) = -1", before)


class Locked(DeviceCase):
    def test_who_holds_the_lock_is_named_in_time(self):
        holder = subprocess.Popen([HOME_TOOL, "hold", self.home], stdout=subprocess.PIPE,
                                  text=True)
        try:
            self.assertEqual(holder.stdout.readline(), "held\n")
            start = time.monotonic()
            done = self.valija("record", *DAY, status=75)
            self.assertLess(time.monotonic() - start, 15)
            self.assertIn("home_tool (process %d) has been writing for more than 10 seconds"
                          % holder.pid, done.stderr)
            self.assertEqual(self.entries(), [])  # reading waits for nobody
        finally:
            holder.kill()
            holder.wait()
            holder.stdout.close()
        self.assertEqual(self.record(), 1)


class Full(DeviceCase):
    def test_file_that_may_not_grow(self):
        size = os.path.getsize(os.path.join(self.home, "outbox/data.mdb"))

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

        while True:
            done = self.valija("record", *DAY, "--note", "x" * 4000, preexec_fn=limit,
                               status=None)
            if done.returncode != 0:
                break
        self.assertEqual(done.returncode, 74)
        self.assertIn("no room left at " + self.home, done.stderr)
        entries = self.entries()
        self.assertEqual(self.record(), len(entries) + 1)

    def test_disk_that_is_full(self):
        disk = self.path("disk")
        os.mkdir(disk)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk], check=False,
                          capture_output=True).returncode != 0:
            self.skipTest("SKIPPED: no right to mount a small disk")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        shutil.copytree(self.home, os.path.join(disk, "home"))
        self.home = os.path.join(disk, "home")
        self.assertEqual(self.record(), 1)

        filler = os.path.join(disk, "filler")
        free = os.statvfs(disk)
        with open(filler, "wb") as f:
            f.write(b"x" * (free.f_bavail * free.f_frsize - (7 << 20)))
        self.assertIn("no room left", self.refused("record", *DAY, status=74))
        with open(filler, "ab") as f:
            os.posix_fallocate(f.fileno(), 0, os.path.getsize(filler) + (7 << 20))
        self.assertEqual(os.statvfs(disk).f_bavail, 0)
        self.assertIn("no room left", self.refused("record", *DAY, status=74))
        self.assertEqual(len(self.entries()), 1)
        tool("hub", self.home, 1, 0, 1700000000000)  # an acknowledgement is taken
        self.assertEqual(self.status()["acknowledged"], 1)
        os.unlink(filler)
        self.assertEqual(self.record(), 2)


class Rush(DeviceCase):
    def test_twenty_at_once_get_numbers_of_their_own(self):
        running = [subprocess.Popen([VALIJA, "record", *DAY, "--home", self.home],
                                    stdout=subprocess.PIPE, text=True) for _ in range(20)]
        refs = [p.communicate(timeout=DEADLINE_S)[0].strip() for p in running]
        self.assertEqual({p.returncode for p in running}, {0})
        self.assertEqual(sorted(int(r.split("-")[1]) for r in refs), list(range(1, 21)))

    def test_corrections_at_once_stay_in_one_line(self):
        self.record()
        running = [subprocess.Popen([VALIJA, "correct", "1", "--quantity", str(n), "--why", "x",
                                     "--home", self.home], stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True) for n in range(2, 6)]
        for process in running:
            process.communicate(timeout=DEADLINE_S)
        self.assertEqual({p.returncode for p in running}, {0})
        self.assertEqual(self.show(1)["versions"], [1, 2, 3, 4, 5])


if __name__ == "__main__":
    unittest.main()
