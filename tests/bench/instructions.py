#!/usr/bin/python3
"""Counts the instructions of a fixed drain, and fails when they have become more.

    instructions.py            compare with `instructions` beside this
    instructions.py --record   write that file anew: after what was meant to cost more,
                               and after what costs less, so that it stays so

A count is that of one way to compile and one set of libraries, which the file names; of
others it says nothing, and they are only printed.
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = os.environ.get("VALIJA_TEST_BIN", os.path.join(HERE, "../../build/tests"))
PLAN = os.path.join(HERE, "../../hub/plan/pei-2023-2026.json")
FILE = os.path.join(HERE, "instructions")
PARTS = ("seal", "take", "correct", "rebuild")
MORE = 1.05  # fails above this share of the count recorded
SECONDS = 240
LIBRARIES = ("gcc-12", "libc6", "liblmdb0", "libmsgpackc2", "libsodium23", "libzstd1", "valgrind")


def made_with():
    """What the counts depend on beside the source."""
    if not shutil.which("dpkg-query"):
        return "libraries that are not known"
    asked = subprocess.run(["dpkg-query", "-W", "-f=${Package} ${Version}\n", *LIBRARIES],
                           check=False, capture_output=True, text=True).stdout
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        flags = re.search("^flags.*", f.read(), re.MULTILINE)
    wide = "avx2" if flags and " avx2" in flags[0] else "no avx2"
    return ", ".join([*sorted(asked.split("\n")[:-1]), os.uname().machine, wide])


def counted():
    """part -> instructions."""
    with tempfile.TemporaryDirectory(prefix="valija-count-") as folder:
        out = os.path.join(folder, "out")
        homes = os.path.join(folder, "homes")
        os.mkdir(homes)
        command = [shutil.which("valgrind"), "--tool=callgrind", "--callgrind-out-file=" + out]
        command += ["--dump-before=fixed_" + part for part in (*PARTS, "end")]
        done = subprocess.run(
            [*command, os.path.join(TOOLS, "bench_fixed"), homes, PLAN], check=False,
            capture_output=True, text=True, timeout=SECONDS,
            env={**os.environ, "LD_PRELOAD": os.path.join(TOOLS, "small_map.so")})
        if done.returncode != 0:
            sys.exit(done.stderr)
        totals = []
        for path in sorted(glob.glob(out + ".[0-9]*"), key=lambda p: int(p.rsplit(".", 1)[1])):
            with open(path, encoding="utf-8") as f:
                totals.append(int(re.search("^totals: ([0-9]+)", f.read(), re.MULTILINE)[1]))
    if len(totals) != 1 + len(PARTS):  # the first is all that went before
        sys.exit("of %d parts %d were counted" % (len(PARTS), len(totals) - 1))
    return dict(zip(PARTS, totals[1:]))


def recorded():
    """(what it was made with, part -> instructions)."""
    with open(FILE, encoding="ascii") as f:
        lines = f.read().splitlines()
    return lines[0], {name: int(count) for name, count in map(str.split, lines[1:])}


def main():
    if not shutil.which("valgrind"):
        print("SKIPPED: valgrind is not installed")
        return 0
    now = counted()
    if "--record" in sys.argv:
        with open(FILE, "w", encoding="ascii") as f:
            f.write("%s\n" % made_with())
            f.writelines("%s %d\n" % part for part in now.items())
    made, before = recorded()
    same = made == made_with()
    failed = False
    for part, count in now.items():
        share = count / before[part]
        print("%-8s %14s instructions, %+.2f %% of what was recorded" % (
            part, format(count, ","), 100 * (share - 1)))
        failed = failed or share > MORE
    if not same:
        print("SKIPPED: the counts recorded are of\n  %s\nnot of\n  %s" % (made, made_with()))
        return 0
    if failed:
        print("more than %.0f %% above: see tests/bench/README.md" % (100 * (MORE - 1)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
