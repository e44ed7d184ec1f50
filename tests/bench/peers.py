"""Others at the same work: their servers, each with a folder and a port of its own.

The events are those of the outbox that ours drains; each client of theirs (peer_*.c) reads
them from there, as the product does.  Settings are those under which each keeps what it has
acknowledged, as far as it can at all; README.md says what that is.
"""

import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess

import machine
import programs
from machine import Relay

PATIENCE_S = 600


def free_port():
    return int(programs.free_endpoint().rsplit(":", 1)[1])


class Server:
    """One that is started in a folder and answers at a port of the loopback."""

    def __init__(self, folder, command, port, user=None):
        self.port = port
        self.log = folder + ".log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, user=user)
        programs.wait_until(self.answers, command[0])

    def answers(self):
        if self.process.poll() is not None:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                raise AssertionError(f.read())
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def cpu_s(self):
        return machine.tree_cpu_s(self.process.pid)

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        try:
            self.process.wait(programs.DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Peer:
    """A way to have another program take over the backlog.  Of a subclass: `name` is that of
    the figure, `tool` its client, and serve() and hand_over() are its own."""

    name = tool = None
    packages = ()

    def __init__(self, bench):
        self.bench = bench
        self.rate, self.cpu, self.wire = bench.series(3)

    @classmethod
    def missing(cls):
        return not os.path.exists(os.path.join(machine.TOOLS, "bench_" + cls.tool))

    def client(self, *args):
        out = subprocess.run([os.path.join(machine.TOOLS, "bench_" + self.tool),
                              *map(str, args)], check=True, stdout=subprocess.PIPE, text=True,
                             timeout=PATIENCE_S).stdout
        return [float(word) for word in out.split()]

    def once(self, fleet, relayed=False):
        """All of it handed over once: events a second, as the client saw it."""
        folder = os.path.join(self.bench.folder, self.name)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder, 0o755)
        home = fleet.path("agent0")
        server = self.serve(folder)
        try:
            self.prepare(server.port)
            relay = Relay("127.0.0.1", server.port) if relayed else None
            used = server.cpu_s()
            acked, seconds = self.hand_over(relay.port if relay else server.port, home)
            if acked != fleet.total:
                raise AssertionError("%s has %d of %d events" % (self.name, acked, fleet.total))
            if relay:
                self.wire.add(relay.stop() / fleet.total)
                return
            self.cpu.add((server.cpu_s() - used) / fleet.total * 1e6)
            self.rate.add(fleet.total / seconds)
        finally:
            self.stop(server)
            shutil.rmtree(folder, ignore_errors=True)

    def prepare(self, port):
        pass

    def stop(self, server):
        server.stop()

    def told(self):
        self.bench.report.put(self.name, self.rate)
        self.bench.report.put(self.name + ".cpu", self.cpu)
        self.bench.report.put(self.name + ".wire", self.wire)


class Postgres(Peer):
    name, tool = "postgres", "pg"
    packages = ("postgresql-15|postgresql", "libpq-dev")
    mode = ("fold", 10_000)

    @staticmethod
    def programs():
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        return found[-1] if found else ""

    @classmethod
    def missing(cls):
        return super().missing() or not os.path.exists(os.path.join(cls.programs(), "initdb"))

    def serve(self, folder):
        user = None
        data = os.path.join(folder, "data")
        if os.geteuid() == 0:
            user = "postgres"  # it does not run as root
            who = pwd.getpwnam(user)
            os.chown(folder, who.pw_uid, who.pw_gid)
        subprocess.run([os.path.join(self.programs(), "initdb"), "-D", data, "-A", "trust",
                        "-U", "postgres", "--no-locale", "-E", "UTF8"], check=True, user=user,
                       stdout=subprocess.DEVNULL)
        port = free_port()
        return Server(folder, [os.path.join(self.programs(), "postgres"), "-D", data, "-p",
                               str(port), "-c", "listen_addresses=127.0.0.1", "-c",
                               "unix_socket_directories=", "-c", "max_wal_size=4GB"], port, user)

    @staticmethod
    def where(port):
        return "host=127.0.0.1 port=%d user=postgres dbname=postgres" % port

    def prepare(self, port):
        def ready():
            return subprocess.run([os.path.join(self.programs(), "pg_isready"), "-q", "-h",
                                   "127.0.0.1", "-p", str(port)], check=False).returncode == 0
        programs.wait_until(ready, "PostgreSQL")
        subprocess.run([os.path.join(machine.TOOLS, "bench_pg"), self.where(port), "init"],
                       check=True, stderr=subprocess.DEVNULL)

    def hand_over(self, port, home):
        told = self.client(self.where(port), self.mode[0], home, *self.mode[1:])
        if self.client(self.where(port), "count") != [told[0]]:
            raise AssertionError("PostgreSQL has not what it acknowledged")
        return told

    def stop(self, server):
        server.stop(signal.SIGINT)


class PostgresInsert(Postgres):
    name = "postgres_insert"
    mode = ("insert", 1000, 4)


def settings(folder, lines):
    path = os.path.join(folder, "settings")
    with open(path, "w", encoding="ascii") as f:
        f.write("".join(line + "\n" for line in lines))
    return path


def program(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


class Redis(Peer):
    name, tool, ahead = "redis", "redis", 10_000
    packages = ("redis-server", "libhiredis-dev")

    @classmethod
    def missing(cls):
        return super().missing() or not program("redis-server")

    def serve(self, folder):
        port = free_port()
        path = settings(folder, ["bind 127.0.0.1", "port %d" % port, "dir " + folder,
                                 "appendonly yes", "appendfsync always", 'save ""',
                                 "auto-aof-rewrite-percentage 0", "daemonize no"])
        return Server(folder, [program("redis-server"), path], port)

    def hand_over(self, port, home):
        told = self.client(port, home, self.ahead)
        if self.client(port, "count") != [told[0]]:
            raise AssertionError("Redis has not what it acknowledged")
        return told


class Nats(Peer):
    name, tool, ahead = "nats", "nats", 1000
    packages = ("nats-server", "libnats-dev")

    @classmethod
    def missing(cls):
        return super().missing() or not program("nats-server")

    def serve(self, folder):
        port = free_port()
        path = settings(folder, ["listen: 127.0.0.1:%d" % port, "server_name: hub",
                                 'jetstream { store_dir: "%s", max_mem: 64MB, max_file: 4GB }'
                                 % folder])
        return Server(folder, [program("nats-server"), "-c", path], port)

    def prepare(self, port):
        self.client(port, "init")

    def hand_over(self, port, home):
        told = self.client(port, home, self.ahead)
        if self.client(port, "count") != [told[0]]:
            raise AssertionError("NATS has not what it acknowledged")
        return told


class Mosquitto(Peer):
    name, tool, ahead = "mosquitto", "mqtt", 1000
    packages = ("mosquitto", "libmosquitto-dev")

    @classmethod
    def missing(cls):
        return super().missing() or not program("mosquitto")

    def serve(self, folder):
        port = free_port()
        os.chmod(folder, 0o777)  # it takes another user
        path = settings(folder, ["listener %d 127.0.0.1" % port, "allow_anonymous true",
                                 "persistence true", "persistence_location %s/" % folder,
                                 "max_queued_messages 0",
                                 "max_inflight_messages %d" % self.ahead,
                                 "set_tcp_nodelay true"])
        return Server(folder, [program("mosquitto"), "-c", path], port)

    def prepare(self, port):
        self.client(port, "init")

    def hand_over(self, port, home):
        return self.client(port, home, self.ahead)


PEERS = {p.name: p for p in (Postgres, PostgresInsert, Redis, Nats, Mosquitto)}
