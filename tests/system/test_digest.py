#!/usr/bin/python3
"""Digests of real hubs against state computed a second time (fold.py), for
worlds of several devices, forked feeds, corrections, conflicts and faults."""

import json
import os
import random
import unittest

import fold
import peer
from programs import PLAN, Case, wait_until

SEEDS = int(os.environ.get("SEEDS", 4))  # more of them on request

HOUSTON, MADRID = "con-houston", "con-madrid"
DAY = fold.day_of("2025-11-14")


LEVEL = {"code": "IND-20", "name": "Plazas", "accumulation": "stock", "baseline": None,
         "baseline_included": False, "goal": 90, "by": "level", "targets": {}, "links": [],
         "period": {"from": "2024-02-15", "to": "2026-12-31"}}
NETS = {"code": "IND-21", "name": "Redes", "accumulation": "capacidad", "baseline": 1,
        "baseline_included": False, "goal": 9, "by": "thing", "targets": {}, "links": [],
        "baseline_keys": ["net-0"], "period": {"from": "2025-01-01", "to": "2026-12-31"}}
RISKS = [{"code": "RSK-1", "name": "Fraude"},
         {"code": "RSK-2", "name": "Demora", "retired": "2025-01-01"}]
QUARTERS = (2023 * 4 + 3, 2024 * 4, 2025 * 4 + 2, 2025 * 4 + 3, 2027 * 4)


def plan_bytes(path=None):
    """The plan of a file; else the ministry's with an indicator of levels, one of
    things, and risks."""
    with open(path or PLAN, "rb") as f:
        text = f.read()
    if path:
        return text
    plan = json.loads(text)
    plan["indicators"] += [NETS, LEVEL]
    plan["risks"] = RISKS
    return json.dumps(plan, ensure_ascii=False).encode()


def register(keys):
    """Of the keys of a record those that a register is known by."""
    return {key: keys[key] for key in ("u", "ind", "init", "commit", "risk", "bpin", "quarter")
            if key in keys}


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
        lane, keys, record = pick(lane)
        self.targets.append((*lane.tip, lane.feed, keys, record or lane.tip))

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

    # Of few places, so that several devices tell of one.

    def common(self, kind, **keys):
        return {"k": kind, "at": 0, "r": self.random.randbytes(8),
                "u": self.random.choice([HOUSTON, MADRID]), **keys}

    def told(self, kind, **keys):
        return self.common(kind, quarter=self.random.choice(QUARTERS * 3 + (7600,)), **keys)

    def level(self):
        r = self.random
        return self.told("level", ind=r.choice(["IND-20"] * 9 + ["IND-1"]),
                         value=r.choice((0, 10, 20, 10 ** 12)))

    def thing(self):
        r = self.random
        keys = self.common("thing", ind=r.choice(["IND-21"] * 9 + ["IND-3", "IND-1"]),
                           key="net-%d" % r.randint(0, 4), way=r.choice(("in", "in", "out")),
                           date=DAY + r.choice((-400, -7, 0, 0, 8)))
        if r.random() < 0.5:
            keys["name"] = r.choice(("Red de Boston", "Ñandú", ""))
        return keys

    def progress(self):
        r = self.random
        what = r.choice([{"init": ["2.1.05"]}] * 3 + [{"init": ["9.9.99"]}, {"commit": "COM-1"},
                        {"commit": "COM-99"}, {"risk": "RSK-1"}, {"risk": "RSK-2"}])
        said = r.choice(({"pct": 0}, {"pct": 10000}, {"note": "Lista"}, {"pct": 50, "note": ""}))
        return self.told("progress", **what, **said)

    def budget(self):
        r = self.random
        return self.told("budget", bpin=r.choice(["2018011000755"] * 6 + ["202300000000088", "1"]),
                         **{key: r.choice((0, 7, 10 ** 15))
                            for key in ("appr", "comm", "obl", "paid")})

    def close(self):
        r = self.random
        lists = r.choice(({}, {"zero": ["IND-1", "IND-20"]}, {"none": ["IND-21"]},
                          {"zero": ["IND-20"], "none": ["IND-1", "IND-21"]}, {"none": ["IND-99"]}))
        return self.told("close", **lists)

    def record(self, lane, kind=None):
        """The keys of a record, of that kind if one is given."""
        kind = kind or self.random.choice(("activity",) * 5 + fold.RECORDS)
        if kind == "activity":
            return {"k": kind, "at": 0, **self.keys(lane)}
        return getattr(self, kind)()

    def first(self, lane):
        keys = self.record(lane)
        lane.add(peer.pack({"v": 1, **keys}))
        return lane, keys, None

    def some_targets(self):
        """One version of a record or several, rarely of several records, or one
        that is not there."""
        r = self.random
        if not self.targets or r.random() < 0.05:
            return [(r.randint(1, 9), r.randbytes(32), self.lanes[0].feed, {"u": HOUSTON}, None)]
        one = r.choice(self.targets[-20:])
        same = [t for t in self.targets if t[4] == one[4] or r.random() < 0.02 or
                (t[3].keys() >= {"quarter"} and register(t[3]) == register(one[3]))]
        return r.sample(same, min(len(same), r.choice((1, 1, 1, 2))))

    def may(self, lane, unit):
        return unit in lane.units or self.registry[lane.feed][0] == "office"

    def correction(self, lane):
        r = self.random
        targets = self.some_targets()
        before = targets[0][3]
        if r.random() < 0.9:
            lane = r.choice([d for d in self.lanes if self.may(d, before["u"])] or [lane])
        fix = [peer.fix_of(seq, chain_hash, feed if feed != lane.feed or r.random() < 0.5 else None)
               for seq, chain_hash, feed, _, _ in targets]
        keys = self.record(lane, before.get("k") if r.random() < 0.95 else None)
        if r.random() < 0.9:
            keys["u"] = before["u"]
        if "quarter" in before and r.random() < 0.9:
            keys.update(register(before))
        if r.random() < 0.2:
            keys = {"u": keys["u"], "at": 0, "k": "void"}
        lane.add(peer.pack({"v": 1, **keys, "fix": fix, "why": "wrong"}))
        kept = {**keys, "k": before.get("k", "activity")}  # a void takes none
        return lane, kept if keys["k"] == "void" else keys, targets[0][4]

    def fault(self, lane):
        keys = {"v": 1, **self.record(lane)}
        wrong = self.random.choice((
            {"k": "newer"}, {"v": 2}, {"!x": 1}, {"qty": 0}, {"qty": "1"}, {"note": "n" * 4001},
            {"k": "plan"}, {"k": "cut"}, {"k": "return", "why": "look", "re": [[1, bytes(16)]]},
            {"k": "probe"}, {"k": "level"}, {"k": "level", "quarter": 1, "ind": "IND-20", "value": 1},
            {"k": "thing", "ind": "IND-21", "key": "net-9", "way": "off"}, {"k": "close"},
            {"k": "close", "quarter": QUARTERS[3], "zero": ["IND-1"], "none": ["IND-1"]},
            {"k": "progress", "quarter": QUARTERS[3], "pct": 1, "init": ["1.5.04", "2.1.05"]},
            {"country": "us"}, {"country": "us", "!x": 1}, {"status": "late"}, {"way": "up"}, {"none": ["b", "a"]},
            {"paid": -1}, {"paid": 10 ** 15 + 1}, {"pct": 10001}, {"re": [[1, bytes(16)]] * 2},
            {"fix": []}, {"until": DAY - 2000}, {"u": 7}, {"at": "now"},
            {"zz": [[[[[[[[[1]]]]]]]]]}, {"k" * 17: 1}))
        body = peer.pack({**keys, **wrong})
        lane.add(self.random.choice((body, body, body, b"", peer.pack(keys)[:-1], bytes(16385),
                                     peer.Erased(peer.blake(body)))))
        return lane, keys, None

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
    def hub(self, name="hub"):
        path = self.path("plan-first.json")
        with open(path, "wb") as f:
            f.write(plan_bytes())
        return super().hub(name, plan=path)

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
        for link in links:
            link.close()

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
        for seed in range(1, SEEDS + 1):
            with self.subTest(seed=seed):
                scene = Scene(seed)
                hub = self.admit_all(scene, self.hub("hub-%d" % seed))
                for step, taken in enumerate(self.give(scene, hub, seed)):
                    if step % 5 == 0:
                        self.assert_digest(hub, scene.world(), taken)
                self.assert_digest(hub, scene.world(), taken)
                hub.stop()
                letters |= {row[0] for row in scene.whole_world().rows()}
        self.assertEqual(letters, set(fold.LETTERS), "scenes that say little")

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
        plan["indicators"][-1]["period"]["to"] = "2025-09-30"
        plan["period"]["to"] = "2025-12-31"
        plan["reporting"] = [{"code": "IND-6", "kinds": ["embassy", "area"]},
                             {"code": "IND-20", "units": [MADRID]},
                             {"code": "2.1.06", "units": [HOUSTON], "kinds": ["area"]}]
        indicator = next(i for i in plan["indicators"] if i["code"] == "IND-1")
        indicator["links"] = ["2.3.02"]
        indicator["period"] = {"from": "2025-11-14", "to": "2026-12-31"}
        next(i for i in plan["initiatives"] if i["code"] == "2.3.02")["retired"] = "2025-11-01"
        path = self.path("plan.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(plan, f)
        hub.command("plan load", path)
        self.assert_digest(hub, scene.world(plan_bytes(path)), taken)


    def test_a_hub_with_nothing_to_do_keeps_the_hashes_and_they_are_right(self):
        scene = Scene(7)
        hub = self.admit_all(scene, self.hub())
        for taken in self.give(scene, hub, 1):
            pass
        path = os.path.join(hub.home, "store/data.mdb")

        def is_kept():
            with open(path, "rb") as f:  # the name of a block, and of nothing else
                return b"CIND-1\0con-houston\0" in f.read()
        wait_until(is_kept, "the digest is kept")
        self.assert_digest(hub, scene.world(plan_bytes()), taken)
        hub.command("verify")


if __name__ == "__main__":
    unittest.main()
