#!/usr/bin/python3
"""Measures the programs, and what others do with the same work.

What each figure is and how it is measured: README.md beside this.
"""

import argparse
import os
import sys
import tempfile

import ours
import storm
from figures import Report

MEASURES = {**ours.MEASURES, "storm": storm.storm}


def parse(args):
    p = argparse.ArgumentParser(prog="./dev bench", description="Measure, and compare with goals.")
    p.add_argument("names", nargs="*", metavar="NAME",
                   help="what to measure (default: all of ours): " + ", ".join(MEASURES))
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
    p.add_argument("--json", metavar="FILE", help="write the figures there too ('-': only them)")
    p.add_argument("--dir", help="where homes are made (default: a temporary folder)")
    options = p.parse_args(args)
    if options.short:
        options.events, options.history, options.devices = 20_000, 50_000, 100
        options.corrected = 10_000
        options.records, options.runs = 20, 1
    for name in options.names:
        if name not in MEASURES:
            p.error("there is no measurement '%s'" % name)
    return options


def main():
    options = parse(sys.argv[1:])

    def say(text):
        print("-- " + text, file=sys.stderr, flush=True)
    report = Report(say)

    with tempfile.TemporaryDirectory(prefix="valija-bench-", dir=options.dir) as folder:
        bench = ours.Bench(folder, options, report, say)
        for name in options.names or MEASURES:
            say(name)
            MEASURES[name](bench)
    report.ratios()
    if options.json != "-":
        print(report.table())
    if options.json:
        text = report.json({k: v for k, v in vars(options).items() if k not in ("json", "dir")})
        if options.json == "-":
            print(text)
        else:
            with open(os.path.join(options.json), "w", encoding="utf-8") as f:
                f.write(text + "\n")


if __name__ == "__main__":
    main()
