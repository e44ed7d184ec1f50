#!/usr/bin/python3
"""A whole fleet of services, and what goes wrong with machines goes wrong with some:
one hangs, one dies, one is full, two are set up badly, one is stolen, one is cloned.

The others must not notice; the office must see which ones they are; and once each is
mended, all that was recorded counts once.
"""

import concurrent.futures
import json
import os
import shutil
import signal
import subprocess
import unittest

from programs import PLAN, Agent, Case, Daemon, Hub, free_endpoint, run, wait_until

RETRY = ("--retry-min-ms", "5", "--retry-max-ms", "200")
AT_ONCE = 6
DAY = ("--indicator", "IND-1", "--mode", "consulado-movil", "--date", "2025-11-14")

with open(PLAN, encoding="utf-8") as plan_file:
    UNITS = [u["code"] for u in json.load(plan_file)["units"] if u["kind"] != "area"]
HANGS, DIES, FULL, MISSPELT, WRONG_HUB, STOLEN, CLONED, *WELL = UNITS


class Post(Agent):
    """A device with its service; how many days were recorded on it."""

    def __init__(self, case, unit, office):
        self.case, self.unit, self.days, self.service = case, unit, 0, None
        self.make(case.path(unit), office, case.endpoint, unit)

    def move(self, folder):
        self.home = shutil.move(self.home, folder)

    def start(self, *settings):
        self.service = Daemon(self.case.path(self.unit + ".log"), "valija-agent", "run",
                              "--home", self.home, *RETRY, *settings)
        self.case.addCleanup(self.service.stop, signal.SIGKILL)

    def day(self):
        self.record(*DAY)
        self.days += 1

    def says(self, word):
        wait_until(lambda: word in self.service.said(), "%s of %s" % (word, self.unit))


class Fleet(Case):
    def setUp(self):
        super().setUp()
        self.endpoint = free_endpoint()
        self.office = Hub(self.path("hub"), bind=self.endpoint)
        self.addCleanup(self.office.stop, signal.SIGKILL)
        self.pool = concurrent.futures.ThreadPoolExecutor(AT_ONCE)
        self.addCleanup(self.pool.shutdown)
        other = Hub(self.path("other"))
        made = self.each(lambda unit: Post(self, unit, other if unit == WRONG_HUB
                                           else self.office), UNITS)
        self.posts = {post.unit: post for post in made}

    def each(self, do, things):
        return list(self.pool.map(do, things))

    def enroll_all(self):
        os.mkdir(self.path("requests"))
        for post in self.posts.values():
            shutil.copy(os.path.join(post.home, "request"), self.path("requests", post.unit))
        with open(self.path("fingerprints"), "w", encoding="utf-8") as f:
            f.writelines(post.fingerprint + "\n" for post in self.posts.values())
        said = self.office.command("enroll", self.path("requests"), "--fingerprints",
                                   self.path("fingerprints"))
        self.assertIn("%d devices enrolled" % len(UNITS), said)

    def counted(self):
        """Unit -> days that the hub counts."""
        told = self.office.ask("counts", "IND-1", "--by", "unit")
        return {row["unit"]: row["value"] for row in told["rows"] if row["value"]}

    def wait_for(self, units, what):
        def away():
            counted = self.counted()
            return {unit: (counted.get(unit, 0), self.posts[unit].days) for unit in units
                    if counted.get(unit, 0) != self.posts[unit].days}
        try:
            wait_until(lambda: not away(), what)
        except AssertionError as e:
            raise AssertionError("%s; counted and recorded: %s" % (e, away())) from None

    def rows(self):
        return {row["unit"]: row for row in self.office.ask("units")["units"] if row["device"]}

    # ---- what goes wrong ----

    def fill_disk(self):
        """The home of a device on a disk that has no room: how to make room."""
        post = self.posts[FULL]
        try:
            disk = self.small_disk("disk", "24m")
        except unittest.SkipTest as why:
            print("without a full disk:", why)
            post.start()
            return lambda: None
        post.move(disk)
        post.start()
        self.wait_for([FULL], "the one whose disk will be full")
        filler = os.path.join(disk, "filler")
        with open(filler, "wb") as f, self.assertRaises(OSError):
            f.write(b"x" * (32 << 20))
        refused = 0
        while refused == 0:  # in what the store has free of old pages a few find room
            done = run("valija", "record", *DAY, "--note", "x" * 1900, "--home", post.home,
                       status=None)
            self.assertIn(done.returncode, (0, 74), done.stderr)
            post.days += done.returncode == 0
            refused = done.returncode
        self.assertIn("no room left", done.stderr)
        self.assertTrue(post.service.running())
        return lambda: os.unlink(filler)

    def misspell(self):
        path = self.path("agent.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write("# of the unit\nping-ms = 30s\n")
        post = self.posts[MISSPELT]
        done = run("valija-agent", "run", "--home", post.home, "--config", path, status=78)
        self.assertRegex(done.stderr, r"agent\.conf:2: ping-ms: .*1000 to 3600000")

    def steal(self):
        post = self.posts[STOLEN]
        device = self.rows()[STOLEN]["device"]
        self.office.command("revoke", device, "--why", "stolen", "--yes")
        post.says("UPLINK-REFUSED")
        post.record(*DAY)  # by the thief: counts only if it is let in again
        told = {d["device"]: d["state"] for d in self.office.ask_plain("devices")["devices"]}
        self.assertEqual({d for d, state in told.items() if state != "active"}, {device})

    def clone(self):
        post = self.posts[CLONED]
        self.assertEqual(post.service.stop(), 0)
        twin = self.path("twin")
        subprocess.run(["cp", "-a", post.home, twin], check=True)
        post.start()
        service = Daemon(self.path("twin.log"), "valija-agent", "run", "--home", twin, *RETRY)
        self.addCleanup(service.stop, signal.SIGKILL)
        for _ in range(2):
            post.day()
            run("valija", "record", *DAY, "--home", twin)
            post.days += 1

    # ---- the story ----

    def test_some_are_in_trouble_and_the_others_do_not_notice(self):
        posts = self.posts
        self.enroll_all()
        self.office.start()
        self.each(lambda post: post.day(), posts.values())
        for unit in (HANGS, DIES, STOLEN, CLONED, *WELL):
            posts[unit].start()
        posts[WRONG_HUB].start("--connect-ms", "1000")
        self.wait_for([HANGS, DIES, STOLEN, CLONED, *WELL], "all that are set up well")

        os.kill(posts[HANGS].service.process.pid, signal.SIGSTOP)
        posts[DIES].service.stop(signal.SIGKILL)
        make_room = self.fill_disk()
        self.misspell()
        posts[WRONG_HUB].says("hub.pub is not this hub")
        self.steal()
        self.clone()
        self.each(lambda unit: posts[unit].day(), [HANGS, DIES, *WELL])
        self.wait_for([CLONED, *WELL], "all that are well, while some are in trouble")

        # what the office sees
        rows = self.rows()
        done = run("valija-hub", "units", "--silent-since", "1", "--json", "--home",
                   self.office.home, status=1)
        self.assertEqual(sorted(row["unit"] for row in json.loads(done.stdout)["units"]),
                         sorted([MISSPELT, WRONG_HUB]))
        self.assertEqual({unit for unit, row in rows.items() if row["lanes"] > 1}, {CLONED})
        self.assertNotIn(STOLEN, rows)
        self.assertEqual(self.counted()[STOLEN], 1)  # what came before
        self.assertEqual({u: self.counted()[u] for u in (HANGS, DIES)}, {HANGS: 1, DIES: 1})

        # each is mended in its own way
        os.kill(posts[HANGS].service.process.pid, signal.SIGCONT)
        make_room()
        for unit in (DIES, MISSPELT):
            posts[unit].start()
        posts[WRONG_HUB].sync("--hub", self.endpoint, "--hub-key", self.office.pub)
        posts[STOLEN].days += 1
        self.office.enroll(os.path.join(posts[STOLEN].home, "request"),
                           posts[STOLEN].fingerprint)
        self.wait_for(UNITS, "all of all")
        self.assertEqual(self.office.state()["events"]["held"], 0)
        self.assertEqual(self.office.total("IND-1"), sum(p.days for p in posts.values()))


if __name__ == "__main__":
    unittest.main()
