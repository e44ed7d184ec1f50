"""A hub and a device that only a bad link joins (tests/tools/bad_link.c)."""

import json
import os
import select
import subprocess
import unittest

from programs import BIN, DEADLINE_S, HERE, Daemon

TEST_BIN = os.environ.get("VALIJA_TEST_BIN", os.path.join(HERE, "../../build/tests"))
NOT_PERMITTED = 77
NSENTER = "/usr/bin/nsenter"
HUB = "10.9.0.1"  # as bad_link has it


class BadLink:
    """The link and its two namespaces, until close()."""

    def __init__(self, **words):
        self.process = subprocess.Popen(
            [os.path.join(TEST_BIN, "bad_link"), *self.said(words)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1)
        self.spaces = self.line().split()
        if len(self.spaces) != 2:
            _, error = self.process.communicate(timeout=DEADLINE_S)
            if self.process.returncode == NOT_PERMITTED:
                raise unittest.SkipTest("SKIPPED: no right to make network namespaces: " + error)
            raise AssertionError("no link: " + error)

    @staticmethod
    def said(words):
        return ["%s=%d" % word for word in words.items()]

    def line(self):
        if not select.select([self.process.stdout], [], [], DEADLINE_S)[0]:
            raise AssertionError("bad_link says nothing")
        return self.process.stdout.readline()

    def set(self, **words):
        """Changes the link; what went over it until then: {"to_first": ...}."""
        self.process.stdin.write(" ".join(self.said(words)) + "\n")
        return json.loads(self.line())

    def counts(self):
        return self.set()

    def close(self):
        self.process.stdin.close()
        self.process.wait(DEADLINE_S)
        self.process.stdout.close()
        self.process.stderr.close()

    def hub(self, log, *args):
        """A daemon at the first end."""
        return self.daemon(0, log, "valija-hub", *args)

    def device(self, log, *args):
        """A daemon at the second end."""
        return self.daemon(1, log, "valija-agent", *args)

    def daemon(self, end, log, program, *args):
        return Daemon(log, NSENTER, "--net=" + self.spaces[end], os.path.join(BIN, program),
                      *args)
