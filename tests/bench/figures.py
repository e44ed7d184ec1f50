"""What is measured, what is aimed at, and how both are told."""

import json
import os
import platform
import time


def peer(name, what, goal):
    return {name: ("events/s", None, "least", what),
            name + ".ratio": ("x", goal, "least", "drain to that"),
            name + ".cpu": ("us/event", None, "most", "CPU of its server"),
            name + ".wire": ("B/event", None, "most", "bytes both ways")}


# name: (unit, goal, "least" or "most" that it should be, what it is)
GOALS = {
    "drain": ("events/s", 1_000_000, "least", "backlog of one agent, end to end"),
    "drain.hub_cpu": ("us/event", 0.8, "most", "CPU of the hub"),
    "drain.agent_cpu": ("us/event", 0.5, "most", "CPU of the agent"),
    "drain.hub_peak": ("MiB", None, "most", "anonymous memory of the hub, at most"),
    "drain.foreign": ("%", None, "most", "of the machine that others took meanwhile"),
    "devices50": ("events/s", 700_000, "least", "50 agents at once"),
    "devices50.hub_cpu": ("us/event", 0.8, "most", "CPU of the hub"),
    "devices50.agent_cpu": ("us/event", None, "most", "CPU of the agents, their start included"),
    "wire": ("B/event", 20, "most", "bytes both ways, no free text"),
    "wire.notes": ("B/event", None, "most", "the same with free text in 30 %"),
    "wire.notes_alone": ("B/event", None, "most", "what zstd makes of these notes by themselves"),
    "wire.notes_over": ("B/event", 20, "most", "with free text, less the notes by themselves"),
    "record": ("us", None, "most", "valija record, whole process, middle"),
    "record.p99": ("us", None, "most", "the same, 99 %"),
    "record.bare": ("us", None, "most", "bare recorder, whole process, same run"),
    "record.ratio": ("x", 1.5, "most", "valija record to the bare recorder"),
    "record.cpu": ("us", None, "most", "CPU of valija record"),
    "record.bare_cpu": ("us", None, "most", "CPU of the bare recorder"),
    "record.inproc": ("us", None, "most", "one entry in-process, middle"),
    "record.inproc_bare": ("us", None, "most", "one bare commit in-process, middle"),
    "record.inproc_ratio": ("x", 1.2, "most", "in-process to a bare commit"),
    "import": ("rows/s", 400_000, "least", "100,000 rows from CSV, whole process"),
    "import.cpu": ("us/row", None, "most", "CPU of the import"),
    "import.peak": ("MiB", None, "most", "anonymous memory of the import, at most"),
    "memory.agent": ("MiB", 2, "most", "private and written, idle, after the drain"),
    "memory.wakeups": ("/s", 0.2, "most", "wake-ups of the idle agent, heartbeats included"),
    "memory.hub_idle": ("MiB", 64, "most", "anonymous memory of the hub after the drain"),
    "rebuild": ("events/s", 1_500_000, "least", "valija-hub rebuild"),
    "rebuild.cpu": ("us/event", None, "most", "its CPU"),
    "rebuild.peak": ("MiB", None, "most", "its anonymous memory, at most"),
    "rebuild.corrections": ("events/s", 500_000, "least", "the same, 50 % of them corrections"),
    "rebuild.corrections_peak": ("MiB", None, "most", "its anonymous memory, at most"),
    "disk.journal": ("B/event", 30, "most", "pages of the hub's journal and its index"),
    "disk.ledger": ("B/event", None, "most", "pages of the ledger"),
    "disk.cells": ("/event", None, "most", "rows of the ledger"),
    "disk.cell_bytes": ("B/row", None, "most", "pages of the ledger, by row"),
    "disk.file": ("B/event", None, "most", "the file of the store, free pages included"),
    "disk.outbox": ("B/event", None, "most", "pages of the outbox at the agent"),
    "state": ("ms", 5, "most", "valija-hub state, whole process, nothing new since the last"),
    "state.first": ("ms", None, "most", "the same, the first after the drain"),
    "state.counts": ("ms", 20, "most", "valija-hub counts IND-1 --by unit,quarter"),
    "state.at": ("ms", 2000, "most", "the same --at the middle of the journal"),
    "state.past_mib": ("MiB", None, "most", "disk of what the hub keeps for that (snapshots)"),
    "state.events": ("events", None, "least", "that these were asked of"),
    "storm": ("s", 15, "most", "devices with 10 events each, until all are acknowledged"),
    "storm.middle": ("s", None, "most", "until half of them are done"),
    "storm.failed": ("%", None, "most", "attempts that failed and were tried again, by device"),
    "storm.last_to_first": ("s", None, "most", "from the first device that is done to the last"),
    "storm.hub_cpu": ("ms/device", None, "most", "CPU of the hub"),
    "storm.hub_kib": ("KiB/device", 32, "most", "anonymous memory of the hub by connection"),
    "storm.hub_base": ("MiB", 64, "most", "anonymous memory of the hub before"),
    "storm.devices": ("devices", None, "least", "that took part"),
    **peer("postgres", "PostgreSQL, dedupe and totals, 10,000 a commit", 10),
    **peer("postgres_insert", "PostgreSQL, dedupe, no totals, 1,000 a commit, pipelined", 5),
    **peer("redis", "Redis Streams, synced always, dedupe by id, no totals", 5),
    **peer("nats", "NATS JetStream, file, dedupe, no totals; does not sync", None),
    **peer("mosquitto", "mosquitto, QoS 1, kept for a subscriber; does not sync", None),
}


def short(value):
    size = abs(value)
    if size >= 1000:
        return "{:,.0f}".format(value)
    return "%.0f" % value if size >= 100 else "%.3g" % value


class Report:
    """Figures as they come; told at the end."""

    def __init__(self, say):
        self.series, self.say = {}, say

    def put(self, name, series):
        if series.values:
            self.series[name] = series
            self.say("   %-20s %s %s" % (name, short(series.median), GOALS[name][0]))

    def share(self, name):
        """How much of a goal is reached: 1 and above is all of it; None without one."""
        _, goal, way, _ = GOALS[name]
        value = self.series[name].median
        if goal is None or value == 0:
            return None
        return value / goal if way == "least" else goal / value

    def ratios(self, ours="drain"):
        """What stands between ours and each peer of the same run."""
        for name in list(self.series):
            wanted = name + ".ratio"
            if wanted in GOALS and name != "record" and ours in self.series:
                ratio = type(self.series[name])()
                ratio.add(self.series[ours].median / self.series[name].median)
                self.series[wanted] = ratio

    def row(self, name):
        unit, goal, way, what = GOALS[name]
        series = self.series[name]
        share = self.share(name)
        sign = ">=" if way == "least" else "<="
        return (name, short(series.median), unit,
                "" if goal is None else "%s %s" % (sign, short(goal)),
                "" if share is None else "%.2f" % share,
                "" if len(series.values) < 2 else "%.0f %%" % (100 * series.spread),
                str(len(series.values)), what)

    def table(self):
        """Ratios first, then all else in the order of the goals."""
        names = sorted(self.series, key=lambda n: (GOALS[n][0] != "x", list(GOALS).index(n)))
        rows = [("figure", "middle", "unit", "goal", "reached", "spread", "runs", "what"),
                *map(self.row, names)]
        widths = [max(map(len, column)) for column in zip(*rows)]
        return "\n".join("  ".join(
            cell.ljust(width) if i in (0, 2, 7) else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows)

    def json(self, options):
        figures = {}
        for name, series in self.series.items():
            unit, goal, way, what = GOALS[name]
            figures[name] = {"value": series.median, "unit": unit, "goal": goal, "way": way,
                             "reached": self.share(name), "values": series.values, "what": what}
        return json.dumps({"when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                           "machine": {"processors": os.cpu_count(), "kernel": platform.release(),
                                       "model": processor()},
                           "options": options, "figures": figures}, indent=1)


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        for line in f:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()
