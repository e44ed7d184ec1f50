"""The product, measured from outside: the real programs, homes as people make them."""

import glob
import json
import os
import re
import shutil
import time

import machine
import programs
from machine import Relay, Series, copy, run_all, run_one, tool

# What an agent of several units reports for; one more for each further agent.
with open(programs.PLAN, encoding="utf-8") as plan_file:
    UNITS = [u["code"] for u in json.load(plan_file)["units"] if u["kind"] != "area"]
UNITS_EACH = 4
LEDGER = ("cells", "tallies", "levels", "things", "reports", "held", "conflicts", "links",
          "probes", "remarks", "others", "blocks", "days", "months")
JOURNAL = ("journal", "batches", "leaves", "gaps", "lost")
PATIENCE = ("--timeout-ms", "3000000")
INPROC_TURNS = 7  # one and the other; a disk has good moments and bad ones
SETTLE_S = 3
IDLE_S = 10


def units_of(agent, each=UNITS_EACH):
    return sorted({UNITS[(agent * each + i) % len(UNITS)] for i in range(each)})


class Fleet:
    """A hub that has taken nothing in yet, and agents with a backlog each, enrolled and
    kept as they are: each run has copies."""

    def __init__(self, folder, agents, events, notes=30, corrections=0, units=UNITS_EACH):
        self.folder, self.agents, self.events = folder, agents, events
        self.notes = self.notes_alone = 0
        os.makedirs(folder)
        self.endpoint = programs.free_endpoint()
        self.hub = programs.Hub(self.path("hub"), bind=self.endpoint)
        for i in range(agents):
            agent = programs.Agent(self.path("agent%d" % i), self.hub, self.endpoint,
                                   *units_of(i, units))
            _, raw, packed = tool("fill", agent.home, events, i + 1, notes, corrections)
            self.notes += raw
            self.notes_alone += packed

    def path(self, *names):
        return os.path.join(self.folder, *names)

    @property
    def total(self):
        return self.agents * self.events

    def trial(self):
        return Trial(self)

    def remove(self):
        shutil.rmtree(self.folder)


class Trial:
    """Copies of a fleet's homes, and the hub at work."""

    def __init__(self, fleet):
        self.fleet = fleet
        self.home = copy(fleet.path("hub"), fleet.path("run-hub"))
        self.agents = [copy(fleet.path("agent%d" % i), fleet.path("run-agent%d" % i))
                       for i in range(fleet.agents)]
        os.sync()
        self.start()

    def start(self):
        self.daemon = machine.daemon(self.home, "valija-hub", "run")
        line = self.daemon.line()
        if not re.fullmatch("listening on .*", line):
            raise AssertionError("the hub says %r\n%s" % (line, self.daemon.said()))

    @property
    def pid(self):
        return self.daemon.process.pid

    def drain(self, *options):
        """All agents at once; what it took."""
        hub = machine.cpu_s(self.pid)
        peak = machine.Peak(self.pid)
        done = run_all([("valija-agent", "sync", "--home", home, *PATIENCE, *options)
                        for home in self.agents], beside=[self.pid])
        done.hub_cpu_s = machine.cpu_s(self.pid) - hub
        done.hub_peak_kib = peak.stop()
        self.check()
        return done

    def settle(self):
        """Until the hub has done what it does while nothing else is to do: hashing the ledger,
        having snapshots of it made."""
        spent = -1
        while machine.cpu_s(self.pid) - spent > 0.02 or machine.has_children(self.pid):
            spent = machine.cpu_s(self.pid)
            time.sleep(1)

    def check(self):
        """All is there and counted: a figure of something else is none."""
        told = json.loads(programs.run("valija-hub", "units", "--home", self.home, "--json").stdout)
        stored = {row["device"]: row["stored"] for row in told["units"] if row["device"]}
        if sum(stored.values()) != self.fleet.total:
            raise AssertionError("the hub has %d of %d events" % (
                sum(stored.values()), self.fleet.total))

    def stop(self):
        if self.daemon:
            self.daemon.stop()
        self.daemon = None


class Bench:
    """Named measurements; each puts its figures into the report.  Fleets are made when a
    measurement needs one, and shared."""

    def __init__(self, folder, options, report, say):
        self.folder, self.options, self.report, self.say = folder, options, report, say
        self.fleets = {}
        self.rivals = []  # peers.Peer; each run of the drain is followed by one of each

    def fleet(self, agents, events, notes=30, corrections=0):
        key = (agents, events, notes, corrections)
        if key not in self.fleets:
            self.say("recording %d x %s events" % (agents, format(events, ",")))
            self.fleets[key] = Fleet(os.path.join(self.folder, "fleet-%d-%d-%d-%d" % key), *key)
        return self.fleets[key]

    def put(self, **series):
        """Names have '__' for the '.' of figures.GOALS."""
        for name, one in series.items():
            self.report.put(name.replace("__", "."), one)

    def series(self, count):
        return [Series() for _ in range(count)]

    # -- what agents hand over

    def drain(self):
        fleet = self.fleet(1, self.options.events)
        rate, hub, agent, peak, foreign, idle = self.series(6)
        for _ in range(self.options.runs):
            trial = fleet.trial()
            done = trial.drain()
            rate.add(fleet.total / done.wall_s)
            hub.add(done.hub_cpu_s / fleet.total * 1e6)
            agent.add(done.cpu_s / fleet.total * 1e6)
            peak.add(done.hub_peak_kib / 1024)
            foreign.add(100 * done.foreign)
            idle.add(machine.memory_kib(trial.pid) / 1024)
            trial.stop()
            for rival in self.rivals:
                rival.once(fleet)
        self.put(drain=rate, drain__hub_cpu=hub, drain__agent_cpu=agent, drain__hub_peak=peak,
                 drain__foreign=foreign, memory__hub_idle=idle)
        for rival in self.rivals:
            rival.once(fleet, relayed=True)
            rival.told()

    def devices50(self):
        fleet = self.fleet(50, max(self.options.events // 50, 1))
        rate, hub, agent = self.series(3)
        for _ in range(self.options.runs):
            trial = fleet.trial()
            done = trial.drain()
            trial.stop()
            rate.add(fleet.total / done.wall_s)
            hub.add(done.hub_cpu_s / fleet.total * 1e6)
            agent.add(done.cpu_s / fleet.total * 1e6)
        self.put(devices50=rate, devices50__hub_cpu=hub, devices50__agent_cpu=agent)

    def wire_bytes(self, fleet):
        host, port = fleet.endpoint[len("tcp://"):].split(":")
        trial = fleet.trial()
        relay = Relay(host, int(port))
        trial.drain("--hub", "tcp://127.0.0.1:%d" % relay.port)
        trial.stop()
        return relay.stop()

    def wire(self):
        """Bytes of TCP, not those of IP around them."""
        plain, notes, alone, over = self.series(4)
        fleet = self.fleet(1, self.options.events, notes=0)
        plain.add(self.wire_bytes(fleet) / fleet.total)
        fleet = self.fleet(1, self.options.events)
        notes.add(self.wire_bytes(fleet) / fleet.total)
        alone.add(fleet.notes_alone / fleet.total)
        over.add(notes.median - alone.median)
        self.put(wire=plain, wire__notes=notes, wire__notes_alone=alone, wire__notes_over=over)

    # -- what people do at the device

    def device(self, name):
        """A home with the plan and one unit."""
        home = os.path.join(self.folder, name)
        shutil.rmtree(home, ignore_errors=True)
        for args in (("create", home, "con-houston"), ("plan", home, programs.PLAN, "1")):
            machine.home_tool(*args)
        return home

    def record(self):
        times = self.options.records
        middle, last, cpu, bare, bare_cpu, ratio = self.series(6)
        inproc, inproc_bare, inproc_ratio = self.series(3)
        for _ in range(self.options.runs):
            home = self.device("record-home")
            shutil.rmtree(self.bare_dir(), ignore_errors=True)
            ours_cpu, ours_us, ours_p99, its_cpu, its_us, _ = tool(
                "spawn", times, os.path.join(programs.BIN, "valija"), "record", "--home", home,
                "--indicator", "IND-1", "--mode", "consulado-movil", "--date", "2025-11-14",
                "--place", "Dallas", "--count", "attended=180",
                "--", os.path.join(machine.TOOLS, "bench_bare"), "record", self.bare_dir())
            middle.add(ours_us)
            last.add(ours_p99)
            cpu.add(ours_cpu)
            bare.add(its_us)
            bare_cpu.add(its_cpu)
            ratio.add(ours_us / its_us)
            for _ in range(INPROC_TURNS):
                one, _ = tool("append", home, times)
                its, _ = tool("bare", "inproc", self.bare_dir(), times)
                inproc.add(one)
                inproc_bare.add(its)
                inproc_ratio.add(one / its)
        self.put(record=middle, record__p99=last, record__cpu=cpu, record__bare=bare,
                 record__bare_cpu=bare_cpu, record__ratio=ratio, record__inproc=inproc,
                 record__inproc_bare=inproc_bare, record__inproc_ratio=inproc_ratio)

    def bare_dir(self):
        return os.path.join(self.folder, "bare")

    def imports(self):
        rows = min(100_000, self.options.events)
        path = os.path.join(self.folder, "rows.csv")
        with open(path, "wb") as f:
            machine.write_tool(f, "fill", "csv", "con-houston", rows)
        rate, cpu, peak = self.series(3)
        for _ in range(self.options.runs):
            home = self.device("import-home")
            done = run_one("valija", "import", path, "--home", home)
            rate.add(rows / done.wall_s)
            cpu.add(done.cpu_s / rows * 1e6)
            peak.add(done.peak_kib / 1024)
        self.report.put("import", rate)
        self.report.put("import.cpu", cpu)
        self.report.put("import.peak", peak)

    def memory(self):
        """A daemon that has handed all over and waits."""
        fleet = self.fleet(1, self.options.events)
        private, wakeups = self.series(2)
        trial = fleet.trial()
        trial.drain()
        agent = machine.daemon(trial.agents[0], "valija-agent", "run")
        time.sleep(SETTLE_S)
        before = machine.switches(agent.process.pid)
        time.sleep(IDLE_S)
        wakeups.add((machine.switches(agent.process.pid) - before) / IDLE_S)
        private.add(machine.memory_kib(agent.process.pid, "Private_Dirty") / 1024)
        agent.stop()
        trial.stop()
        self.put(memory__agent=private, memory__wakeups=wakeups)

    # -- what the office does at the hub

    def rebuild(self):
        for name, corrections in (("rebuild", 0), ("rebuild.corrections", 50)):
            fleet = self.fleet(1, self.options.corrected if corrections else
                               self.options.events, corrections=corrections)
            trial = fleet.trial()
            trial.drain()
            trial.stop()
            rate, cpu, peak = self.series(3)
            for _ in range(self.options.runs):
                done = run_one("valija-hub", "rebuild", "--home", trial.home)
                rate.add(fleet.total / done.wall_s)
                cpu.add(done.cpu_s / fleet.total * 1e6)
                peak.add(done.peak_kib / 1024)
            self.report.put(name, rate)
            if not corrections:
                self.report.put("rebuild.cpu", cpu)
            self.report.put(name + ("_peak" if corrections else ".peak"), peak)

    def disk(self):
        fleet = self.fleet(1, self.options.events)
        trial = fleet.trial()
        trial.drain()
        trial.stop()
        tables = machine.tables(os.path.join(trial.home, "store"))
        outbox = machine.tables(os.path.join(trial.agents[0], "outbox"))
        ledger = sum(tables[t][0] for t in LEDGER)
        rows = sum(tables[t][1] for t in LEDGER)
        figures = {"journal": sum(tables[t][0] for t in JOURNAL) / fleet.total,
                   "ledger": ledger / fleet.total, "cells": rows / fleet.total,
                   "cell_bytes": ledger / rows,
                   "file": machine.disk_bytes(os.path.join(trial.home, "store")) / fleet.total,
                   "outbox": sum(size for size, _ in outbox.values()) / fleet.total}
        for name, value in figures.items():
            one = Series()
            one.add(value)
            self.report.put("disk." + name, one)

    def state(self):
        """History in the hub: ten agents with a tenth each."""
        fleet = self.fleet(10, max(self.options.history // 10, 1))
        trial = fleet.trial()
        trial.drain()
        first, warm, counts, at, events, past = self.series(6)
        hub = os.path.join(programs.BIN, "valija-hub")

        def asked(times, *words):
            """Middle, in ms."""
            return tool("spawn", times, hub, *words, "--home", trial.home)[1] / 1000
        first.add(asked(1, "state"))
        trial.settle()
        half = machine.journal_entries(trial.home) // 2
        for _ in range(self.options.runs):
            warm.add(asked(20, "state"))
            counts.add(asked(20, "counts", "IND-1", "--by", "unit,quarter"))
            at.add(asked(1, "counts", "IND-1", "--by", "unit,quarter", "--at", half))
        events.add(fleet.total)
        past.add(machine.disk_bytes(os.path.join(trial.home, "snapshots")) / 2**20)
        trial.stop()
        self.put(state__first=first, state=warm, state__counts=counts, state__at=at,
                 state__past_mib=past, state__events=events)
        for path in glob.glob(fleet.path("run-*")):
            shutil.rmtree(path, ignore_errors=True)


MEASURES = {"drain": Bench.drain, "devices50": Bench.devices50, "wire": Bench.wire,
            "record": Bench.record, "import": Bench.imports, "memory": Bench.memory,
            "rebuild": Bench.rebuild, "disk": Bench.disk, "state": Bench.state}
