"""The real programs, as system tests start them.

The programs are those of $VALIJA_BIN.  Homes lie in a folder that goes away
with the test; hubs listen on ports that the system gives; every command and
every wait has a deadline; nothing outlives a test.
"""

import json
import os
import random
import re
import select
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import peer

HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.environ.get("VALIJA_BIN", os.path.join(HERE, "../../build/bin"))
PLAN = os.path.join(HERE, "../../hub/plan/pei-2023-2026.json")
CUTOFF = "2026-12-31"
DEADLINE_S = 30


def run(program, *args, status=0, data=None, seconds=DEADLINE_S, **other):
    """Runs a program to its end: what it wrote to its outputs.  A status other
    than the one given (None: any) is a failure that shows what it said."""
    command = [os.path.join(BIN, program), *map(str, args)]
    done = subprocess.run(command, input=data, capture_output=True, text=True, timeout=seconds,
                          check=False, **({} if data is not None else
                                          {"stdin": subprocess.DEVNULL}), **other)
    if status is not None and done.returncode != status:
        raise AssertionError("%s: status %d, not %d\n%s%s" % (
            " ".join(command), done.returncode, status, done.stdout, done.stderr))
    return done


def wait_until(condition, what, seconds=DEADLINE_S):
    """The first true answer of condition(), asked again and again."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError("waited %g s in vain for: %s" % (seconds, what))
        time.sleep(0.02)


def free_endpoint():
    """One whose port stays the same when a hub is started again: below those
    that the system gives to outgoing connections."""
    while True:
        port = random.randrange(10000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        return "tcp://127.0.0.1:%d" % port


class Daemon:
    """A program that runs until stopped; its outputs go to files."""

    def __init__(self, log, program, *args, **other):
        self.log = log
        with open(log, "ab") as f:
            self.process = subprocess.Popen([os.path.join(BIN, program), *map(str, args)],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=f, text=True, **other)

    def line(self, seconds=DEADLINE_S):
        """The next line of its standard output."""
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            raise AssertionError("no line within %g s; its log:\n%s" % (seconds, self.said()))
        return self.process.stdout.readline().rstrip("\n")

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def running(self):
        return self.process.poll() is None

    def stop(self, how=signal.SIGTERM):
        """Ends it; its exit status."""
        if self.running():
            self.process.send_signal(how)
        try:
            self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("did not stop; its log:\n%s" % self.said()) from None
        finally:
            self.process.stdout.close()
        return self.process.returncode


class Hub:
    """A hub home, and the daemon that serves it while started."""

    def __init__(self, home, plan=PLAN, bind="tcp://127.0.0.1:*", **other):
        self.home = home
        self.daemon = None
        self.endpoint = None
        run("valija-hub", "init", "--home", home, "--bind", bind, "--plan", plan, **other)

    @property
    def pub(self):
        return os.path.join(self.home, "hub.pub")

    @property
    def keys(self):
        return peer.HubKeys.read(self.pub)

    def start(self, *options, **other):
        self.daemon = Daemon(self.home + ".log", "valija-hub", "run", "--home", self.home,
                             *options, **other)
        line = self.daemon.line()
        found = re.fullmatch(r"listening on (tcp://127\.0\.0\.1:[1-9][0-9]*)", line)
        if not found:
            raise AssertionError("the hub says %r; its log:\n%s" % (line, self.daemon.said()))
        self.endpoint = found[1]
        return self

    @property
    def query_socket(self):
        """Where processes of this machine ask."""
        return "ipc://" + os.path.abspath(os.path.join(self.home, "query", "socket"))

    @property
    def query_endpoint(self):
        """Where readers ask, when it was started with --query-bind."""
        with open(os.path.join(self.home, "query-endpoint"), encoding="ascii") as f:
            return f.read().strip()

    def stop(self, how=signal.SIGTERM):
        if self.daemon:
            status = self.daemon.stop(how)
            self.daemon = None
            return status
        return None

    def command(self, name, *args, **other):
        """A command on this home: its standard output."""
        return run("valija-hub", *name.split(), *args, "--home", self.home, **other).stdout

    def ask(self, name, *args):
        """The same with --json, and with a cut-off so that today does not
        matter."""
        cutoff = () if "--cutoff" in args or name in ("units", "show") else ("--cutoff", CUTOFF)
        return json.loads(self.command(name, *args, "--json", *cutoff))

    def ask_plain(self, name, *args):
        """The same of a command that knows no cut-off."""
        return json.loads(self.command(name, *args, "--json"))

    def state(self):
        return self.ask("state")

    def digest(self):
        return self.state()["digest"]

    def total(self, code, *args):
        """Sum of counts of a code."""
        return sum(row["value"] for row in self.ask("counts", code, *args)["rows"])

    def enroll(self, request, fingerprint, *args, **other):
        return self.command("enroll", request, "--fingerprint", fingerprint, *args, **other)

    def admit(self, device, *args, **other):
        """Enrols a peer.Device; a running hub lets it in on return."""
        path = self.home + ".request"
        with open(path, "wb") as f:
            f.write(device.request())
        self.enroll(path, device.fingerprint(), *args, **other)
        if self.daemon:
            wait_until(lambda: self.lets_in(device), "the hub lets in who was enrolled", seconds=5)
        return device

    def lets_in(self, device):
        with self.link(device) as link:
            return link.handshake()

    def link(self, device, **other):
        return peer.Link(device, self.endpoint, self.keys, **other)

    def sync(self, device, **other):
        """All events of a peer.Device acknowledged."""
        with self.link(device) as link:
            link.sync(**other)


class Agent:
    """The home of an agent of ours, enrolled at the hub."""

    def __init__(self, home, hub, endpoint, *units):
        self.make(home, hub, endpoint, *units)
        hub.enroll(os.path.join(home, "request"), self.fingerprint)

    def make(self, home, hub, endpoint, *units):
        """The home alone."""
        self.home = home
        out = run("valija-agent", "init", "--home", home, "--unit", ",".join(units),
                  "--hub", endpoint, "--hub-key", hub.pub).stdout
        found = re.fullmatch(r"fingerprint: (\S+)", out.splitlines()[-1])
        self.fingerprint = found[1]

    def valija(self, name, *args, **other):
        return run("valija", name, *args, "--home", self.home, **other).stdout

    def record(self, *args, **other):
        """The REF of a new record."""
        return self.valija("record", *args, **other).strip()

    def sync(self, *args, **other):
        return run("valija-agent", "sync", *args, "--home", self.home, **other).stdout

    def status(self):
        return json.loads(self.valija("status", "--json"))


class Case(unittest.TestCase):
    """A test with a folder of its own; what it started is stopped."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="valija-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def small_disk(self, name, size):
        """A folder on a file system of its own, of so many bytes (as mount has it)."""
        disk = self.path(name)
        os.mkdir(disk)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", disk],
                          check=False, capture_output=True).returncode != 0:
            self.skipTest("SKIPPED: no right to mount a small disk")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        return disk

    def hub(self, name="hub", **other):
        """A hub, made and started."""
        hub = Hub(self.path(name), **other)
        self.addCleanup(hub.stop)
        return hub.start()

    def device(self, hub, *units):
        """A peer.Device, enrolled."""
        return hub.admit(peer.Device(units))
