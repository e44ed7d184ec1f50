#!/usr/bin/python3
"""kill -9 at random moments: what a command had returned counts exactly once.

Three consulates record from two processes each while their daemons carry it;
hub, daemons and the recording commands themselves are killed all the time.
VALIJA_KILL_SEED repeats the choices of a run, VALIJA_KILLS makes it longer.
"""

import os
import random
import signal
import subprocess
import threading
import time
import unittest

from programs import BIN, DEADLINE_S, Agent, Case, Daemon, Hub, free_endpoint, wait_until

SEED = int(os.environ.get("VALIJA_KILL_SEED") or random.SystemRandom().randrange(1 << 32))
ROUNDS = int(os.environ.get("VALIJA_KILLS", "60"))
UNITS = ["con-houston", "con-madrid", "con-miami"]
RECORDERS = 2  # for each unit
RETRY = ("--retry-min-ms", "5", "--retry-max-ms", "100")


class Recorder(threading.Thread):
    """Records one entry after the other at an agent, until told to stop.  Some
    of its commands are killed; those with a key are given again until one
    returns, the others are left as they may be."""

    def __init__(self, name, home, chance, stop):
        super().__init__()
        self.name = name
        self.home = home
        self.chance = chance
        self.stop = stop
        self.sure = {}   # note -> quantity: the command returned
        self.unsure = {} # killed, and not given again
        self.killed = 0
        self.fault = None

    def run(self):
        try:
            while not self.stop.is_set():
                self.record("%s.%d" % (self.name, len(self.sure) + len(self.unsure)))
        except Exception as e:  # pylint: disable=broad-except
            self.fault = e
            self.stop.set()

    def record(self, note, sure=False):
        quantity = self.chance.randint(1, 9)
        command = [os.path.join(BIN, "valija"), "record", "--home", self.home, "--indicator",
                   "IND-1", "--date", "2025-11-15", "--quantity", str(quantity), "--place", note]
        keyed = self.chance.random() < 0.6
        if keyed:
            command += ["--key", note]
        while True:
            if self.returned(command, sure):
                self.sure[note] = quantity
                return
            if not keyed:
                self.unsure[note] = quantity
                return

    def returned(self, command, sure):
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as process:
            if not sure and self.chance.random() < 0.3:
                time.sleep(self.chance.random() * 0.008)  # where it is then is chance
                process.kill()
            _, error = process.communicate(timeout=DEADLINE_S)
        if process.returncode == -signal.SIGKILL:
            self.killed += 1
            return False
        if process.returncode != 0:
            raise AssertionError("record: status %d\n%s" % (process.returncode, error))
        return True


class Kill(Case):
    def setUp(self):
        super().setUp()
        print("seed %d (VALIJA_KILL_SEED repeats it)" % SEED, flush=True)
        self.chance = random.Random(SEED)
        endpoint = free_endpoint()
        self.office = Hub(self.path("hub"), bind=endpoint)
        self.addCleanup(self.office.stop, signal.SIGKILL)
        self.agents = [Agent(self.path(unit), self.office, endpoint, unit) for unit in UNITS]
        self.daemons = {}
        self.addCleanup(lambda: [d.stop(signal.SIGKILL) for d in self.daemons.values()])

    def start_daemon(self, agent):
        self.daemons[agent.home] = Daemon(agent.home + ".log", "valija-agent", "run", "--home",
                                          agent.home, *RETRY)

    def kill_one(self):
        """One of the long-running ones dies, and is started again a little
        later, so that others are away with it now and then."""
        victim = self.chance.choice(["hub", "hub", *self.agents])
        pause = self.chance.random() * 0.1
        if victim == "hub":
            self.assertEqual(self.office.stop(signal.SIGKILL), -signal.SIGKILL)
            time.sleep(pause)
            self.office.start()
            return
        self.assertEqual(self.daemons[victim.home].stop(signal.SIGKILL), -signal.SIGKILL)
        time.sleep(pause)
        self.start_daemon(victim)

    def kill_a_sync(self):
        """A sync by hand beside the daemon, killed too."""
        agent = self.chance.choice(self.agents)
        with subprocess.Popen([os.path.join(BIN, "valija-agent"), "sync", "--home", agent.home],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            time.sleep(self.chance.random() * 0.05)
            process.kill()

    def record_under_fire(self):
        stop = threading.Event()
        recorders = [Recorder("%s.%d" % (os.path.basename(agent.home), i), agent.home,
                              random.Random(self.chance.random()), stop)
                     for agent in self.agents for i in range(RECORDERS)]
        for thread in recorders:
            thread.start()
        try:
            for _ in range(ROUNDS):
                if stop.is_set():
                    break
                time.sleep(self.chance.random() * 0.15)
                self.kill_one()
                if self.chance.random() < 0.3:
                    self.kill_a_sync()
        finally:
            stop.set()
            for thread in recorders:
                thread.join()
        for thread in recorders:
            if thread.fault:
                raise thread.fault
        return recorders

    def record_once_more(self, recorders):
        """One entry each that no kill befalls.  Who is killed just behind the
        commit wakes no daemon; its entry would go out after a silence."""
        for thread in recorders:
            thread.record("%s.last" % thread.name, sure=True)

    def settled(self):
        """The daemons have carried everything, by themselves."""
        return all(agent.status()["pending"] == 0 for agent in self.agents)

    def check(self, recorders):
        events = self.office.ask("events", "--code", "IND-1")["events"]
        counted = {}
        for event in events:
            note = event["place"]
            self.assertFalse(note in counted, "%s is counted twice" % note)
            counted[note] = event["quantity"]
        sure = {note: n for r in recorders for note, n in r.sure.items()}
        unsure = {note: n for r in recorders for note, n in r.unsure.items()}
        known = {note: n for note, n in counted.items() if note not in unsure}
        self.assertEqual((sure.items() - known.items(), known.items() - sure.items()),
                         (set(), set()), "returned and not counted, counted and not returned")
        for note in counted.keys() & unsure.keys():
            self.assertEqual(counted[note], unsure[note])
        for unit in UNITS:
            self.assertEqual(self.office.total("IND-1", "--unit", unit),
                             sum(n for note, n in counted.items() if note.startswith(unit)), unit)
        state = self.office.state()
        self.assertEqual(state["indicators"][0]["value"], sum(counted.values()))
        self.assertEqual(state["events"], {"counted": len(counted), "held": 0, "dated_ahead": 0})
        print("%d records returned, %d commands killed (%d of unknown end were stored)" % (
            len(sure), sum(r.killed for r in recorders), len(counted.keys() & unsure.keys())))

    def test_every_returned_record_counts_once(self):
        self.office.start()
        for agent in self.agents:
            self.start_daemon(agent)
        recorders = self.record_under_fire()
        self.record_once_more(recorders)
        wait_until(self.settled, "all is acknowledged")
        for log in [self.office.daemon, *self.daemons.values()]:
            self.assertNotRegex(log.said(), "REFUSED|DROPPED")
        self.check(recorders)
        for unit in self.office.ask("units")["units"]:
            self.assertEqual(unit["forks"], [])
        self.office.command("verify")
        for agent in self.agents:
            agent.valija("verify")
        digest = self.office.digest()
        for daemon in self.daemons.values():
            self.assertEqual(daemon.stop(), 0)
        for agent in self.agents:
            agent.sync()
        self.assertEqual(self.office.digest(), digest)
        self.office.stop(signal.SIGKILL)
        self.office.start()
        for agent in self.agents:
            agent.sync()
        self.assertEqual(self.office.digest(), digest)
        self.check(recorders)


if __name__ == "__main__":
    unittest.main()
