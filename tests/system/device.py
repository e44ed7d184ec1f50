"""A device's home that needs neither ZeroMQ nor a hub, for tests of valija."""

import json
import os
import subprocess

from programs import HERE, PLAN, Case, run

TEST_BIN = os.environ.get("VALIJA_TEST_BIN", os.path.join(HERE, "../../build/tests"))
HOME_TOOL = os.path.join(TEST_BIN, "home_tool")

DAY = ("--indicator", "IND-1", "--date", "2025-11-15")


def tool(*args, **other):
    return subprocess.run([HOME_TOOL, *map(str, args)], check=True, timeout=30, **other)


class DeviceCase(Case):
    """self.home is a fresh home of con-houston, with the ministry's plan."""

    units = "con-houston"

    def setUp(self):
        super().setUp()
        self.home = self.path("home")
        tool("create", self.home, self.units)
        tool("plan", self.home, PLAN, 1)

    def valija(self, name, *args, **other):
        return run("valija", name, *args, "--home", self.home, **other)

    def record(self, *args, **other):
        """The number of a new entry of the DAY."""
        return self.number(self.valija("record", *DAY, *args, **other))

    def number(self, done):
        """SEQ of the REF that was printed, which is all that was printed."""
        device, seq = done.stdout.rstrip("\n").split("-")
        self.assertEqual(device, self.status()["device"])
        return int(seq)

    def status(self):
        return json.loads(self.valija("status", "--json").stdout)

    def entries(self, *args):
        return json.loads(self.valija("list", "--json", *args).stdout)["entries"]

    def show(self, seq):
        return json.loads(self.valija("show", seq, "--json").stdout)

    def refused(self, *args, status=65, home=None):
        """What a command says that stores nothing."""
        before = self.status()["tip"]
        done = run("valija", *args, "--home", home or self.home, status=status)
        self.assertEqual(done.stdout, "")
        self.assertEqual(self.status()["tip"], before)
        return done.stderr
