"""The registry while the hub runs: rights are taken, what came later is held and
admitted, many are enrolled by one list, and a hub that was put back is noticed."""

import os
import shutil
import signal
import threading
import unittest

import fold
import peer
from programs import PLAN, Agent, Case, Daemon, Hub, free_endpoint, run, wait_until
from test_digest import HOUSTON, MADRID, Scene, leaves, plan_bytes

BILBAO = "con-bilbao"
DATE = 20406


def days(device, count, unit=None):
    for n in range(count):
        device.activity(DATE, ind="IND-1", r=os.urandom(8), u=unit or device.units[n % 2])


class RegistryCase(Case):
    def row(self, hub, device):
        name = peer.device_name(device.feed)
        return next(d for d in hub.ask_plain("devices")["devices"] if d["device"] == name)

    def revoke(self, hub, device, *args):
        return hub.command("revoke", peer.device_name(device.feed), "--why", "a test", "--yes",
                           *args)

    def admit(self, hub, device):
        return hub.command("admit", peer.device_name(device.feed), "--yes")

    def plan_of(self, version):
        path = self.path("plan-%d.json" % version)
        with open(PLAN, encoding="utf-8") as f:
            text = f.read()
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace('"version": 1,', '"version": %d,' % version, 1))
        return path


class Losses(RegistryCase):
    def test_a_revoked_device_is_cut_off_and_what_it_sent_stays_counted(self):
        hub = self.hub()
        device, other = self.device(hub, HOUSTON), self.device(hub, MADRID)
        days(device, 3, HOUSTON)
        hub.sync(device)
        with hub.link(device) as link, hub.link(other) as bystander:
            link.hello()
            bystander.hello()
            self.revoke(hub, device)
            with self.assertRaises(peer.Refused) as refused:
                link.receive()
            self.assertEqual(refused.exception.code, "enrolment")
            self.assertTrue(link.dropped())
            bystander.ping()
        self.assertFalse(hub.lets_in(device))
        self.assertEqual(hub.total("IND-1"), 3)
        row = self.row(hub, device)
        self.assertEqual((row["state"], row["units"], row["events"]), ("revoked", [], 3))
        self.assertEqual(row["lost"][0]["why"], "a test")
        self.assertEqual(row["lost"][0]["frontier"],
                         [{"seq": 3, "hash": device.tip[1].hex()}])

    def test_its_request_lets_a_revoked_device_in_again(self):
        hub = self.hub()
        device = self.device(hub, HOUSTON)
        days(device, 2, HOUSTON)
        hub.sync(device)
        self.revoke(hub, device)
        days(device, 2, HOUSTON)
        hub.admit(device)
        hub.sync(device)
        self.assertEqual(hub.total("IND-1"), 4)
        self.assertEqual(self.row(hub, device)["state"], "active")

    def test_what_comes_after_a_unit_was_taken_is_held_until_it_is_admitted(self):
        hub = self.hub()
        device = self.device(hub, HOUSTON, MADRID)
        days(device, 4)
        hub.sync(device)
        with hub.link(device) as link:
            link.hello()
            self.revoke(hub, device, "--unit", MADRID)
            days(device, 6)
            link.sync()
            self.assertEqual(link.standing()["heldn"], 3)
            self.assertEqual(hub.total("IND-1"), 7)
            self.assertEqual(self.row(hub, device)["held"], 3)
            self.admit(hub, device)
            self.assertEqual(hub.total("IND-1"), 10)
            days(device, 2)
            link.sync()
            self.assertEqual(hub.total("IND-1"), 11)
            self.assertIn("nothing", self.admit(hub, self.device(hub, BILBAO)))

    def test_wrong_words_change_nothing(self):
        hub = self.hub()
        device = self.device(hub, HOUSTON, MADRID)
        name = peer.device_name(device.feed)
        before = hub.ask_plain("devices")["number"]
        for args, status in (((name,), 64), ((name, "--why", "x"), 64),
                             ((name[:5], "--why", "x", "--yes"), 65),
                             ((HOUSTON, "--why", "x", "--yes"), 65),
                             ((name, "--why", "x", "--yes", "--unit", BILBAO), 65),
                             ((name, "--why", "x", "--yes", "--role", "office"), 65),
                             ((name, "--why", "x", "--yes", "--unit", HOUSTON + "," + MADRID), 65)):
            done = run("valija-hub", "revoke", *args, "--home", hub.home, status=status)
            self.assertNotEqual(done.stderr, "")
            if name[:5] in args or HOUSTON in args[:1]:
                self.assertIn(name, done.stderr)
        self.assertEqual(hub.ask_plain("devices")["number"], before)


class Folded(RegistryCase):
    """Random devices, events and losses at two hubs, and a third evaluation."""

    def setUp(self):
        super().setUp()
        self.scene = Scene(7, events=80)
        with open(self.path("levels.json"), "wb") as f:
            f.write(plan_bytes())
        self.hubs = [self.hub(name, plan=self.path("levels.json")) for name in ("one", "two")]
        self.lost = {}
        self.registry = {f: (role, list(units)) for f, (role, units) in self.scene.registry.items()}
        for hub in self.hubs:
            for device in self.scene.devices:
                hub.admit(device, "--role", self.scene.registry[device.feed][0])

    def give(self, part, sizes=(5, 9)):
        """The same events to both hubs in batches of other sizes."""
        self.taken = []
        for hub, size in zip(self.hubs, sizes):
            for lane in self.scene.lanes:
                with hub.link(lane) as link:
                    known = link.hello()["known"][0]
                    last = lane.tip[0] * part // 100
                    while known < last:
                        upto = min(last, known + size)
                        link.push(lane.batch(known + 1, upto))
                        known = upto
        self.taken = [(lane, lane.tip[0] * part // 100) for lane in self.scene.lanes]

    def check(self, what):
        world = fold.World(plan_bytes(), self.registry, self.lost)
        for lane, count in self.taken:
            for seq in range(1, count + 1):
                world.add(lane.feed, lane.point(seq), lane.bodies[seq - 1])
        want = {"set": world.set(leaves(self.taken)).hex(), "state": world.state().hex()}
        for hub in self.hubs:
            self.assertEqual(hub.digest(), want, what)

    def frontier(self, feed):
        return [point for f, point in leaves(self.taken) if f == feed]

    def lose(self, device, units=(), office=False):
        role, have = self.registry[device.feed]
        args = (("--unit", ",".join(units)) if units else ()) + \
            (("--role", "office") if office else ())
        for hub in self.hubs:
            self.revoke(hub, device, *args)
        gone = list(units) or ([] if office else have)
        rights = gone + ([""] if role == "office" and (office or not units) else [])
        for right in rights:
            self.lost.setdefault(device.feed, {})[right] = self.frontier(device.feed)
        self.registry[device.feed] = ("device" if "" in rights else role,
                                      [u for u in have if u not in gone])

    def let(self, device):
        for hub in self.hubs:
            self.admit(hub, device)
        for right, points in self.lost[device.feed].items():
            self.lost[device.feed][right] = sorted({*points, *self.frontier(device.feed)})

    def test_two_hubs_and_an_independent_evaluation_agree(self):
        _, both, _, office = self.scene.devices
        self.give(40)
        self.check("at first")
        self.lose(both, [MADRID])
        self.lose(office, office=True)
        self.check("rights lost")
        self.give(70)
        self.check("more came")
        self.let(both)
        self.check("admitted")
        self.give(100)
        self.check("all came")
        self.let(office)
        self.check("the office admitted")
        for hub in self.hubs:
            hub.admit(office, "--role", "office")
        self.registry[office.feed] = self.scene.registry[office.feed]
        del self.lost[office.feed]
        self.check("granted again")
        self.lose(both)
        self.check("revoked")


class Pusher(threading.Thread):
    """A device that reports day after day until it is stopped or refused."""

    def __init__(self, hub, device):
        super().__init__(daemon=True)
        self.hub, self.device = hub, device
        self.stop = threading.Event()
        self.refused = None
        self.start()

    def run(self):
        with self.hub.link(self.device) as link:
            try:
                link.hello()
                while not self.stop.is_set():
                    days(self.device, 4)
                    link.push(self.device.batch(self.device.acknowledged[0] + 1,
                                                self.device.tip[0]))
            except (peer.Refused, TimeoutError) as e:
                self.refused = e

    def acked(self):
        return self.device.acknowledged[0]

    def goes_on(self):
        start = self.acked()
        wait_until(lambda: self.acked() > start + 8, "it reports on")

    def end(self):
        self.stop.set()
        self.join(30)


class UnderLoad(RegistryCase):
    def test_registry_and_plan_change_while_devices_report(self):
        hub = self.hub()
        pushers = [Pusher(hub, self.device(hub, HOUSTON, MADRID)) for _ in range(4)]
        for pusher in pushers:
            self.addCleanup(pusher.end)
            pusher.goes_on()
        gone, less = pushers[:2]
        before = gone.acked()
        self.revoke(hub, gone.device)
        gone.join(30)
        self.assertIsNotNone(gone.refused)
        known = self.row(hub, gone.device)["lost"][0]["frontier"][0]["seq"]
        self.assertGreaterEqual(known, before)
        self.revoke(hub, less.device, "--unit", MADRID)
        pushers.append(Pusher(hub, self.device(hub, HOUSTON, MADRID)))
        self.addCleanup(pushers[-1].end)
        hub.command("plan load", self.plan_of(2))
        less.goes_on()
        self.admit(hub, less.device)
        for pusher in pushers[1:]:
            pusher.goes_on()
            pusher.end()
            self.assertIsNone(pusher.refused)
        row = self.row(hub, less.device)
        lost = row["lost"][0]["frontier"][-1]["seq"]
        held = sum(1 for body in less.device.bodies[lost:row["events"]]
                   if peer.unpack(body)["u"] == MADRID)
        self.assertEqual(row["held"], held)
        self.assertEqual(hub.state()["plan"]["version"], 2)
        stored = sum(self.row(hub, p.device)["events"] for p in pushers)
        later = self.row(hub, gone.device)["held"]
        self.assertEqual(self.row(hub, gone.device)["events"] - later, known)
        self.assertEqual(hub.total("IND-1"), stored - held - later)


class Folder(RegistryCase):
    def setUp(self):
        super().setUp()
        self.hub_home = self.hub()
        self.folder_of = self.path("requests")
        os.mkdir(self.folder_of)

    def put(self, name, device):
        with open(os.path.join(self.folder_of, name), "wb") as f:
            f.write(device if isinstance(device, bytes) else device.request())

    def enroll(self, *prints, status=0):
        path = self.path("prints")
        with open(path, "w", encoding="utf-8") as f:
            f.write("# as read by telephone\n\n" + "".join(p + "\n" for p in prints))
        return run("valija-hub", "enroll", self.folder_of, "--fingerprints", path, "--home",
                   self.hub_home.home, status=status)

    def enrolled(self):
        return len(self.hub_home.ask_plain("devices")["devices"])

    def test_all_requests_of_a_folder_are_enrolled_by_one_list(self):
        devices = [peer.Device([unit]) for unit in (HOUSTON, MADRID, BILBAO)]
        for n, device in enumerate(devices):
            self.put("%d.request" % n, device)
        prints = [d.fingerprint().lower().replace("-", " ") for d in devices]
        done = self.enroll(*prints[:2], status=77)
        self.assertIn("2.request", done.stderr)
        self.assertEqual(self.enrolled(), 0)
        self.enroll(*prints)
        self.assertEqual(self.enrolled(), 3)
        wait_until(lambda: self.hub_home.lets_in(devices[2]), "the hub lets them in")
        number = self.hub_home.ask_plain("devices")["number"]
        self.assertIn("already", self.enroll(status=0).stdout)
        self.assertEqual(self.hub_home.ask_plain("devices")["number"], number)

    def test_files_that_are_no_good_requests_are_named_and_the_others_enrolled(self):
        good, twice, key = peer.Device([HOUSTON]), peer.Device([MADRID]), peer.Device([BILBAO])
        self.put("good", good)
        self.put("good-copy", good)
        self.put("twice-1", twice)
        twice.units = [BILBAO, MADRID]
        self.put("twice-2", twice)
        self.put("key-1", key)
        self.put("key-2", peer.Device([BILBAO], curve=(key.curve, key.curve_secret)))
        self.put("changed", peer.pack({**peer.request_open(good.request()), "u": [MADRID]}))
        self.put("noise", b"noise")
        self.put("atlantis", peer.Device(["con-atlantis"]))
        done = self.enroll(good.fingerprint(), status=1)
        self.assertEqual(self.enrolled(), 1)
        for name in ("twice-1", "twice-2", "key-1", "key-2", "changed", "noise", "atlantis"):
            line = next(row for row in done.stdout.splitlines() if row.startswith(name + " "))
            self.assertIn("NOT enrolled", line)

    def test_a_folder_of_too_many_files_is_refused_and_not_read_in_part(self):
        for n in range(1025):
            with open(os.path.join(self.folder_of, "n%d" % n), "w", encoding="ascii") as f:
                f.write("no request")
        done = self.enroll(status=65)
        self.assertIn("more than 1024 files in this folder; nothing was changed", done.stderr)

    def test_nobody_is_enrolled_where_nobody_can_confirm(self):
        self.put("one", peer.Device([HOUSTON]))
        run("valija-hub", "enroll", self.folder_of, "--home", self.hub_home.home, status=64)
        self.assertEqual(self.enrolled(), 0)


class PutBack(RegistryCase):
    def put_back(self, hub):
        """The hub as it was before two devices were enrolled; a device that has
        seen what it is now."""
        device = self.device(hub, HOUSTON)
        hub.stop()
        shutil.copytree(hub.home, self.path("copy"))
        hub.start()
        for _ in range(2):
            self.device(hub, MADRID)
        with hub.link(device) as link:
            seen = link.hello()["registry"]
        hub.stop()
        shutil.rmtree(hub.home)
        shutil.copytree(self.path("copy"), hub.home)
        hub.start()
        return device, seen

    def told(self, hub, device, **seen):
        with hub.link(device) as link:
            link.hello(**seen)
            wait_until(lambda: hub.ask_plain("devices")["to_confirm"], "the hub notices")

    def request(self):
        device = peer.Device([BILBAO])
        path = self.path("request")
        with open(path, "wb") as f:
            f.write(device.request())
        return path, "--fingerprint", device.fingerprint()

    def test_nobody_new_is_admitted_until_the_office_confirms(self):
        hub = self.hub()
        device, seen = self.put_back(hub)
        self.told(hub, device, registry=seen)
        self.assertIn("HUB-BEHIND", hub.daemon.said())
        done = run("valija-hub", "enroll", *self.request(), "--home", hub.home, status=75)
        self.assertIn("confirm", done.stderr)
        done = run("valija-hub", "state", "--home", hub.home)
        self.assertIn("confirm", done.stderr)
        run("valija-hub", "confirm", "--home", hub.home, status=64)
        hub.command("confirm", "--yes")
        self.assertEqual(hub.ask_plain("devices")["number"], seen + 1)
        hub.command("enroll", *self.request())
        self.assertIn("nothing", hub.command("confirm", "--yes"))

    def test_who_is_connected_learns_of_each_act(self):
        """Else a hub that falls back behind a revocation would not be noticed."""
        hub = self.hub()
        device, other = self.device(hub, HOUSTON), self.device(hub, MADRID)
        with hub.link(device) as link:
            seen = link.hello()["registry"]
            hub.command("revoke", peer.device_name(other.feed), "--why", "robado", "--yes")
            self.assertEqual(link.expect("PONG", seconds=5)["registry"], seen + 1)

    def test_a_service_tells_a_hub_that_forgot_a_revocation(self):
        endpoint = free_endpoint()
        hub = Hub(self.path("hub"), bind=endpoint)
        self.addCleanup(hub.stop, signal.SIGKILL)
        agent, other = (Agent(self.path(unit), hub, endpoint, unit) for unit in (HOUSTON, MADRID))
        hub.start()
        services = [Daemon(a.home + ".log", "valija-agent", "run", "--home", a.home,
                           "--retry-min-ms", "5", "--retry-max-ms", "50") for a in (agent, other)]
        for service in services:
            self.addCleanup(service.stop)
            wait_until(lambda s=service: "UPLINK-WELCOME" in s.said(), "the links")
        hub.command("backup", self.path("copy"))
        lost = next(d for d in hub.ask_plain("devices")["devices"] if d["units"] == [MADRID])
        hub.command("revoke", lost["device"], "--why", "robado", "--yes")
        wait_until(lambda: "UPLINK-REFUSED" in services[1].said(), "that it is cut off")
        agent.record("--indicator", "IND-1", "--date", "2025-11-15")  # behind the news
        wait_until(lambda: agent.status()["pending"] == 0, "what was recorded then")
        hub.stop(signal.SIGKILL)
        shutil.rmtree(hub.home)
        os.rename(self.path("copy"), hub.home)
        hub.start()
        wait_until(lambda: "HUB-BEHIND" in hub.daemon.said(), "the hub notices")
        self.assertTrue(hub.ask_plain("devices")["to_confirm"])

    def test_the_next_plan_lies_above_all_that_were_seen(self):
        hub = self.hub()
        device = self.device(hub, HOUSTON)
        self.told(hub, device, plan=3)
        for version in (2, 3):
            run("valija-hub", "plan", "load", self.plan_of(version), "--home", hub.home, status=65)
        hub.command("plan load", self.plan_of(5))
        hub.command("confirm", "--yes")
        run("valija-hub", "plan", "load", self.plan_of(7), "--home", hub.home, status=65)
        hub.command("plan load", self.plan_of(6))

    def test_numbers_that_cannot_be_are_not_believed(self):
        hub = self.hub()
        device = self.device(hub, HOUSTON)
        with hub.link(device) as link:
            link.hello(registry=1 << 62, plan=(1 << 32) - 1)
            wait_until(lambda: "HUB-UNLIKELY" in hub.daemon.said(), "the hub says so")
        days(device, 1, HOUSTON)
        hub.sync(device)
        self.assertFalse(hub.ask_plain("devices")["to_confirm"])
        hub.command("enroll", *self.request())


if __name__ == "__main__":
    unittest.main()
