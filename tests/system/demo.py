#!/usr/bin/python3
"""The main job, end to end, on days that the press and the consulates published.

Twelve consulates import their rows with no hub running, a hub starts, they
sync, and the consolidated state of the plan is shown.  Every step is checked
against a count by hand; the first wrong number ends the demo with status 1.

The programs are those of $VALIJA_BIN.
"""
import csv
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
DAYS = os.path.join(HERE, "..", "data", "days-published.csv")
PLAN = os.path.join(HERE, "..", "..", "hub", "plan", "pei-2023-2026.json")
BIN = os.environ.get("VALIJA_BIN", os.path.join(HERE, "..", "..", "build", "bin"))
CUTOFF = "2026-12-31"
STEP_SECONDS = 30

# Counted by hand from the file, row by row.
ROWS = 23
UNITS = 12
INCOMPLETE = 5
RECORDED = ROWS - INCOMPLETE
SILENT = ["con-londres", "con-monterrey", "con-montreal", "con-valencia-es"]
HELD = 9
INDICATOR, INDICATOR_DONE, INDICATOR_CANCELLED = "IND-1", 2, 1
INITIATIVE, INITIATIVE_DONE = "2.3.02", 6
LINKED_INITIATIVE = "2.1.05"


def step(text):
    print(f"\n== {text}", flush=True)


def check(what, got, want):
    if got != want:
        sys.exit(f"demo: {what}: got {got!r}, by hand it is {want!r}")
    print(f"   checked: {what}: {want}", flush=True)


def program(name, *arguments, accept=(0,)):
    """Run one command to its end and return what it printed."""
    done = subprocess.run([os.path.join(BIN, name), *arguments], capture_output=True, text=True,
                          timeout=STEP_SECONDS, stdin=subprocess.DEVNULL, check=False)
    if done.returncode not in accept:
        sys.exit(f"demo: {name} {' '.join(arguments)} ended with {done.returncode}:\n"
                 f"{done.stdout}{done.stderr}")
    return done.stdout


def show(name, *arguments):
    print(f"\n$ {name} {' '.join(a for a in arguments)}", flush=True)
    print(program(name, *arguments).rstrip(), flush=True)


def free_endpoint():
    """A port below those the system gives to outgoing connections."""
    for port in random.sample(range(21000, 32000), 100):
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return f"tcp://127.0.0.1:{port}"
    sys.exit("demo: found no free port between 21000 and 32000")


class Demo:
    def __init__(self, folder):
        self.folder = folder
        self.hub_home = os.path.join(folder, "hub")
        self.hub = None
        self.endpoint = free_endpoint()
        with open(DAYS, encoding="utf-8", newline="") as f:
            self.units = sorted({row["site"] for row in csv.DictReader(f)})

    def home(self, unit):
        return os.path.join(self.folder, unit)

    def query(self, command, *arguments):
        return json.loads(program("valija-hub", command, *arguments, "--home", self.hub_home,
                                  "--json", "--cutoff", CUTOFF))

    def prepare(self):
        step("a hub is made (and not started); twelve agents are made and enrolled")
        program("valija-hub", "init", "--home", self.hub_home, "--bind", self.endpoint,
                "--plan", PLAN)
        for unit in self.units:
            out = program("valija-agent", "init", "--home", self.home(unit), "--unit", unit,
                          "--hub", self.endpoint,
                          "--hub-key", os.path.join(self.hub_home, "hub.pub"))
            found = re.fullmatch(r"fingerprint: (\S+)", out.splitlines()[-1])
            if not found:
                sys.exit(f"demo: {unit}: init did not end with a fingerprint")
            program("valija-hub", "enroll", os.path.join(self.home(unit), "request"),
                    "--fingerprint", found[1], "--home", self.hub_home)
            print(f"   {unit:18} {found[1]}", flush=True)
        check("units", len(self.units), UNITS)

    def record(self):
        step("each imports its rows of the published days; there is no hub to talk to")
        rows = recorded = incomplete = 0
        silent = []
        for unit in self.units:
            told = json.loads(program("valija", "import", DAYS, "--unit", unit,
                                      "--skip-incomplete", "--json", "--home", self.home(unit)))
            print(f"   {unit:18} recorded {told['recorded']:2}, without a full date "
                  f"{told['incomplete']}", flush=True)
            rows = told["rows"]
            recorded += told["recorded"]
            incomplete += told["incomplete"]
            if told["recorded"] == 0:
                silent.append(unit)
        check("rows of the file", rows, ROWS)
        check("recorded", recorded, RECORDED)
        check("left out for want of a full date", incomplete, INCOMPLETE)
        check("units with nothing to send", silent, SILENT)
        print("   Those four published no day with its year, month and day: there is nothing\n"
              "   that could be counted in a quarter, so nothing is recorded for them.")

    def outboxes(self, want_pending):
        pending = 0
        for unit in self.units:
            told = json.loads(program("valija", "status", "--json", "--home", self.home(unit)))
            print(f"   {unit:18} recorded {told['tip']['seq']:2}, pending {told['pending']:2}, "
                  f"held {told['held']}", flush=True)
            pending += told["pending"]
        check("entries that wait in the outboxes", pending, want_pending)

    def start_hub(self):
        step("the hub starts")
        self.hub = subprocess.Popen([os.path.join(BIN, "valija-hub"), "run", "--home",
                                     self.hub_home], stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL, text=True)
        line = self.hub.stdout.readline().strip()
        if self.endpoint not in line:
            sys.exit(f"demo: the hub did not start: {line!r}")
        print(f"   {line}", flush=True)

    def sync(self):
        running = [(unit, subprocess.Popen([os.path.join(BIN, "valija-agent"), "sync", "--home",
                                            self.home(unit)], stdout=subprocess.PIPE,
                                           stderr=subprocess.STDOUT, text=True))
                   for unit in self.units]
        for unit, agent in running:
            out, _ = agent.communicate(timeout=STEP_SECONDS)
            if agent.returncode != 0:
                sys.exit(f"demo: {unit}: sync ended with {agent.returncode}:\n{out}")
            print(f"   {unit:18} {out.strip().splitlines()[-1]}", flush=True)

    def results(self):
        step("the consolidated state of the plan")
        home = ("--home", self.hub_home, "--cutoff", CUTOFF)
        show("valija-hub", "state", *home)
        show("valija-hub", "counts", INDICATOR, "--by", "unit,quarter", *home)
        show("valija-hub", "counts", INITIATIVE, "--by", "unit", *home)
        show("valija-hub", "counts", LINKED_INITIATIVE, "--by", "unit", *home)
        show("valija-hub", "held", *home)
        state = self.query("state")
        values = {i["code"]: i["value"] for i in state["indicators"]}
        cancelled = self.query("counts", INDICATOR, "--status", "cancelled")
        check(f"{INDICATOR}, done", values[INDICATOR], INDICATOR_DONE)
        check(f"{INDICATOR}, cancelled", sum(r["value"] for r in cancelled["rows"]),
              INDICATOR_CANCELLED)
        for code, want in ((INITIATIVE, INITIATIVE_DONE), (LINKED_INITIATIVE, INDICATOR_DONE)):
            rows = self.query("counts", code)["rows"]
            check(f"initiative {code}", sum(r["value"] for r in rows), want)
        check("held, all for a date outside the plan", state["events"]["held"], HELD)
        return state["digest"]

    def stop_hub(self):
        if self.hub:
            self.hub.send_signal(signal.SIGTERM)
            try:
                self.hub.wait(timeout=STEP_SECONDS)
            except subprocess.TimeoutExpired:
                self.hub.kill()
                self.hub.wait()
            self.hub = None

    def run(self):
        self.prepare()
        self.record()
        step("the outboxes, before any link")
        self.outboxes(RECORDED)
        self.start_hub()
        step("the agents sync")
        self.sync()
        self.outboxes(0)
        digest = self.results()
        step("everything is synced again")
        self.sync()
        check("digest, the same as before", self.query("state")["digest"], digest)


def main():
    start = time.monotonic()
    folder = tempfile.mkdtemp(prefix="valija-demo-")
    demo = Demo(folder)
    try:
        demo.run()
    finally:
        demo.stop_hub()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\nAll numbers are those counted by hand. {time.monotonic() - start:.1f} s.")


if __name__ == "__main__":
    main()
