#!/usr/bin/python3
"""Digests of real hubs against state computed a second time (fold.py), for
worlds of several devices, forked feeds, corrections, conflicts and faults."""

import json
import random
import unittest

import fold
import peer
from programs import PLAN, Case

HOUSTON, MADRID = "con-houston", "con-madrid"
DAY = fold.day_of("2025-11-14")


def plan_bytes(path=PLAN):
    with open(path, "rb") as f:
        return f.read()


class Scene:
    """Devices with random events; forked feeds are several devices with one
    key.  The same seed makes the same scene, but for CURVE keys."""

    ROLES = (("device", [HOUSTON]), ("device", [HOUSTON, MADRID]), ("device", [MADRID]),
             ("office", ["area-america"]))
    LANES = 3

    def __init__(self, seed, events=90):
        self.random = random.Random(seed)
        self.registry, self.lanes = {}, []
        for role, units in self.ROLES:
            device = peer.Device(units, seed=self.random.randbytes(32))
            self.registry[device.feed] = (role, units)
            self.lanes.append(device)
        self.devices = list(self.lanes)
        self.targets = []
        for _ in range(events):
            lane = self.random.choice(self.lanes)
            if self.random.random() < 0.08:
                lane = self.fork(lane)
            self.act(lane)

    def fork(self, lane):
        same = [d for d in self.lanes if d.feed == lane.feed]
        if len(same) < self.LANES and lane.tip[0] > 0:
            lane = lane.clone(self.random.randint(0, lane.tip[0]))
            self.lanes.append(lane)
        return lane

    def act(self, lane):
        pick = self.random.choices((self.first, self.correction, self.fault), (20, 70, 10))[0]
        lane, unit, record = pick(lane)
        self.targets.append((*lane.tip, lane.feed, unit, record or lane.tip))

    def keys(self, lane):
        """Those of an activity, mostly of the device's unit and good."""
        r = self.random
        keys = {"at": r.randint(0, 10 ** 12), "qty": r.randint(1, 9),
                "date": DAY + r.choice((-1100, -400, -7, -7, 0, 0, 0, 8, 500)),
                "r": r.randbytes(8),
                "u": r.choice([r.choice(lane.units)] * 6 + [HOUSTON, "con-nowhere"])}
        if lane.units == ["area-america"]:
            keys["u"] = r.choice([HOUSTON, MADRID])
        if r.random() < 0.8:
            keys["ind"] = r.choice(["IND-1"] * 6 + ["IND-6", "IND-2"])
        if r.random() < 0.4 or "ind" not in keys:
            keys["init"] = sorted(r.sample(["2.1.05", "2.1.06", "2.3.02", "1.5.04"], 2))
        for key, chance, values in (
                ("mode", 0.6, ["consulado-movil", "sabado-consular", "by-pigeon"]),
                ("status", 0.4, fold.STATUSES), ("country", 0.3, ["US", "MX"]),
                ("count", 0.5, [{"attended": 180}, {"attended": 7, "procedures": 0}]),
                ("group", 0.3, [{"ACT-1": 5, "ACT-7": 2}, {"ACT-99": 1}]),
                ("place", 0.2, ["Ávila"]), ("zz", 0.1, [[None, {"deep": True}]])):
            if r.random() < chance:
                keys[key] = r.choice(values if r.random() < 0.2 else values[:2])
        return keys

    def first(self, lane):
        keys = self.keys(lane)
        lane.add(peer.activity(**keys))
        return lane, keys["u"], None

    def some_targets(self):
        """One version of a record or several, rarely of several records, or one
        that is not there."""
        r = self.random
        if not self.targets or r.random() < 0.05:
            return [(r.randint(1, 9), r.randbytes(32), self.lanes[0].feed, HOUSTON, None)]
        one = r.choice(self.targets[-20:])
        same = [t for t in self.targets if t[4] == one[4] or r.random() < 0.02]
        return r.sample(same, min(len(same), r.choice((1, 1, 1, 2))))

    def may(self, lane, unit):
        return unit in lane.units or self.registry[lane.feed][0] == "office"

    def correction(self, lane):
        r = self.random
        targets = self.some_targets()
        if r.random() < 0.9:
            lane = r.choice([d for d in self.lanes if self.may(d, targets[0][3])] or [lane])
        fix = [peer.fix_of(seq, chain_hash, feed if feed != lane.feed or r.random() < 0.5 else None)
               for seq, chain_hash, feed, _, _ in targets]
        keys = self.keys(lane)
        if r.random() < 0.9:
            keys["u"] = targets[0][3]
        if r.random() < 0.2:
            keys = {"u": keys["u"], "k": "void"}
        lane.add(peer.pack({"v": 1, "k": "activity", "at": 0, **keys, "fix": fix, "why": "wrong"}))
        return lane, keys["u"], targets[0][4]

    def fault(self, lane):
        keys = self.keys(lane)
        wrong = self.random.choice((
            {"k": "thing"}, {"v": 2}, {"!x": 1}, {"qty": 0}, {"qty": "1"}, {"note": "n" * 4001},
            {"k": "plan"}, {"fix": []}, {"until": keys["date"] - 1}, {"u": 7}, {"at": "now"}))
        body = peer.pack({"v": 1, "k": "activity", **keys, **wrong})
        lane.add(self.random.choice((body, body, body, b"", body[:-1], bytes(16385),
                                     peer.Erased(peer.blake(body)))))
        return lane, keys["u"], None

    def world(self, plan=None):
        return fold.World(plan or plan_bytes(), self.registry)

    def whole_world(self):
        world = self.world()
        for lane in self.lanes:
            world.add_all(lane)
        return world


def leaves(taken):
    """Ends of lanes of what was taken: pairs of a lane and how many of it."""
    points, inner = set(), set()
    for lane, count in taken:
        points |= {(lane.feed, lane.point(n)) for n in range(1, count + 1)}
        inner |= {(lane.feed, lane.point(n)) for n in range(1, count)}
    return points - inner


class Digest(Case):
    def admit_all(self, scene, hub):
        for device in scene.devices:
            hub.admit(device, "--role", scene.registry[device.feed][0])
        return hub

    def links(self, scene, hub):
        """One for each lane, after HELLO."""
        links = []
        for lane in scene.lanes:
            links.append(hub.link(lane))
            self.addCleanup(links[-1].close)
            links[-1].hello()
        return links

    def give(self, scene, hub, seed):
        """All events, the lanes' batches mixed, with borders of that seed;
        yields how many of each lane were taken after each batch."""
        order, links = random.Random(seed), self.links(scene, hub)
        taken = [0] * len(links)
        while True:
            left = [n for n, lane in enumerate(scene.lanes) if taken[n] < lane.tip[0]]
            if not left:
                break
            n = order.choice(left)
            last = min(scene.lanes[n].tip[0], taken[n] + order.randint(1, 12))
            links[n].push(scene.lanes[n].batch(taken[n] + 1, last))
            taken[n] = last
            yield list(zip(scene.lanes, taken))

    def assert_digest(self, hub, world, taken):
        for lane, count in taken:
            for n in range(1, count + 1):
                world.add(lane.feed, lane.point(n), lane.bodies[n - 1])
        held = {(row["device"], int(row["ref"].split("-")[1])): row["reason"]
                for row in hub.ask("held")["held"]}
        self.assertEqual(held, {(peer.device_name(feed), seq): reason
                                for (feed, seq), reason in world.held().items()})
        self.assertEqual(hub.digest(), {"set": world.set(leaves(taken)).hex(),
                                        "state": world.state().hex()})

    def test_it_is_what_the_specification_says(self):
        letters = set()
        for seed in (1, 2, 3, 4):
            with self.subTest(seed=seed):
                scene = Scene(seed)
                hub = self.admit_all(scene, self.hub("hub-%d" % seed))
                for step, taken in enumerate(self.give(scene, hub, seed)):
                    if step % 5 == 0:
                        self.assert_digest(hub, scene.world(), taken)
                self.assert_digest(hub, scene.world(), taken)
                letters |= {row[0] for row in scene.whole_world().rows()}
        self.assertEqual(letters, set("CETHX"), "scenes that say little")

    def test_order_of_arrival_and_borders_do_not_matter_nor_which_hub(self):
        scene = Scene(5)
        digests = []
        for n in range(3):
            hub = self.admit_all(scene, self.hub("hub-%d" % n))
            for _ in self.give(scene, hub, n):
                pass
            digests.append(hub.digest())
        self.assertEqual(digests[0], digests[1])
        self.assertEqual(digests[0], digests[2])

    def test_one_attendee_more_changes_the_state(self):
        digests = []
        for attended in (180, 181):
            hub = self.hub("hub-%d" % attended)
            device = hub.admit(peer.Device([HOUSTON], seed=bytes(32)))
            device.activity(DAY, ind="IND-1", count={"attended": attended})
            hub.sync(device)
            digests.append(hub.digest())
        self.assertNotEqual(digests[0]["state"], digests[1]["state"])

    def test_a_unit_granted_later_counts_for_what_was_sent_before(self):
        hub = self.hub()
        device = hub.admit(peer.Device([HOUSTON]))
        device.activity(DAY, ind="IND-1")
        device.activity(DAY, ind="IND-1", u=MADRID)
        hub.sync(device)
        taken, before = [(device, 2)], hub.digest()
        self.assert_digest(hub, fold.World(plan_bytes(), {device.feed: ("device", [HOUSTON])}),
                           taken)
        device.units = [HOUSTON, MADRID]
        hub.admit(device)
        self.assert_digest(hub, fold.World(plan_bytes(), {device.feed: ("device", device.units)}),
                           taken)
        self.assertEqual(hub.digest()["set"], before["set"])
        self.assertEqual(hub.total("IND-1"), 2)

    def test_another_plan_judges_all_events_again(self):
        scene = Scene(6)
        hub = self.admit_all(scene, self.hub())
        for taken in self.give(scene, hub, 1):
            pass
        plan = json.loads(plan_bytes())
        plan["version"] = 2
        plan["period"]["to"] = "2025-12-31"
        indicator = next(i for i in plan["indicators"] if i["code"] == "IND-1")
        indicator["links"] = ["2.3.02"]
        indicator["period"] = {"from": "2025-11-14", "to": "2026-12-31"}
        next(i for i in plan["initiatives"] if i["code"] == "2.3.02")["retired"] = "2025-11-01"
        path = self.path("plan.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(plan, f)
        hub.command("plan load", path)
        self.assert_digest(hub, scene.world(plan_bytes(path)), taken)


if __name__ == "__main__":
    unittest.main()
