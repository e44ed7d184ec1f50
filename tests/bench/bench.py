#!/usr/bin/python3
"""Measures the programs, and what others do with the same work.

What each figure is and how it is measured: README.md beside this.
"""

import argparse
import os
import signal
import sys
import tempfile

import growth
import machine
import ours
import peers
import storm
from figures import Report

HERE = os.path.dirname(os.path.abspath(__file__))
MEASURES = {**ours.MEASURES, "storm": storm.storm}
BESIDE = ("postgres", "postgres_insert")  # measured without being asked for
SHORT = ("drain", "wire", "record", "import", "rebuild", "disk", "state", "storm")


def parse(args):
    p = argparse.ArgumentParser(prog="./dev bench", description="Measure, and compare with goals.")
    p.add_argument("names", nargs="*", metavar="NAME",
                   help="what to measure (default: all of ours and PostgreSQL): " +
                   ", ".join([*MEASURES, *peers.PEERS]))
    p.add_argument("--peers", action="store_true", help="all others too")
    p.add_argument("--events", type=int, default=1_000_000, metavar="N",
                   help="events of a backlog (default: 1,000,000)")
    p.add_argument("--history", type=int, default=10_000_000, metavar="N",
                   help="events that `state` is asked of (default: 10,000,000)")
    p.add_argument("--corrected", type=int, default=1_000_000, metavar="N",
                   help="events to rebuild where half are corrections (default: 1,000,000)")
    p.add_argument("--devices", type=int, default=10_000, metavar="N",
                   help="devices of the storm (default: 10,000)")
    p.add_argument("--records", type=int, default=500, metavar="N",
                   help="processes that record one entry (default: 500)")
    p.add_argument("--runs", type=int, default=3, metavar="N", help="of each (default: 3)")
    p.add_argument("--short", action="store_true",
                   help="a hundredth of all that, once: what each change is tried with")
    p.add_argument("--growth", action="store_true",
                   help="measure at several sizes instead, and plot; NAMEs are then: " +
                   ", ".join(growth.QUESTIONS))
    p.add_argument("--needs", action="store_true",
                   help="measure nothing: say which packages of Debian the peers need")
    p.add_argument("--json", metavar="FILE", help="write the figures there too ('-': only them)")
    p.add_argument("--write", action="store_true",
                   help="keep table and figures as results.txt and results.json of tests/bench")
    p.add_argument("--dir", help="where homes are made (default: a temporary folder)")
    options = p.parse_args(args)
    if options.short:
        options.events, options.history, options.devices = 20_000, 50_000, 100
        options.corrected = 10_000
        options.records, options.runs = 20, 1
    for name in options.names:
        if name not in (growth.QUESTIONS if options.growth else {**MEASURES, **peers.PEERS}):
            p.error("there is no measurement '%s'" % name)
    return options


def rivals(options):
    """The peers that take part in the drain."""
    wanted = [n for n in options.names if n in peers.PEERS]
    if options.peers:
        wanted = list(peers.PEERS)
    elif not options.names and not options.short:
        wanted = list(BESIDE)
    return [peers.PEERS[name] for name in wanted]


def present(wanted, say):
    """Those of the peers that are there."""
    for peer in wanted:
        if peer.missing():
            say("%s is not installed: passed over" % peer.name)
    return [peer for peer in wanted if not peer.missing()]


def measures(options, bench):
    """Names, in their order; a peer is measured beside the drain."""
    every = SHORT if options.short else MEASURES
    names = [n for n in options.names if n in MEASURES] if options.names else list(every)
    if bench.rivals and "drain" not in names:
        names.insert(0, "drain")
    return names


def main():
    options = parse(sys.argv[1:])
    if options.needs and options.growth:
        print("gnuplot-nox|gnuplot")
        return
    if options.needs:
        print(" ".join(sorted({p for peer in rivals(options) for p in peer.packages})))
        return

    def say(text):
        print("-- " + text, file=sys.stderr, flush=True)
    report = Report(say)

    # what was started ends with it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    with tempfile.TemporaryDirectory(prefix="valija-bench-", dir=options.dir) as folder:
        try:
            os.chmod(folder, 0o755)  # PostgreSQL runs as somebody else
            measure(ours.Bench(folder, options, report, say), options)
        finally:
            machine.stop_daemons()
    if not options.growth:
        report.ratios()
        keep(report, options)


def measure(bench, options):
    if options.growth:
        growth.growth(bench, options.names)
        return
    bench.rivals = [peer(bench) for peer in present(rivals(options), bench.say)]
    for name in measures(options, bench):
        bench.say(name)
        MEASURES[name](bench)


def keep(report, options):
    """Printed, and written where that was asked for."""
    unsaid = ("json", "dir", "needs", "write", "growth")
    text = report.json({k: v for k, v in vars(options).items() if k not in unsaid}) + "\n"
    print(text if options.json == "-" else report.table())
    if options.json and options.json != "-":
        write(options.json, text)
    if options.write:
        write(os.path.join(HERE, "results.json"), text)
        write(os.path.join(HERE, "results.txt"), report.table() + "\n")


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


if __name__ == "__main__":
    main()
