"""Processes as the benchmark runs and weighs them."""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../system"))

import programs  # noqa: E402

TOOLS = os.environ.get("VALIJA_TEST_BIN", os.path.join(HERE, "../../build/tests"))
TICKS = os.sysconf("SC_CLK_TCK")


def tool(name, *args):
    """What a program of the benchmark prints, as numbers."""
    out = subprocess.run([os.path.join(TOOLS, "bench_" + name), *map(str, args)], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    return [float(word) for word in out.split()]


def cpu_s(pid):
    """CPU time of all threads of a process, and of the threads that ended (those in ticks)."""
    whole = on_threads = 0
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        whole = (int(fields[11]) + int(fields[12])) / TICKS
        for task in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/schedstat" % (pid, task), encoding="ascii") as f:
                on_threads += int(f.read().split()[0]) / 1e9
    except OSError:
        pass
    return on_threads if on_threads > whole - 0.05 else whole


def tree_cpu_s(pid):
    """Of a process and its children, those that ended too."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    own = sum(map(int, fields[11:15])) / TICKS
    return own + sum(tree_cpu_s(child) for child in children(pid))


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
            return [int(word) for word in f.read().split()]
    except OSError:
        return []


def memory_kib(pid, key="RssAnon"):
    """A line of /proc/PID/status, or of smaps_rollup for the keys that are only there."""
    name = "status" if key.startswith(("Vm", "Rss")) else "smaps_rollup"
    with open("/proc/%d/%s" % (pid, name), encoding="ascii") as f:
        for line in f:
            if line.startswith(key + ":"):
                return int(line.split()[1])
    raise KeyError(key)


def switches(pid):
    """How often the threads of a process were put to sleep or out of the way so far:
    each wake-up ends in one of these."""
    count = 0
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/status" % (pid, task), encoding="ascii") as f:
            count += sum(int(line.split()[1]) for line in f if "ctxt_switches" in line)
    return count


def machine_busy_s():
    """CPU time all of this machine has spent, stolen time included."""
    with open("/proc/stat", encoding="ascii") as f:
        fields = [int(word) for word in f.readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICKS


class Peak(threading.Thread):
    """The most that a process and its children had of anonymous memory while this was
    watching."""

    def __init__(self, pid, every_s=0.05):
        super().__init__(daemon=True)
        self.pid, self.every_s, self.kib, self.done = pid, every_s, 0, False
        self.start()

    def run(self):
        while not self.done:
            try:
                self.kib = max(self.kib, sum(map(memory_kib, [self.pid, *children(self.pid)])))
            except (OSError, KeyError):
                return
            time.sleep(self.every_s)

    def stop(self):
        self.done = True
        self.join()
        return self.kib


started = []


def daemon(home, program, *args):
    """One that serves or watches a home; stop_daemons() ends it, if nobody has before."""
    started.append(programs.Daemon(home + ".log", program, *args, "--home", home))
    return started[-1]


def stop_daemons():
    for one in started:
        if one.running():
            one.process.kill()
            one.process.wait()
    started.clear()


class Done:
    """A command that ran to its end."""

    def __init__(self, wall_s, used, foreign, peak_kib):
        self.wall_s = wall_s
        self.cpu_s = used.ru_utime + used.ru_stime
        self.foreign = foreign
        self.peak_kib = peak_kib


def run_all(commands, beside=()):
    """Commands (program of ours, arguments...) started together; the time until the last
    one has ended.  foreign is the share of the machine that others took meanwhile: all
    but these commands and the processes `beside`."""
    busy, others = machine_busy_s(), sum(map(tree_cpu_s, beside))
    said = tempfile.TemporaryFile("w+")
    start = time.monotonic()
    started = [subprocess.Popen([os.path.join(programs.BIN, c[0]), *map(str, c[1:])],
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)
               for c in commands]
    peak = Peak(started[0].pid)
    results = []
    for process in started:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            raise AssertionError("%s: status %d\n%s" % (process.args, process.returncode,
                                                        said.read()))
        results.append(used)
    wall = time.monotonic() - start
    cpu = sum(used.ru_utime + used.ru_stime for used in results)
    others = sum(map(tree_cpu_s, beside)) - others
    foreign = max(0, machine_busy_s() - busy - cpu - others) / (wall * os.cpu_count())
    done = Done(wall, results[0], foreign, peak.stop())
    done.cpu_s = cpu
    return done


def run_one(program, *args, beside=()):
    return run_all([(program, *args)], beside)


def copy(what, to):
    """A home as it is, in the place of what was there."""
    shutil.rmtree(to, ignore_errors=True)
    subprocess.run(["cp", "-a", "--sparse=always", what, to], check=True)
    return to


def has_children(pid):
    """Whether a process has started others that have not ended."""
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
        return bool(f.read().strip())


def disk_bytes(folder):
    """What the files of a folder take on the disk."""
    return sum(os.stat(os.path.join(at, name)).st_blocks * 512
               for at, _, names in os.walk(folder) for name in names)


class Relay(threading.Thread):
    """A TCP port in front of another one, that counts the bytes each way."""

    def __init__(self, host, port):
        super().__init__(daemon=True)
        self.to = (host, port)
        self.up = self.down = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(self.to)
            for s in (near, far):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.carry, args=(near, far, "up"), daemon=True).start()
            threading.Thread(target=self.carry, args=(far, near, "down"), daemon=True).start()

    def carry(self, source, sink, way):
        try:
            while True:
                data = source.recv(1 << 18)
                if not data:
                    break
                setattr(self, way, getattr(self, way) + len(data))
                sink.sendall(data)
        except OSError:
            pass
        for s in (source, sink):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def stop(self):
        self.listener.close()
        return self.up + self.down


class Series:
    """The same figure of several runs."""

    def __init__(self):
        self.values = []

    def add(self, value):
        self.values.append(value)

    @property
    def median(self):
        return statistics.median(self.values)

    @property
    def spread(self):
        """From the least to the most, as a share of the middle."""
        return (max(self.values) - min(self.values)) / self.median if self.median else 0


def home_tool(*args):
    subprocess.run([os.path.join(TOOLS, "home_tool"), *map(str, args)], check=True)


def write_tool(f, name, *args):
    subprocess.run([os.path.join(TOOLS, "bench_" + name), *map(str, args)], check=True, stdout=f)


def tables(folder):
    """Of the store in a folder: table -> (bytes of its pages, rows), of both its sides."""
    out = subprocess.run([os.path.join(TOOLS, "bench_tables"), folder], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    both = {}
    for name, size, rows in map(str.split, out.splitlines()):
        name = name.removesuffix(".2")
        before = both.get(name, (0, 0))
        both[name] = (before[0] + int(size), before[1] + int(rows))
    return both


def journal_entries(hub_home):
    return tables(os.path.join(hub_home, "store"))["journal"][1]
