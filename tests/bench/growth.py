"""How cost grows: one run at each of several sizes, a table and a plot for each question.

The tables are growth-*.tsv beside this, made into growth-*.svg by gnuplot.
"""

import os
import shutil
import subprocess

import machine
import ours
import programs
import storm
from machine import run_one, tool

HERE = os.path.dirname(os.path.abspath(__file__))
AGENT_EVENTS = 1_000_000  # more than these are of several agents


def sizes(least, most, step):
    """least, and step times as much again and again, up to most."""
    out = [least]
    while out[-1] * step <= most:
        out.append(out[-1] * step)
    return out


class Measured:
    """A fleet's backlog handed over, and what it came to."""

    def __init__(self, bench, agents, events, **other):
        folder = os.path.join(bench.folder, "growth")
        self.fleet = ours.Fleet(folder, agents, events, **other)
        self.trial = self.fleet.trial()
        self.done = self.trial.drain()
        self.idle_kib = machine.memory_kib(self.trial.pid)
        self.trial.stop()
        self.tables = machine.tables(os.path.join(self.trial.home, "store"))

    def pages(self, names):
        return sum(self.tables[name][0] for name in names)

    def rows(self, names):
        return sum(self.tables[name][1] for name in names)

    def rate(self):
        return self.fleet.total / self.done.wall_s

    def hub_us(self):
        return self.done.hub_cpu_s / self.fleet.total * 1e6

    def rebuild(self):
        return run_one("valija-hub", "rebuild", "--home", self.trial.home)

    def asked_ms(self, *words, times=5):
        return tool("spawn", times, os.path.join(programs.BIN, "valija-hub"), *words, "--home",
                    self.trial.home)[1] / 1000

    def remove(self):
        self.fleet.remove()


def by_events(bench, most):
    """Events of one agent, above a million of several."""
    columns = ["events", "drain (events/s)", "hub CPU (us/event)", "rebuild (events/s)",
               "rebuild memory (MiB)", "journal (B/event)", "ledger (MiB)", "state (ms)",
               "counts (ms)", "hub memory (MiB)"]
    rows = []
    for events in sizes(10_000, most, 10):
        agents = max(events // AGENT_EVENTS, 1)
        m = Measured(bench, agents, events // agents)
        again = m.rebuild()
        m.asked_ms("state", times=1)
        rows.append([events, m.rate(), m.hub_us(), events / again.wall_s, again.peak_kib / 1024,
                     m.pages(ours.JOURNAL) / events, m.pages(ours.LEDGER) / 2**20,
                     m.asked_ms("state"), m.asked_ms("counts", "IND-1", "--by", "unit,quarter"),
                     m.idle_kib / 1024])
        m.remove()
    return columns, rows


def by_devices(bench, most):
    """Simulated devices with ten events each that come back at once."""
    columns = ["devices", "until all are done (s)", "hub CPU (ms/device)",
               "hub memory (KiB/device)", "attempts that failed (%)"]
    rows = []
    for devices in sizes(1, most, 10):
        report = type(bench.report)(bench.say)
        options = type(bench.options)(**{**vars(bench.options), "devices": devices, "runs": 1})
        other = ours.Bench(os.path.join(bench.folder, "growth"), options, report, bench.say)
        os.makedirs(other.folder)
        storm.storm(other)
        shutil.rmtree(other.folder)
        rows.append([devices, *(report.series[name].median for name in (
            "storm", "storm.hub_cpu", "storm.hub_kib", "storm.failed"))])
    return columns, rows


def by_agents(bench, events):
    """The same events, divided among real agents that start at once."""
    columns = ["agents", "drain (events/s)", "hub CPU (us/event)", "agent CPU (us/event)",
               "journal (B/event)"]
    rows = []
    for agents in (1, 2, 5, 10, 20, 50, 100):
        m = Measured(bench, agents, max(events // agents, 1))
        rows.append([agents, m.rate(), m.hub_us(), m.done.cpu_s / m.fleet.total * 1e6,
                     m.pages(ours.JOURNAL) / m.fleet.total])
        m.remove()
    return columns, rows


def by_units(bench, events):
    """Units that one device reports for: cells grow with units times days."""
    columns = ["units", "drain (events/s)", "hub CPU (us/event)", "ledger (rows/event)",
               "ledger (B/row)", "counts (ms)"]
    rows = []
    for units in (1, 2, 4, 8, 16, 32, 64):
        m = Measured(bench, 1, events, units=units)
        count = m.rows(ours.LEDGER)
        rows.append([units, m.rate(), m.hub_us(), count / events, m.pages(ours.LEDGER) / count,
                     m.asked_ms("counts", "IND-1", "--by", "unit,quarter")])
        m.remove()
    return columns, rows


def by_corrections(bench, events):
    """Percent of the entries that correct an earlier one."""
    columns = ["corrections (%)", "drain (events/s)", "hub CPU (us/event)", "rebuild (events/s)",
               "rebuild memory (MiB)", "links (B/event)"]
    rows = []
    for percent in (0, 1, 5, 10, 20, 50):
        m = Measured(bench, 1, events, corrections=percent)
        again = m.rebuild()
        rows.append([percent, m.rate(), m.hub_us(), events / again.wall_s, again.peak_kib / 1024,
                     m.pages(("links",)) / events])
        m.remove()
    return columns, rows


def by_cuts(bench, events):
    """Cuts made of the same history, and a question to the first of them."""
    columns = ["cuts", "a cut (ms)", "counts --at the first (ms)", "state (ms)",
               "store (B/event)", "rebuild (events/s)"]
    m = Measured(bench, 1, events)
    rows, made = [], 0
    for cuts in (1, 2, 5, 10, 20, 50):
        spent = 0
        for number in range(made, cuts):
            spent += run_one("valija-hub", "cut", "c%d" % number, "--home", m.trial.home).wall_s
        at = m.asked_ms("counts", "IND-1", "--by", "unit,quarter", "--at", "c0", times=3)
        again = m.rebuild()
        size = sum(size for size, _ in machine.tables(
            os.path.join(m.trial.home, "store")).values())
        rows.append([cuts, spent / (cuts - made) * 1000, at, m.asked_ms("state"), size / events,
                     events / again.wall_s])
        made = cuts
    m.remove()
    return columns, rows


def plot(name, title, columns, rows):
    """The table, and a panel for each of its columns."""
    table = "growth-%s.tsv" % name
    with open(os.path.join(HERE, table), "w", encoding="utf-8") as f:
        f.write("\t".join(columns) + "\n")
        f.writelines("\t".join("%.6g" % value for value in row) + "\n" for row in rows)
    across = 3
    down = -(-(len(columns) - 1) // across)
    logarithmic = rows[-1][0] >= 50 and rows[0][0] > 0
    script = ["set terminal svg size %d,%d font 'sans,11' background 'white'" % (
                  across * 330, down * 250 + 30),
              "set output 'growth-%s.svg'" % name,
              "set datafile separator '\\t'", "set key off", "set grid",
              "set format x '%s'" % ("10^{%T}" if logarithmic and rows[-1][0] > 1000 else "%g"),
              "set multiplot layout %d,%d title '%s'" % (down, across, title),
              "set logscale x" if logarithmic else "unset logscale"]
    for i, column in enumerate(columns[1:], 1):
        most = "*" if any(row[i] for row in rows) else "1"
        script += ["set title '%s'" % column, "set xlabel '%s'" % columns[0],
                   "set yrange [0:%s]" % most,
                   "plot '%s' using 1:%d skip 1 with linespoints lw 2 pt 7 ps 0.6 title '%s'" % (
                       table, i + 1, column)]
    subprocess.run(["gnuplot"], input="\n".join(script), text=True, check=True, cwd=HERE)


QUESTIONS = {
    "events": ("How cost grows with events", by_events, lambda o: o.history),
    "devices": ("How cost grows with devices (10 events each)", by_devices, lambda o: o.devices),
    "agents": ("The same events, divided among agents", by_agents, lambda o: o.events),
    "units": ("How cost grows with the units of a device", by_units, lambda o: o.events),
    "corrections": ("How cost grows with corrections", by_corrections, lambda o: o.corrected),
    "cuts": ("How cost grows with cuts", by_cuts, lambda o: o.events),
}


def growth(bench, names):
    if not shutil.which("gnuplot"):
        raise SystemExit("gnuplot is not installed")
    for name in names or QUESTIONS:
        title, measure, size = QUESTIONS[name]
        bench.say("growth by " + name)
        columns, rows = measure(bench, size(bench.options))
        plot(name, title, columns, rows)
        for row in [columns, *rows]:
            bench.say("   " + "  ".join(c if isinstance(c, str) else "%.4g" % c for c in row))
