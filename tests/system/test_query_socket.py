#!/usr/bin/python3
"""A hub is asked from another place: the same answers, only by those who may, only what
reads, and nothing that anybody does there gets in the way of the hub."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import unittest

import peer
import zmq
from programs import BIN, CUTOFF, DEADLINE_S, PLAN, Agent, Case, run, wait_until

HOUSTON = "con-houston"
DATE = 20406  # 2025-11-14
TCP = "tcp://127.0.0.1:*"
# So much that neither the pipe nor what may be sent ahead holds it.
MANY = 1200

# Each command that reads, as one asks it. Of a new one a line belongs here too.
READING = {
    "state": ("--cutoff", CUTOFF),
    "counts": ("IND-1", "--by", "unit,quarter", "--cutoff", CUTOFF),
    "tree": ("--cutoff", CUTOFF),
    "groups": ("--cutoff", CUTOFF),
    "pace": ("--cutoff", CUTOFF),
    "completeness": ("2025-Q4", "--by", "kind"),
    "units": (),
    "held": (),
    "events": ("--cutoff", CUTOFF),
    "calendar": ("--from", "2025-11", "--to", "2025-12"),
    "duplicates": (),
    "show": None,  # the REF
    "plan show": (),
    "cuts": (),
    "locks": (),
    "diff": ("4", "--cutoff", CUTOFF),
    "devices": (),
}


def children(pid):
    """The processes that a process has started."""
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
        return [int(word) for word in f.read().split()]


def ask(endpoint, *words, **other):
    return run("valija-hub", "--connect", endpoint, *words, **other)


class QueryCase(Case):
    def asked_hub(self, *options, events=2):
        """A hub that readers may ask, and a device of it with some events, one of them
        held."""
        hub = self.hub()
        hub.stop()
        hub.start("--query-bind", TCP, *options)
        self.sender = self.device(hub, HOUSTON)
        for n in range(events):
            self.sender.activity(DATE + n % 20, ind="IND-1", note="n" * 200 + str(n))
        self.sender.add(peer.activity("con-miami", DATE, ind="IND-1"))
        hub.sync(self.sender)
        return hub

    def reader(self, hub, role="reader"):
        """The home of a reader, enrolled."""
        home = self.path(role)
        out = run("valija-agent", "init", "--role", role, "--home", home, "--hub",
                  hub.query_endpoint, "--hub-key", hub.pub).stdout
        hub.enroll(os.path.join(home, "request"), out.split()[-1], "--role", role)
        wait_until(lambda: ask(hub.query_endpoint, "--home", home, "devices",
                               status=None).returncode == 0, "the hub lets the %s in" % role)
        return home

    def peer_reader(self, hub):
        """The same as a peer.Device."""
        device = peer.Device([])
        with open(self.path("request"), "wb") as f:
            f.write(device.request())
        hub.enroll(self.path("request"), device.fingerprint(), "--role", "reader")
        wait_until(lambda: self.gets_in(hub.query_endpoint, hub, device), "the reader gets in")
        return device

    @staticmethod
    def gets_in(endpoint, hub, device):
        with peer.Link(device, endpoint, hub.keys) as link:
            return link.handshake()

    def words_of(self, command):
        words = READING[command]
        if words is None:
            words = (peer.ref(self.sender.feed, 1),)
        return (*command.split(), *words)

    @staticmethod
    def nobody_is_answered(hub):
        wait_until(lambda: not children(hub.daemon.process.pid), "the hub has no child any more")

    @staticmethod
    def blocked(hub, asker):
        """A question that does not get on, since the asker takes nothing: its process."""
        before = set(children(hub.daemon.process.pid))
        asker.ask("events", "--json")
        child = wait_until(lambda: set(children(hub.daemon.process.pid)) - before,
                           "the question runs").pop()
        wait_until(lambda: QueryCase.waits_for_its_pipe(child), "it waits for its asker")
        return child

    @staticmethod
    def waits_for_its_pipe(pid):
        with open("/proc/%d/wchan" % pid, encoding="ascii") as f:
            return "pipe" in f.read()


class Answers(QueryCase):
    def same(self, hub, words, endpoint, *lead, **other):
        here = run("valija-hub", *words, "--home", hub.home, status=None, **other)
        there = ask(endpoint, *lead, *words, status=None, **other)
        self.assertEqual((there.returncode, there.stdout, there.stderr),
                         (here.returncode, here.stdout, here.stderr), words)
        return here

    def test_each_command_answers_as_on_the_hubs_machine(self):
        hub = self.asked_hub()
        home = self.reader(hub)
        for command in READING:
            for more in ((), ("--json",)):
                words = (*self.words_of(command), *more)
                with self.subTest(words=words):
                    here = self.same(hub, words, hub.query_socket)
                    self.assertEqual(here.returncode, 0)
                    self.assertNotEqual(here.stdout, "")
                    self.same(hub, words, hub.query_endpoint, "--home", home)

    def test_it_speaks_the_language_of_who_asks(self):
        hub = self.asked_hub()
        for env in ({"LC_ALL": "es_CO.UTF-8"}, {"LC_ALL": "C.UTF-8", "LANGUAGE": "es"},
                    {"LANG": "es_ES.UTF-8", "LC_ALL": ""}):
            here = self.same(hub, ("held",), hub.query_socket, env=env)
            self.assertIn("con-miami", here.stdout)
            self.assertIn("unidad", here.stdout.lower())
        self.assertNotIn("unidad", ask(hub.query_socket, "held").stdout.lower())

    def test_what_is_wrong_is_said_in_the_same_words(self):
        hub = self.asked_hub()
        for words in (("counts", "IND-7"), ("state", "--jsn"), ("counts",), ("show", "x"),
                      ("show", "AAAAAAAA-1"), ("state", "--cutoff", "2025-13"),
                      ("units", "--silent-since", "0"), ("state", "--help"), ("state", "x")):
            with self.subTest(words=words):
                self.same(hub, words, hub.query_socket)

    def test_a_status_that_tells_something_comes_along(self):
        hub = self.asked_hub()
        run("valija-hub", "units", "--silent-since", "1", "--home", hub.home, status=0)
        device = hub.admit(peer.Device(["con-madrid"]))
        self.assertNotEqual(device.feed, self.sender.feed)
        self.assertEqual(self.same(hub, ("units", "--silent-since", "1"),
                                   hub.query_socket).returncode, 1)

    def test_a_long_answer_is_whole(self):
        hub = self.asked_hub(events=MANY)
        here = self.same(hub, ("events", "--json"), hub.query_socket)
        self.assertGreater(len(here.stdout), 400000)

    def test_evidence_is_written_where_it_was_asked_for(self):
        hub = self.asked_hub()
        ref = peer.ref(self.sender.feed, 1)
        run("valija-hub", "show", ref, "--evidence", self.path("here"), "--home", hub.home)
        for n, words in enumerate((("--evidence", self.path("0")), ("--evidence=" +
                                                                     self.path("1"),),
                                   ("--evid", self.path("2")))):
            ask(hub.query_socket, "show", *words, ref)
            with open(self.path(str(n)), "rb") as there, open(self.path("here"), "rb") as here:
                self.assertEqual(there.read(), here.read())
        done = ask(hub.query_socket, "show", ref, "--evidence", self.path("no/folder"),
                   status=None)
        self.assertIn("no/folder", done.stderr)
        self.assertNotEqual(done.returncode, 0)
        ask(hub.query_socket, "show", "AAAAAAAA-1", "--evidence", self.path("none"), status=66)
        self.assertFalse(os.path.exists(self.path("none")))

    def on_terminal(self, columns, *words):
        """What a program prints on a terminal of that width."""
        outer, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with subprocess.Popen([os.path.join(BIN, "valija-hub"), *words], stdin=inner,
                              stdout=inner, stderr=subprocess.PIPE) as p:
            os.close(inner)
            said = b""
            while True:
                try:
                    piece = os.read(outer, 65536)
                except OSError:
                    break
                said += piece
            self.assertEqual(p.wait(DEADLINE_S), 0, p.stderr.read())
        os.close(outer)
        return said.decode()

    def test_a_table_fits_the_terminal_of_who_asks(self):
        hub = self.asked_hub()
        wide = ask(hub.query_socket, "units").stdout
        for columns in (60, 200):
            here = self.on_terminal(columns, "units", "--home", hub.home)
            self.assertEqual(self.on_terminal(columns, "--connect", hub.query_socket, "units"),
                             here)
        self.assertNotEqual(self.on_terminal(60, "units", "--home", hub.home)
                            .replace("\r\n", "\n"), wide)

    def test_the_environment_names_the_hub_for_what_reads(self):
        hub = self.asked_hub()
        env = {**os.environ, "VALIJA_HUB_CONNECT": hub.query_socket,
               "VALIJA_HUB_HOME": self.path("none")}
        self.assertEqual(run("valija-hub", "held", env=env).stdout,
                         ask(hub.query_socket, "held").stdout)
        run("valija-hub", "plan", "check", PLAN, env=env)
        self.assertIn(self.path("none"), run("valija-hub", "backup", self.path("b"), env=env,
                                             status=66).stderr)
        # who names a home means that one
        self.assertIn(self.path("none"), run("valija-hub", "held", "--home", self.path("none"),
                                             env=env, status=66).stderr)


class OnlyWhatReads(QueryCase):
    def commands(self):
        """All commands there are, by --help."""
        said = run("valija-hub", "--help").stdout
        names = re.findall(r"^  ([a-z]+)  ", said.split("Options:")[0], re.M)
        parts = re.findall(r"^  ([a-z]+)  ", run("valija-hub", "plan", "--help").stdout, re.M)
        self.assertIn("state", names)
        self.assertEqual(parts, ["check", "show", "load"])
        return [n for n in names if n != "plan"] + ["plan " + p for p in parts]

    def test_of_all_commands_only_those_that_read(self):
        hub = self.asked_hub()
        before = hub.digest()
        with peer.Asker(hub.query_socket) as asker:
            for command in self.commands():
                with self.subTest(command=command):
                    asker.ask(*command.split(), "--help")
                    if command in READING:
                        status, out, _ = asker.answer()
                        self.assertEqual(status, 0)
                        self.assertIn(command.split()[-1].encode(), out)
                        continue
                    with self.assertRaises(peer.Refused) as refusal:
                        asker.answer()
                    self.assertEqual(refusal.exception.code, "command")
                    done = ask(hub.query_socket, *command.split(), status=64)
                    self.assertIn("--connect", done.stderr)
        self.assertEqual(hub.digest(), before)

    def test_what_stands_before_a_command_there_is_no_command(self):
        hub = self.asked_hub()
        with peer.Asker(hub.query_socket) as asker:
            for words in (("--confined", "init"), ("--manual",), ("--connect", "x"), ("plan",),
                          ("plan", "--help"), ("plan", "load"), ("",), ("stat",), ("--", "state"),
                          ("state\n",), ("/bin/sh",)):
                asker.ask(*words)
                with self.assertRaises(peer.Refused, msg=words) as refusal:
                    asker.answer()
                self.assertEqual(refusal.exception.code, "command")

    def test_no_file_of_the_hubs_machine_can_be_named(self):
        hub = self.asked_hub()
        ref = peer.ref(self.sender.feed, 1)
        with open(self.path("plan.json"), "w", encoding="utf-8") as f:
            f.write("secret")
        with peer.Asker(hub.query_socket) as asker:
            for words in (("state", "--home", self.folder), ("state", "--home=" + self.folder),
                          ("state", "--hom", self.folder), ("devices", "--h" + "ome", "/"),
                          ("plan", "show", self.path("plan.json")),
                          ("plan", "show", "--", self.path("plan.json")),
                          ("plan", "show", "--json", self.path("plan.json")),
                          ("show", ref, "--evidence", self.path("e")),
                          ("show", ref, "--evidence=" + self.path("e")),
                          ("show", ref, "--evi", self.path("e"))):
                asker.ask(*words)
                status, out, err = asker.answer()
                self.assertEqual((status, out), (77, b""), words)
                self.assertNotIn(b"secret", err)
        self.assertFalse(os.path.exists(self.path("e")))

    def test_a_question_sees_nothing_of_the_service(self):
        os.environ["CREDENTIALS_DIRECTORY"] = self.path("none")
        self.addCleanup(os.environ.pop, "CREDENTIALS_DIRECTORY", None)
        hub = self.asked_hub(events=MANY)
        with peer.Asker(hub.query_socket) as asker:
            child = self.blocked(hub, asker)
            with open("/proc/%d/environ" % child, "rb") as f:
                names = {line.split(b"=")[0] for line in f.read().split(b"\0") if line}
            self.assertEqual(names, {b"VALIJA_HUB_HOME", b"LC_ALL"})
            opened = {int(fd): os.readlink("/proc/%d/fd/%s" % (child, fd))
                      for fd in os.listdir("/proc/%d/fd" % child)}
            self.assertEqual(opened.pop(0), "/dev/null")
            for fd in (1, 2, 3):
                self.assertTrue(opened.pop(fd).startswith("pipe:"))
            for path in opened.values():
                self.assertTrue(path.startswith(os.path.join(hub.home, "store")), path)
            own = os.getpriority(os.PRIO_PROCESS, hub.daemon.process.pid)
            self.assertEqual(os.getpriority(os.PRIO_PROCESS, child), min(own + 10, 19))


class Keys(QueryCase):
    def test_only_readers_and_the_office_are_let_in(self):
        hub = self.asked_hub()
        reader = self.peer_reader(hub)
        office = peer.Device([])
        with open(self.path("request"), "wb") as f:
            f.write(office.request())
        hub.enroll(self.path("request"), office.fingerprint(), "--role", "office")
        wait_until(lambda: self.gets_in(hub.endpoint, hub, office), "the office gets in")
        for device, asks, syncs in ((reader, True, False), (office, True, True),
                                    (self.sender, False, True), (peer.Device([]), False, False)):
            self.assertEqual(self.gets_in(hub.query_endpoint, hub, device), asks)
            self.assertEqual(self.gets_in(hub.endpoint, hub, device), syncs)

    def test_who_is_not_let_in_is_told_so(self):
        hub = self.asked_hub()
        agent = Agent(self.path("agent"), hub, hub.endpoint, HOUSTON)
        done = ask(hub.query_endpoint, "--home", agent.home, "state", status=77)
        self.assertIn("does not let this key ask", done.stderr)
        done = ask(hub.query_endpoint, "--home", self.path("none"), "state", status=66)
        self.assertIn(self.path("none", "curve.key"), done.stderr)
        other = self.hub("other")
        os.replace(other.pub, os.path.join(agent.home, "hub.pub"))
        done = ask(hub.query_endpoint, "--home", agent.home, "state", status=69)
        self.assertIn("hub.pub", done.stderr)

    def test_a_reader_changes_no_digest(self):
        hub = self.asked_hub()
        before = hub.digest()
        reader = self.peer_reader(hub)
        self.assertEqual(hub.digest(), before)
        hub.command("revoke", peer.device_name(reader.feed), "--why", "left", "--yes")
        self.assertEqual(hub.digest(), before)
        row = next(d for d in hub.ask_plain("devices")["devices"]
                   if d["device"] == peer.device_name(reader.feed))
        self.assertEqual((row["state"], row["lost"][0]["reader"]), ("revoked", True))

    def test_a_reader_that_is_revoked_is_cut_off_at_once(self):
        hub = self.asked_hub(events=MANY)
        reader = self.peer_reader(hub)
        name = peer.device_name(reader.feed)
        with peer.Asker(hub.query_endpoint, reader, hub.keys) as asker:
            self.blocked(hub, asker)
            hub.command("revoke", name, "--why", "left", "--yes")
            with self.assertRaises(peer.Refused) as refusal:
                while True:
                    asker.receive()
            self.assertEqual(refusal.exception.code, "enrolment")
        self.nobody_is_answered(hub)
        self.assertFalse(self.gets_in(hub.query_endpoint, hub, reader))
        # its request lets it in again
        hub.enroll(self.path("request"), reader.fingerprint(), "--role", "reader")
        wait_until(lambda: self.gets_in(hub.query_endpoint, hub, reader), "it is in again")

    def test_roles_take_the_requests_that_are_for_them(self):
        hub = self.asked_hub()
        for units, role, word in (((), "device", "--role office"), ((HOUSTON,), "reader", "none")):
            device = peer.Device(list(units))
            with open(self.path("request"), "wb") as f:
                f.write(device.request())
            done = hub.enroll
            with self.assertRaises(AssertionError) as failure:
                done(self.path("request"), device.fingerprint(), "--role", role)
            self.assertIn("status 65", str(failure.exception))
            self.assertIn(word, str(failure.exception))

    def test_a_home_of_a_reader_or_of_the_office_records_nothing_by_accident(self):
        hub = self.asked_hub()
        reader, office = self.reader(hub), self.reader(hub, "office")
        entry = ("record", "--indicator", "IND-1", "--date", "2025-11-14", "--home")
        self.assertIn("reader", run("valija", *entry, reader, status=78).stderr)
        self.assertIn("--unit", run("valija", *entry, office, status=65).stderr)
        run("valija", *entry, office, "--unit", HOUSTON)
        for home, role in ((reader, "reader"), (office, "office")):
            self.assertIn("(%s)" % role, run("valija", "status", "--home", home).stdout)
        done = run("valija-agent", "init", "--role", "reader", "--unit", HOUSTON, "--home",
                   self.path("x"), "--hub", hub.endpoint, "--hub-key", hub.pub, status=64)
        self.assertIn("no unit", done.stderr)

    def test_the_file_of_the_socket_is_for_the_group(self):
        hub = self.asked_hub()
        folder = os.path.join(hub.home, "query")
        self.assertEqual(os.stat(folder).st_mode & 0o7777, 0o750)
        self.assertEqual(os.stat(os.path.join(folder, "socket")).st_mode & 0o7777, 0o660)
        hub.stop()
        self.assertEqual(os.listdir(folder), [])


class WrongInput(QueryCase):
    def answered(self, hub):
        self.assertEqual(ask(hub.query_socket, "held").returncode, 0)

    def test_frames_that_make_no_sense_are_refused_and_harm_nobody(self):
        hub = self.asked_hub()
        good = {"args": ["state"], "columns": 0, "lang": "", "proto": 1}
        with peer.Asker(hub.query_socket) as asker:
            for frame, code in (
                    (b"", "malformed"), (b"\xc1", "malformed"), (os.urandom(500), "malformed"),
                    (b"x" * 200000, "malformed"), (peer.message("NAY"), "malformed"),
                    (peer.message("ASK", **{**good, "args": []}), "malformed"),
                    (peer.message("ASK", **{**good, "args": ["state"] * 65}), "malformed"),
                    (peer.message("ASK", **{**good, "args": ["x" * 1025]}), "malformed"),
                    (peer.message("ASK", **{**good, "lang": "../../etc"}), "malformed"),
                    (peer.message("ASK", **{**good, "columns": 1001}), "malformed"),
                    (peer.message("ASK", proto=2), "version"),
                    (peer.message("END", status=0), "order")):
                asker.socket.send(frame)
                with self.subTest(frame=frame[:40]), self.assertRaises(peer.Refused) as refusal:
                    asker.receive()
                self.assertEqual(refusal.exception.code, code)
            asker.socket.send_multipart([b"one", b"two"])
            with self.assertRaises(peer.Refused) as refusal:
                asker.receive()
            self.assertEqual(refusal.exception.code, "malformed")
            asker.more(5)  # of nothing: passed over
            asker.ask("held")
            self.assertEqual(asker.answer()[0], 0)
        with peer.Asker(hub.query_socket) as asker:
            asker.socket.send(bytes(2 << 20))
            self.answered(hub)

    def test_the_longest_question_is_taken(self):
        hub = self.asked_hub()
        with peer.Asker(hub.query_socket) as asker:
            asker.ask("state", *["x" * 1024] * 63)
            self.assertEqual(asker.answer()[0], 64)

    def test_the_program_says_what_is_too_much(self):
        hub = self.asked_hub()
        self.assertIn("64", ask(hub.query_socket, "state", *["x"] * 64, status=64).stderr)
        self.assertIn("1024", ask(hub.query_socket, "state", "x" * 1025, status=64).stderr)
        self.assertIn("UTF-8", ask(hub.query_socket, "state", "\udcff", status=64).stderr)

    def test_places_that_are_none_are_said(self):
        for endpoint, status, said in (("tcp://127.0.0.1", 64, "tcp://ADDRESS:PORT"),
                                       ("here", 64, "ipc:///PATH"),
                                       ("ipc://" + self.path("none"), 69, "nobody answers"),
                                       ("ipc:///" + "x" * 200, 64, "ipc:///PATH")):
            self.assertIn(said, ask(endpoint, "state", status=status).stderr)

    def test_a_question_is_asked_after_the_other(self):
        hub = self.asked_hub(events=MANY)
        with peer.Asker(hub.query_socket) as asker:
            self.blocked(hub, asker)
            asker.ask("state")
            with self.assertRaises(peer.Refused) as refusal:
                while True:
                    asker.receive()
            self.assertEqual(refusal.exception.code, "order")
        self.nobody_is_answered(hub)

    def test_who_takes_more_than_was_sent_is_not_believed(self):
        hub = self.asked_hub(events=MANY)
        with peer.Asker(hub.query_socket) as asker:
            self.blocked(hub, asker)
            asker.more(1 << 40)
            with self.assertRaises(peer.Refused) as refusal:
                while True:
                    asker.receive()
            self.assertEqual(refusal.exception.code, "order")
        self.nobody_is_answered(hub)


class InNobodysWay(QueryCase):
    def test_a_slow_asker_makes_the_hub_hold_no_more_than_the_bound(self):
        hub = self.asked_hub(events=MANY)
        whole = run("valija-hub", "events", "--json", "--home", hub.home).stdout.encode()
        with peer.Asker(hub.query_socket) as asker:
            self.blocked(hub, asker)
            got = b""
            while asker.socket.poll(200):
                got += asker.receive()["bytes"]
            self.assertLessEqual(len(got), 262144)
            asker.more()
            status, rest, _ = asker.answer()
            self.assertEqual(status, 0)
            self.assertEqual(got + rest, whole)

    def test_one_that_takes_too_long_is_ended(self):
        hub = self.asked_hub("--query-ms", "1000", events=MANY)
        with peer.Asker(hub.query_socket) as asker:
            self.blocked(hub, asker)
            with self.assertRaises(peer.Refused) as refusal:
                while True:
                    asker.receive()
            self.assertEqual(refusal.exception.code, "time")
        self.nobody_is_answered(hub)
        self.assertEqual(hub.daemon.said().count("HUB-QUESTION"), 1)

    def test_an_asker_that_is_killed_takes_its_question_along(self):
        hub = self.asked_hub(events=MANY)
        with subprocess.Popen([os.path.join(BIN, "valija-hub"), "--connect", hub.query_socket,
                               "events", "--json"], stdout=subprocess.PIPE) as client:
            child = wait_until(lambda: children(hub.daemon.process.pid), "the question runs")[0]
            wait_until(lambda: self.waits_for_its_pipe(child), "it waits for its asker")
            client.kill()
            self.nobody_is_answered(hub)

    def test_a_child_that_is_killed_is_told(self):
        hub = self.asked_hub(events=MANY)
        with peer.Asker(hub.query_socket) as asker:
            os.kill(self.blocked(hub, asker), signal.SIGKILL)
            with self.assertRaises(peer.Refused) as refusal:
                while True:
                    asker.receive()
                    asker.more()
            self.assertEqual(refusal.exception.code, "fault")
        self.nobody_is_answered(hub)

    def test_the_fleet_is_served_while_all_places_are_taken(self):
        hub = self.asked_hub(events=MANY)
        askers = [peer.Asker(hub.query_socket) for _ in range(4)]
        for asker in askers:
            self.addCleanup(asker.socket.close)
            self.blocked(hub, asker)
        with peer.Asker(hub.query_socket) as waiting:
            waiting.ask("state", "--json", "--cutoff", CUTOFF)
            self.sender.activity(DATE, ind="IND-1")
            hub.sync(self.sender)
            self.assertEqual(hub.total("IND-1"), MANY + 1)
            self.assertEqual(len(children(hub.daemon.process.pid)), 4)
            self.assertFalse(waiting.socket.poll(100))
            askers[0].socket.close()
            self.assertEqual(waiting.answer()[0], 0)

    def test_a_key_never_has_all_places(self):
        hub = self.asked_hub(events=MANY)
        greedy, other = self.peer_reader(hub), self.peer_reader(hub)
        askers = [peer.Asker(hub.query_endpoint, greedy, hub.keys) for _ in range(40)]
        for asker in askers:
            self.addCleanup(asker.socket.close)
        for asker in askers[:3]:
            self.blocked(hub, asker)
        for asker in askers[3:]:
            asker.ask("events", "--json")
        poller = zmq.Poller()
        for asker in askers[3:]:
            poller.register(asker.socket, zmq.POLLIN)
        wait_until(lambda: len(poller.poll(0)) == 40 - 32, "those beyond its share are refused")
        with peer.Asker(hub.query_endpoint, other, hub.keys) as asker:
            asker.ask("state", "--cutoff", CUTOFF)
            self.assertEqual(asker.answer()[0], 0)
        self.assertEqual(len(children(hub.daemon.process.pid)), 3)

    def test_twenty_at_once_are_all_answered(self):
        hub = self.asked_hub()
        want = ask(hub.query_socket, "state", "--cutoff", CUTOFF).stdout.encode()
        clients = [subprocess.Popen([os.path.join(BIN, "valija-hub"), "--connect",
                                     hub.query_socket, "state", "--cutoff", CUTOFF],
                                    stdout=subprocess.PIPE) for _ in range(20)]
        for client in clients:
            self.assertEqual(client.communicate(timeout=DEADLINE_S)[0], want)
            self.assertEqual(client.returncode, 0)

    def test_too_many_are_told_to_come_again(self):
        hub = self.asked_hub(events=MANY)
        askers = [peer.Asker(hub.query_socket) for _ in range(65)]
        for asker in askers:
            self.addCleanup(asker.socket.close)
        for asker in askers[:4]:
            self.blocked(hub, asker)
        for asker in askers[4:]:
            asker.ask("events", "--json")
        poller = zmq.Poller()
        for asker in askers[4:]:
            poller.register(asker.socket, zmq.POLLIN)
        refused = poller.poll(DEADLINE_S * 1000)
        self.assertEqual(len(refused), 1)
        one = next(a for a in askers if a.socket is refused[0][0])
        with self.assertRaises(peer.Refused) as refusal:
            one.receive()
        self.assertEqual(refusal.exception.code, "busy")

    def test_a_hub_that_stops_leaves_no_question_behind(self):
        hub = self.asked_hub(events=MANY)
        with peer.Asker(hub.query_socket) as asker:
            child = self.blocked(hub, asker)
            self.assertEqual(hub.stop(), 0)
            wait_until(lambda: not os.path.exists("/proc/%d/environ" % child), "it has ended")


if __name__ == "__main__":
    unittest.main()
