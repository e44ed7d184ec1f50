#!/usr/bin/python3
"""Copies of a hub: made while it serves, put in its place when it is lost; and a
hub made again from nothing but its two key files."""

import os
import shutil
import signal
import subprocess
import threading
import unittest

from programs import PLAN, Agent, Case, Hub, free_endpoint, run

DAY = ("--indicator", "IND-1", "--date", "2025-11-15")


class Backup(Case):
    def setUp(self):
        super().setUp()
        self.endpoint = free_endpoint()
        self.office = self.started(Hub(self.path("hub"), bind=self.endpoint))
        self.agent = Agent(self.path("houston"), self.office, self.endpoint, "con-houston")

    def started(self, hub):
        self.addCleanup(hub.stop, signal.SIGKILL)
        return hub.start()

    def record_and_sync(self, count):
        for _ in range(count):
            self.agent.record(*DAY)
        self.agent.sync()

    def put_in_place(self, copy):
        """The hub is lost, and the copy takes its place."""
        self.office.stop(signal.SIGKILL)
        shutil.rmtree(self.office.home)
        subprocess.run(["cp", "-r", copy, self.office.home], check=True)
        self.office.start()

    def test_an_older_copy_in_the_place_of_the_hub_comes_to_the_same_digest(self):
        self.record_and_sync(2)
        out = self.office.command("backup", self.path("copy"))
        self.assertRegex(out, r"copy: \d+ entries of the journal, \d+@[0-9a-f]{16}\n")
        self.record_and_sync(3)
        digest = self.office.digest()
        self.put_in_place(self.path("copy"))
        self.assertEqual(self.office.total("IND-1"), 2)
        self.agent.sync()
        self.assertEqual(self.office.total("IND-1"), 5)
        self.assertEqual(self.office.digest(), digest)

    def test_a_copy_made_while_devices_send_is_whole(self):
        stop = threading.Event()

        def go_on():
            while not stop.is_set():
                self.record_and_sync(1)

        worker = threading.Thread(target=go_on)
        worker.start()
        try:
            for n in range(3):
                self.office.command("backup", self.path("copy-%d" % n))
        finally:
            stop.set()
            worker.join()
        self.agent.sync()
        for n in range(3):
            copy = Hub.__new__(Hub)
            copy.home = self.path("copy-%d" % n)
            state = copy.state()
            self.assertEqual(state["events"]["counted"], copy.total("IND-1"))
        digest = self.office.digest()
        self.put_in_place(self.path("copy-0"))
        self.agent.sync()
        self.assertEqual(self.office.digest(), digest)

    def test_its_rights_are_those_of_a_home(self):
        self.office.command("backup", self.path("copy"))
        self.assertEqual(os.stat(self.path("copy")).st_mode & 0o777, 0o700)
        for name in ("sign.key", "curve.key", "store/data.mdb"):
            self.assertEqual(os.stat(self.path("copy", name)).st_mode & 0o777, 0o600, name)

    def test_what_is_there_is_never_written_over(self):
        os.mkdir(self.path("full"))
        with open(self.path("full", "file"), "w", encoding="utf-8"):
            pass
        done = run("valija-hub", "backup", self.path("full"), "--home", self.office.home,
                   status=73)
        self.assertIn("is there and not empty; nothing was changed", done.stderr)
        done = run("valija-hub", "backup", self.path("no/such/folder"), "--home",
                   self.office.home, status=73)
        self.assertIn("the folder above it is not there", done.stderr)
        done = run("valija-hub", "backup", "--home", self.office.home, status=64)
        self.assertIn("where to?", done.stderr)

    def test_a_full_disk_leaves_nothing_behind(self):
        disk = self.small_disk("disk", "64k")
        done = run("valija-hub", "backup", os.path.join(disk, "copy"), "--home",
                   self.office.home, status=74)
        self.assertIn("no space left", done.stderr)
        self.assertEqual(os.listdir(disk), [])


class LostHub(Case):
    def test_two_key_files_and_the_devices_bring_a_lost_hub_back(self):
        endpoint = free_endpoint()
        first = Hub(self.path("hub"), bind=endpoint)
        self.addCleanup(first.stop, signal.SIGKILL)
        first.start()
        agent = Agent(self.path("houston"), first, endpoint, "con-houston")
        for _ in range(3):
            agent.record(*DAY)
        agent.sync()
        digest = first.digest()
        os.mkdir(self.path("safe"))
        for name in ("sign.key", "curve.key"):
            shutil.copy(os.path.join(first.home, name), self.path("safe", name))
        first.stop(signal.SIGKILL)
        shutil.rmtree(first.home)

        run("valija-hub", "init", "--home", first.home, "--bind", endpoint, "--plan", PLAN,
            "--keys", self.path("safe"))
        first.enroll(os.path.join(agent.home, "request"), agent.fingerprint)
        first.start()
        agent.sync()
        self.assertEqual(first.digest(), digest)

    def test_keys_that_are_none_are_named(self):
        os.mkdir(self.path("safe"))
        words = ("init", "--home", self.path("hub"), "--bind", "tcp://127.0.0.1:*", "--plan",
                 PLAN, "--keys", self.path("safe"))
        done = run("valija-hub", *words, status=66)
        self.assertIn("safe/sign.key: cannot be read", done.stderr)
        with open(self.path("safe", "sign.key"), "wb") as f:
            f.write(bytes(range(64)))
        done = run("valija-hub", *words, status=65)
        self.assertIn("safe/sign.key: this is not such a key of a hub", done.stderr)
        self.assertFalse(os.path.exists(self.path("hub")))


if __name__ == "__main__":
    unittest.main()
