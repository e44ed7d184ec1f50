"""All devices come back at the same moment: the real hub, devices that bench_storm plays."""

import os
import shutil
import subprocess

import machine
import ours
import programs

EVENTS = 10
DEVICES_EACH = 500  # of a process: what libzmq does for a timer grows with their number
SECONDS = 360
ENROLLED_AT_ONCE = 1000  # a folder may have 1,024


class Crowd:
    """Some processes of bench_storm."""

    def __init__(self, hub, devices):
        self.parts = [subprocess.Popen(
            [os.path.join(machine.TOOLS, "bench_storm"), "run", hub.endpoint, hub.pub,
             str(first), str(min(DEVICES_EACH, devices - first)), str(EVENTS), units()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                      for first in range(0, devices, DEVICES_EACH)]
        for part in self.parts:
            if part.stdout.readline() != "ready\n":
                raise AssertionError("bench_storm is not ready")

    def go(self):
        """(first, middle, 99 %, last) in s, and how many attempts failed."""
        self.line()
        told = [[float(word) for word in part.stdout.readline().split()] for part in self.parts]
        if not all(told):
            raise AssertionError("devices of the storm were left waiting")
        columns = list(zip(*told))
        return (min(columns[0]) / 1000, machine.statistics.median(columns[1]) / 1000,
                max(columns[2]) / 1000, max(columns[3]) / 1000, sum(columns[4]))

    def line(self):
        for part in self.parts:
            part.stdin.write("\n")
            part.stdin.flush()

    def end(self):
        for part in self.parts:
            part.kill()
            part.communicate()


def units():
    return ",".join(ours.UNITS[:64])


def enrolled(folder, devices):
    """The home of a hub that knows so many devices, which have told it nothing."""
    hub = programs.Hub(os.path.join(folder, "storm-hub"))
    for first in range(0, devices, ENROLLED_AT_ONCE):
        requests = os.path.join(folder, "storm-requests")
        fingerprints = requests + ".txt"
        os.makedirs(requests)
        with open(fingerprints, "wb") as f:
            machine.write_tool(f, "storm", "requests", requests, first,
                               min(ENROLLED_AT_ONCE, devices - first), units())
        hub.command("enroll", requests, "--fingerprints", fingerprints, seconds=SECONDS)
        shutil.rmtree(requests)
    return hub


def storm(bench):
    devices = bench.options.devices
    bench.say("enrolling %s devices" % format(devices, ","))
    hub = enrolled(bench.folder, devices)
    kept = hub.home + "-kept"
    machine.copy(hub.home, kept)
    last, spread, cpu, grown, base, many = bench.series(6)
    middle, failed = bench.series(2)
    for _ in range(bench.options.runs):
        machine.copy(kept, hub.home)
        os.sync()
        hub.start()
        crowd = None
        try:
            pid = hub.daemon.process.pid
            crowd = Crowd(hub, devices)
            before, used = machine.memory_kib(pid), machine.cpu_s(pid)
            at_first, at_middle, _, at_last, failures = crowd.go()
            cpu.add((machine.cpu_s(pid) - used) / devices * 1000)
            grown.add((machine.memory_kib(pid) - before) / devices)
            base.add(before / 1024)
            last.add(at_last)
            middle.add(at_middle)
            spread.add(at_last - at_first)
            failed.add(failures / devices * 100)
            many.add(devices)
        finally:
            if crowd:
                crowd.end()
            hub.stop()
    bench.put(storm=last, storm__middle=middle, storm__last_to_first=spread, storm__hub_cpu=cpu,
              storm__hub_kib=grown, storm__hub_base=base, storm__failed=failed,
              storm__devices=many)


