#!/usr/bin/python3
"""A whole fleet: every unit abroad of the plan, each with an agent of its own.

Backups are put back, a home is cloned, the hub falls back to an older copy of
itself; the numbers must stay those of the count made here, beside the programs.
VALIJA_FLEET_SEED repeats the choices of a run.
"""

import concurrent.futures
import csv
import datetime
import json
import os
import random
import shutil
import signal
import subprocess
import time
import unittest

import zmq.auth

import peer
from programs import PLAN, Agent, Case, Daemon, Hub, free_endpoint, run, wait_until

SEED = int(os.environ.get("VALIJA_FLEET_SEED") or random.SystemRandom().randrange(1 << 32))
UNITS_ABROAD = 119
AT_ONCE = 6
MODES = ["consulado-movil", "sabado-consular", "jornada-continua", "jornada-extendida"]
CODES = ["IND-1", "2.1.05", "2.3.02"]
RETRY = ("--retry-min-ms", "5", "--retry-max-ms", "200")

with open(PLAN, encoding="utf-8") as plan_file:
    DOCUMENT = json.load(plan_file)
UNITS = [u["code"] for u in DOCUMENT["units"] if u["kind"] != "area"]
LINKS = {i["code"]: i["links"] for i in DOCUMENT["indicators"]}


def activity(chance):
    """What a unit may have done, as the columns of a file to be imported."""
    cultural = chance.random() < 0.3
    day = datetime.date(2024, 2, 1) + datetime.timedelta(days=chance.randrange(600))
    return {
        "indicator": "" if cultural else "IND-1",
        "initiative": chance.choice(["2.3.02", "2.3.02 2.1.05"]) if cultural else
                      chance.choice(["", "2.1.05", "2.3.02"]),
        "date": day.isoformat(),
        "quantity": chance.randint(1, 40),
        "mode": "" if cultural else chance.choice(MODES),
        "place": chance.choice(["Coruña", "Łódź", "Nueva York", ""]),
        "status": "cancelled" if chance.random() < 0.1 else "done",
        "attended": chance.randrange(1000),
    }


class Book:
    """All that was recorded, counted without the programs."""

    def __init__(self):
        self.lines = {}  # (home, unit, seq there) -> activity

    def totals(self):
        """(code, unit) -> done, and of the counts attended."""
        sums, attended = {}, {}
        for (_, unit, _), a in self.lines.items():
            if a["status"] != "done":
                continue
            codes = set(a["initiative"].split())
            if a["indicator"]:
                codes |= {a["indicator"], *LINKS[a["indicator"]]}
            for code in codes:
                sums[code, unit] = sums.get((code, unit), 0) + a["quantity"]
                attended[code, unit] = attended.get((code, unit), 0) + a["attended"]
        return sums, attended


class Post(Agent):
    """An agent whose records are noted in the book too."""

    def __init__(self, home, hub, endpoint, unit, book):
        super().__init__(home, hub, endpoint, unit)
        self.unit = unit
        self.book = book
        self.made_by = home

    def copy(self, home):
        """Another home with the same keys and entries, which goes its own way."""
        other = object.__new__(Post)
        other.__dict__.update(self.__dict__)
        subprocess.run(["cp", "-a", self.home, home], check=True)
        other.home = other.made_by = home
        return other

    def note(self, seq, what):
        self.book.lines[self.made_by, self.unit, seq] = what

    def add(self, chance):
        """One entry by hand: its number."""
        a = activity(chance)
        options = [word for name in ("date", "quantity", "mode", "place", "status", "indicator")
                   if a[name] for word in ("--" + name, a[name])]
        for code in a["initiative"].split():
            options += ["--initiative", code]
        ref = self.record(*options, "--count", "attended=%d" % a["attended"])
        seq = int(ref.split("-")[1])
        self.note(seq, a)
        return seq

    def load(self, rows):
        """Entries from a file."""
        path = self.home + ".csv"
        with open(path, "w", encoding="utf-8", newline="") as f:
            writer = csv.DictWriter(f, ["unit", *rows[0]])
            writer.writeheader()
            writer.writerows({"unit": self.unit, **row} for row in rows)
        told = json.loads(self.valija("import", path, "--json"))
        for i, row in enumerate(rows):
            self.note(told["first_seq"] + i, row)

    def correct(self, seq, **changes):
        options = ["--quantity", changes["quantity"]] if "quantity" in changes else []
        if "attended" in changes:
            options += ["--count", "attended=%d" % changes["attended"]]
        self.valija("correct", seq, *options, "--why", "contado otra vez")
        self.book.lines[self.made_by, self.unit, seq].update(changes)

    def void(self, seq):
        self.valija("void", seq, "--why", "no hubo")
        del self.book.lines[self.made_by, self.unit, seq]

    def keys_of_device(self):
        """The same device as the independent client would be it."""
        with open(os.path.join(self.home, "feed.key"), "rb") as f:
            seed = f.read()[:32]
        public, secret = zmq.auth.load_certificate(os.path.join(self.home, "curve.key"))
        return peer.Device([self.unit], seed,
                           (zmq.utils.z85.decode(public), zmq.utils.z85.decode(secret)))


class Fleet(Case):
    def setUp(self):
        super().setUp()
        print("seed %d (VALIJA_FLEET_SEED repeats it)" % SEED, flush=True)
        self.chance = random.Random(SEED)
        self.book = Book()
        self.endpoint = free_endpoint()
        self.daemons = []
        self.addCleanup(lambda: [d.stop(signal.SIGKILL) for d in self.daemons])
        self.pool = concurrent.futures.ThreadPoolExecutor(AT_ONCE)
        self.addCleanup(self.pool.shutdown)
        self.since = time.monotonic()

    def phase(self, name):
        now = time.monotonic()
        print("%5.1f s  %s" % (now - self.since, name), flush=True)
        self.since = now

    def each(self, do, things):
        """do(thing) for all, some at once; the first fault is raised."""
        return list(self.pool.map(do, things))

    def seeded(self, things):
        """Each with chances of its own, so that their order does not matter."""
        return [(thing, random.Random(self.chance.random())) for thing in things]

    # ---- parts of the story ----

    def make(self):
        self.office = Hub(self.path("hub"), bind=self.endpoint)
        self.addCleanup(self.office.stop, signal.SIGKILL)
        subprocess.run(["cp", "-a", self.office.home, self.path("hub-empty")], check=True)
        self.posts = self.each(lambda unit: Post(self.path(unit), self.office, self.endpoint,
                                                 unit, self.book), UNITS)

    def record(self):
        def fill(job):
            post, chance = job
            post.load([activity(chance) for _ in range(chance.randint(1, 8))])
            for _ in range(chance.randint(0, 2)):
                post.add(chance)
            if chance.random() < 0.2:
                post.correct(1, quantity=41)
            elif chance.random() < 0.1:
                post.void(1)
        self.each(fill, self.seeded(self.posts))

    def sync(self, posts):
        """All at about the same time, in any order."""
        order = list(posts)
        self.chance.shuffle(order)
        return self.each(lambda post: run("valija-agent", "sync", "--home", post.home), order)

    def serve(self, posts):
        for post in posts:
            self.daemons.append(Daemon(post.home + ".log", "valija-agent", "run", "--home",
                                       post.home, *RETRY))

    def stop_daemons(self, how):
        for daemon in self.daemons:
            self.assertTrue(daemon.running(), daemon.said())
            self.assertEqual(daemon.stop(how), 0 if how == signal.SIGTERM else -how)
        self.daemons.clear()

    def check(self):
        """What the hub counts is what the book says; its digest."""
        sums, attended = self.book.totals()
        for code in CODES:
            for want, options in ((sums, ()), (attended, ("--count", "attended"))):
                told = self.office.ask("counts", code, "--by", "unit", *options)
                got = {row["unit"]: row["value"] for row in told["rows"]}
                self.assertEqual({u: n for u, n in got.items() if n},
                                 {u: n for (c, u), n in want.items() if c == code and n}, code)
        state = self.office.state()
        self.assertEqual(state["events"]["held"], 0)
        self.assertEqual(state["indicators"][0]["value"],
                         sum(n for (code, _), n in sums.items() if code == "IND-1"))
        return state["digest"]

    def units(self):
        return {u["unit"]: u for u in self.office.ask("units")["units"] if u["device"]}

    # ---- the story ----

    def test_the_count_stays_right(self):
        self.assertEqual(len(UNITS), UNITS_ABROAD)
        self.make()
        self.phase("%d agents made and enrolled" % len(self.posts))
        self.record()
        self.phase("%d entries recorded, no hub running" % len(self.book.lines))

        self.office.start()
        restored, cloned, *others = self.chance.sample(self.posts, 12)
        resident, killed = others[:5], others[5:]
        self.serve(killed)
        self.sync(self.posts)
        self.stop_daemons(signal.SIGKILL)
        self.check()
        self.assertTrue(all(u["stored"] == u["tip"] and not u["forks"]
                            for u in self.units().values()))
        self.phase("all synced for the first time")

        self.go_on(restored, cloned, resident)
        self.phase("one restored, one cloned, some served by daemons")
        digest = self.check_forks(restored, cloned)
        self.fall_back(resident)
        self.assertEqual(self.check(), digest)
        self.check_forks(restored, cloned)
        self.phase("the hub put back to an older copy, all synced again")

        self.office.stop()
        feeds = self.lanes()
        self.another_hub(feeds, digest)
        self.phase("another hub took the same feeds from the independent client")
        self.refill(digest)
        self.phase("a hub that lost its disk, refilled by the agents")
        self.one_attendee(digest)
        self.phase("one attendee more")

    def go_on(self, restored, cloned, resident):
        self.serve(resident)
        backup = restored.copy(restored.home + ".backup")
        for _ in range(3):
            restored.add(self.chance)
        self.sync([restored])
        self.twin = cloned.copy(cloned.home + ".twin")
        self.stop_daemons(signal.SIGTERM)
        self.office.stop()
        subprocess.run(["cp", "-a", self.office.home, self.path("hub-older")], check=True)
        self.office.start()
        self.serve(resident)

        # the machine died; its backup is put in its place
        self.died = restored
        self.back = backup
        self.common = backup.status()["tip"]["seq"]
        told = self.sync([backup])[0].stderr
        self.assertIn("the hub holds 3 entries that are not in this home", told)
        for _ in range(2):
            backup.add(self.chance)
        self.sync([backup])
        self.split = cloned.status()["tip"]["seq"]
        for _ in range(3):
            self.each(lambda job: job[0].add(job[1]), self.seeded([cloned, self.twin]))
            self.sync([cloned, self.twin])
        for post in resident:
            post.add(self.chance)
        wait_until(lambda: all(p.status()["pending"] == 0 for p in resident),
                   "daemons that carry what is recorded")

    def check_forks(self, restored, cloned):
        digest = self.check()
        units = self.units()
        self.assertEqual({u: v["forks"] for u, v in units.items() if v["forks"]},
                         {restored.unit: [self.common], cloned.unit: [self.split]})
        for unit, seq in ((restored.unit, self.common), (cloned.unit, self.split)):
            self.assertEqual(units[unit]["lanes"], 2)
            self.assertIn("behind entry %d; all entries count, each once"
                          % seq, units[unit]["note"])
            self.assertRegex(self.office.command("units"), r"(?m)^%s .*2 lanes:" % unit)
        return digest

    def fall_back(self, resident):
        """The hub's disk of some time ago.  Daemons notice by themselves; the
        others when they are asked to sync."""
        self.assertEqual(self.office.stop(), 0)
        shutil.rmtree(self.office.home)
        subprocess.run(["cp", "-a", self.path("hub-older"), self.office.home], check=True)
        self.office.start()
        units = {p.unit: p.status()["tip"]["seq"] for p in resident}

        def back():
            now = self.units()
            return all(now[unit]["stored"] == seq for unit, seq in units.items())
        wait_until(back, "daemons that bring again what the hub lost")
        self.stop_daemons(signal.SIGTERM)
        self.sync([p for p in self.posts if p is not self.died] + [self.back, self.twin])

    def lanes(self):
        """Of each device its entries as the hub holds them: lists of bodies, one
        for each lane, from the evidence that it hands out."""
        events = {}
        for event in self.office.ask("events")["events"]:
            events.setdefault(event["device"], []).append(event["ref"])
        count = sum(map(len, events.values()))
        self.assertGreater(count, len(self.book.lines))  # corrections too
        found = self.each(lambda post: self.lanes_of(post, events), self.posts)
        self.assertEqual(sum(steps for steps, _ in found), count)
        return [(post, bodies) for post, (_, lanes) in zip(self.posts, found)
                for bodies in lanes]

    def lanes_of(self, post, events):
        """How many entries the hub has of a device, and its lanes."""
        feed = post.keys_of_device().feed
        steps, covered = {}, set()  # point -> (point before, body)
        for ref in events[peer.device_name(feed)]:
            if ref in covered:
                continue
            batch = self.evidence(ref)
            points = [batch.before, *batch.points()]
            for before, point, body in zip(points, points[1:], batch.bodies):
                steps[point] = before, body
                covered |= {peer.ref(feed, point[0]), peer.ref(feed, *point)}
        inner = {before for before, _ in steps.values()}
        lanes = []
        for point in steps.keys() - inner:
            bodies = []
            while point[0] > 0:
                point, body = steps[point]
                bodies.insert(0, body)
            lanes.append(bodies)
        return len(steps), lanes

    def evidence(self, ref):
        """The batch that an entry came in."""
        path = self.path("evidence-" + ref)
        self.office.command("show", ref, "--evidence", path)
        with open(path, "rb") as f:
            return peer.Batch(peer.unpack(f.read())["batch"]).verify()

    def another_hub(self, feeds, digest):
        """Other keys, another order, other borders of batches, the same state."""
        other = self.hub("other")
        devices = []
        for post, bodies in feeds:
            device = post.keys_of_device()
            device.add(*bodies)
            devices.append(device)
        self.chance.shuffle(devices)
        for device in devices:
            other.admit(device)
        self.chance.shuffle(devices)
        for device in devices:
            other.sync(device, events=self.chance.randint(1, 3))
        self.assertNotEqual(other.keys.sign, self.office.keys.sign)
        self.assertEqual(other.digest(), digest)
        other.stop()

    def refill(self, digest):
        """The hub's keys are all that is left of it."""
        shutil.rmtree(self.office.home)
        os.rename(self.path("hub-empty"), self.office.home)
        order = list(self.posts)
        self.chance.shuffle(order)
        for post in order:
            self.office.enroll(os.path.join(post.home, "request"), post.fingerprint)
        self.office.start()
        self.sync(self.posts + [self.back, self.twin])
        self.assertEqual(self.check(), digest)

    def one_attendee(self, digest):
        post = next(p for p in self.posts if p is not self.died)
        seq = post.add(self.chance)
        self.sync([post])
        before = self.check()
        self.assertNotEqual(before["state"], digest["state"])
        line = self.book.lines[post.made_by, post.unit, seq]
        post.correct(seq, attended=line["attended"] + 1)
        self.sync([post])
        after = self.check()
        self.assertNotEqual(after["state"], before["state"])
        self.assertNotEqual(after["set"], before["set"])


if __name__ == "__main__":
    unittest.main()
