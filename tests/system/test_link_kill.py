#!/usr/bin/python3
"""kill -9 of hub, agents and recording commands while people go on recording:
every record whose command had returned is counted exactly once."""

import collections
import os
import random
import signal
import subprocess
import threading
import unittest

from programs import BIN, DEADLINE_S, Agent, Case, Daemon, Hub, wait_until
from test_link_agent import QUICK, free_port

UNITS = ("con-houston", "con-miami")
ROUNDS = 40
RECORDS_A_ROUND = 4
SEED = 2026


class Recorder(threading.Thread):
    """Records one activity after the other until stopped."""

    def __init__(self, agent):
        super().__init__(daemon=True)
        self.agent = agent
        self.refs = []
        self.wrong = []
        self.process = None
        self.over = False

    def run(self):
        command = [os.path.join(BIN, "valija"), "record", "--home", self.agent.home,
                   "--indicator", "IND-1", "--date", "2025-11-14", "--quantity", "1",
                   "--place", "Houston"]
        while not self.over:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                            text=True)
            out, said = self.process.communicate(timeout=DEADLINE_S)
            if self.process.returncode == 0:
                self.refs.append(out.strip())
            elif self.process.returncode != -signal.SIGKILL:
                self.wrong.append(said)

    def kill(self):
        process = self.process
        if process:
            process.kill()

    def stop(self):
        self.over = True
        self.join(DEADLINE_S)


class Kill(Case):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        port = free_port()
        self.hub = Hub(self.path("hub"), bind="tcp://127.0.0.1:%d" % port)
        self.addCleanup(self.hub.stop)
        endpoint = "tcp://127.0.0.1:%d" % port
        self.agents = [Agent(self.path(unit), self.hub, endpoint, unit) for unit in UNITS]
        self.daemons = {}
        self.hub.start()
        for agent in self.agents:
            self.start(agent)

    def start(self, agent):
        daemon = Daemon(agent.home + ".log", "valija-agent", "run", "--home", agent.home, *QUICK)
        self.addCleanup(daemon.stop)
        self.daemons[agent] = daemon

    def kill_something(self, recorders):
        what = self.random.randrange(4)
        if what == 0:
            self.random.choice(recorders).kill()
        if what in (1, 3):
            self.hub.stop(signal.SIGKILL)
        if what in (2, 3):
            agent = self.random.choice(self.agents)
            self.daemons[agent].stop(signal.SIGKILL)
            self.start(agent)
        if not self.hub.daemon:
            self.hub.start()

    def test_every_record_that_returned_is_counted_once(self):
        recorders = [Recorder(agent) for agent in self.agents for _ in range(2)]
        for recorder in recorders:
            recorder.start()
            self.addCleanup(recorder.stop)
        for _ in range(ROUNDS):
            before = sum(len(r.refs) for r in recorders)
            wait_until(lambda n=before: sum(len(r.refs) for r in recorders) >= n + RECORDS_A_ROUND,
                       "records of this round")
            self.kill_something(recorders)
        for recorder in recorders:
            recorder.stop()
            self.assertEqual(recorder.wrong, [])
        for agent in self.agents:
            wait_until(lambda a=agent: a.status()["pending"] == 0, "all is acknowledged")
        self.check([ref for recorder in recorders for ref in recorder.refs])

    def check(self, returned):
        stored = collections.Counter(row["ref"] for row in self.hub.ask("events")["events"])
        self.assertEqual([ref for ref, times in stored.items() if times > 1], [])
        self.assertEqual(len(set(returned)), len(returned))
        self.assertEqual([ref for ref in returned if ref not in stored], [])
        recorded = sum(agent.status()["tip"]["seq"] for agent in self.agents)
        self.assertEqual(len(stored), recorded)
        self.assertEqual(self.hub.total("IND-1"), recorded)
        self.assertGreater(len(returned), ROUNDS * RECORDS_A_ROUND)


if __name__ == "__main__":
    unittest.main()
