#!/usr/bin/python3
"""A rebuild that takes several steps: killed between two of them, and given again."""

import json
import os
import signal
import struct
import subprocess
import unittest

from device import TEST_BIN
from programs import BIN, Agent, Case, Hub, free_endpoint, run, wait_until

EVENTS = 90_000
CORRECTED = "50"  # of a hundred; each writes several rows
PAGE_BYTES = 4096
COMMIT = 24 + 16 + 96 + 8  # where the number of the commit stands: behind page head and sizes


def last_commit(store):
    """What LMDB's two heads say."""
    with open(store, "rb") as f:
        heads = f.read(2 * PAGE_BYTES)
    return max(struct.unpack_from("<Q", heads, page + COMMIT)[0] for page in (0, PAGE_BYTES))


class Rebuild(Case):
    def setUp(self):
        super().setUp()
        endpoint = free_endpoint()
        self.office = Hub(self.path("hub"), bind=endpoint)
        self.addCleanup(self.office.stop, signal.SIGKILL)
        self.agent = Agent(self.path("agent"), self.office, endpoint, "con-houston")
        subprocess.run([os.path.join(TEST_BIN, "bench_fill"), self.agent.home, str(EVENTS), "1",
                        "0", CORRECTED], check=True, stdout=subprocess.DEVNULL)
        self.office.start()
        self.agent.sync("--timeout-ms", "300000")
        self.office.stop()
        self.store = os.path.join(self.office.home, "store/data.mdb")

    def rebuild(self, *args):
        return run("valija-hub", "rebuild", *args, "--home", self.office.home).stdout

    def kill_one(self):
        """A rebuild, once a step of it is done."""
        before = last_commit(self.store)
        with subprocess.Popen([os.path.join(BIN, "valija-hub"), "rebuild", "--home",
                               self.office.home], stdout=subprocess.DEVNULL,
                              start_new_session=True) as process:
            wait_until(lambda: last_commit(self.store) > before, "a step is done")
            self.assertIsNone(process.poll(), "one step was enough")
            os.killpg(process.pid, signal.SIGKILL)

    def state(self):
        return json.loads(self.office.command("state", "--json"))

    def test_one_that_was_killed_is_gone_on_with(self):
        before = self.state()
        self.kill_one()
        self.assertEqual(self.state(), before)
        self.office.start()  # who serves goes on meanwhile
        self.agent.record("--indicator", "IND-1", "--quantity", "3", "--date", "2025-11-14",
                          "--place", "Katy")
        self.agent.sync()
        said = self.rebuild()
        self.assertRegex(said, r"goes on where one that was ended had come to: entry [1-9]\d* of")
        self.assertNotIn("begins again", said)
        self.assertIn("the same as before", said)
        units = json.loads(self.office.command("units", "--json"))["units"]
        self.assertEqual([row["stored"] for row in units if row["device"]], [EVENTS + 1])
        self.office.command("verify")

    def test_one_that_was_killed_is_begun_anew_where_that_is_wanted(self):
        self.kill_one()
        said = self.rebuild("--anew")
        self.assertNotIn("goes on", said)
        self.assertIn("the same as before", said)
        self.assertNotIn("goes on", self.rebuild())


if __name__ == "__main__":
    unittest.main()
