#!/usr/bin/python3
"""Where a hub can be reached: several addresses tried in turn, IPv6, both families on
one port, a name that has no address."""

import os
import re
import socket
import threading
import unittest

from programs import PLAN, Agent, Case, Daemon, Hub, run

HOUSTON = "con-houston"
DAY = ("--indicator", "IND-1", "--date", "2025-11-15")
QUICK = ("--retry-min-ms", "5", "--retry-max-ms", "50")


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


class Stranger:
    """Something else that answers: it says what a web server would."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.asked = 0
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    @property
    def endpoint(self):
        return "tcp://127.0.0.1:%d" % self.socket.getsockname()[1]

    def serve(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            self.asked += 1
            with peer:
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


def closed_endpoint():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return "tcp://127.0.0.1:%d" % s.getsockname()[1]


class Addresses(Case):
    def office(self, bind):
        """A hub that listens there: where it can be reached."""
        hub = Hub(self.path("hub"), bind=bind, plan=PLAN)
        daemon = Daemon(self.path("hub.log"), "valija-hub", "run", "--home", hub.home)
        self.addCleanup(daemon.stop)
        self.listening = re.fullmatch(r"listening on (tcp://(.*):(\d+))", daemon.line())
        return hub

    def carried(self, hub, endpoints):
        """A record goes to the hub by one of these addresses."""
        agent = Agent(self.path("device-%d" % len(os.listdir(self.folder))), hub, endpoints,
                      HOUSTON)
        before = hub.total("IND-1")
        agent.record(*DAY)
        agent.sync(*QUICK)
        self.assertEqual(hub.total("IND-1"), before + 1)

    def test_the_addresses_are_tried_in_turn(self):
        hub = self.office("tcp://127.0.0.1:*")
        stranger = Stranger()
        self.addCleanup(stranger.close)
        self.carried(hub, ",".join((closed_endpoint(), stranger.endpoint, self.listening[1])))
        self.assertGreater(stranger.asked, 0)

    def test_a_name_without_an_address_keeps_nobody_from_the_next(self):
        hub = self.office("tcp://127.0.0.1:*")
        self.carried(hub, "tcp://no-such-host.invalid:5555," + self.listening[1])

    def test_who_is_alone_and_strange_is_told_as_such(self):
        hub = self.office("tcp://127.0.0.1:*")
        stranger = Stranger()
        self.addCleanup(stranger.close)
        agent = Agent(self.path("device"), hub, stranger.endpoint, HOUSTON)
        done = run("valija-agent", "sync", "--home", agent.home, *QUICK, "--timeout-ms", "1500",
                   status=69)
        self.assertIn(stranger.endpoint, done.stderr)

    @unittest.skipUnless(has_ipv6(), "SKIPPED: no IPv6 here")
    def test_an_ipv6_address(self):
        hub = self.office("tcp://[::1]:*")
        self.carried(hub, "tcp://[::1]:%s" % self.listening[3])

    @unittest.skipUnless(has_ipv6(), "SKIPPED: no IPv6 here")
    def test_all_addresses_are_those_of_both_families(self):
        hub = self.office("tcp://*:*")
        for host in ("[::1]", "127.0.0.1", "localhost"):
            self.carried(hub, "tcp://%s:%s" % (host, self.listening[3]))


if __name__ == "__main__":
    unittest.main()
