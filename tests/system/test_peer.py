#!/usr/bin/python3
"""The real hub, and the independent client on the other end of the link."""

import os
import time
import unittest

import peer
from programs import PLAN, Case, run, wait_until

HOUSTON, MADRID = "con-houston", "con-madrid"
DATE = 20406  # 2025-11-14


def days(device, count, start=DATE, **keys):
    """So many activities of IND-1, each of another day."""
    for n in range(count):
        device.activity(start + n, ind="IND-1", **keys)


class HubCase(Case):
    def setUp(self):
        super().setUp()
        self.hub = self.hub()

    def new_device(self, *units):
        return self.device(self.hub, *(units or (HOUSTON,)))

    def counted(self):
        return self.hub.total("IND-1")

    def held(self):
        """Reason by REF."""
        return {row["ref"]: row["reason"] for row in self.hub.ask("held")["held"]}

    def refused(self, link, code):
        """What comes next, but for answers to what was right, is REFUSE."""
        with self.assertRaises(peer.Refused) as refusal:
            while True:
                link.receive()
        self.assertEqual(refusal.exception.code, code)

    def assert_goes_on(self):
        """Another device is served."""
        device = self.new_device()
        before = self.counted()
        days(device, 1)
        self.hub.sync(device)
        self.assertEqual(self.counted(), before + 1)


class Syncing(HubCase):
    def test_all_events_are_counted_and_each_batch_gets_a_receipt(self):
        device = self.new_device()
        days(device, 250)
        self.hub.sync(device, events=20)
        self.assertEqual(self.counted(), 250)
        self.assertEqual(self.hub.state()["events"]["held"], 0)

    def test_batches_out_of_order_are_wanted_again(self):
        device = self.new_device()
        days(device, 30)
        first, second, third = device.batches(events=10)
        with self.hub.link(device) as link:
            link.hello()
            link.say_push(second)
            link.say_push(third)
            self.assertEqual(link.expect("WANT")["round"], 1)
            link.say_push(first)  # of the round that is over: passed over
            self.assertEqual(link.hello()["known"], device.point(0))
            for batch in (first, second, third):
                link.push(batch)
        self.assertEqual(self.counted(), 30)

    def test_repeats_and_other_borders_change_nothing(self):
        device = self.new_device()
        days(device, 30)
        self.hub.sync(device, events=10)
        digest = self.hub.digest()
        with self.hub.link(device) as link:
            link.hello()
            for size in (10, 7, 30, 1):
                for batch in device.batches(events=size):
                    link.push(batch)
        self.assertEqual(self.hub.digest(), digest)
        self.assertEqual(self.counted(), 30)

    def test_a_known_beginning_is_cut_off(self):
        device = self.new_device()
        days(device, 12)
        with self.hub.link(device) as link:
            link.hello()
            link.push(device.batch(1, 8))
            link.push(device.batch(5, 12))
            self.assertEqual(self.counted(), 12)
            link.push(peer.batch_cut(device.batch(1, 12), 6))
        self.assertEqual(self.counted(), 12)

    def test_after_a_lost_ack_the_hub_says_what_it_knows(self):
        device = self.new_device()
        days(device, 10)
        with self.hub.link(device) as link:
            link.hello()
            link.say_push(device.batch(1, 10))
            wait_until(lambda: self.counted() == 10, "the batch is stored")
        self.assertEqual(device.acknowledged[0], 0)
        with self.hub.link(device) as link:
            self.assertEqual(link.hello()["known"], device.tip)
            link.push(device.batch(1, 10))
        self.assertEqual(self.counted(), 10)

    def test_events_are_there_after_a_restart(self):
        device = self.new_device()
        days(device, 10)
        self.hub.sync(device)
        digest = self.hub.digest()
        with self.hub.link(device) as link:
            boot = link.hello()["boot"]
        self.assertEqual(self.hub.stop(), 0)
        self.assertEqual(self.hub.digest(), digest)
        self.hub.start()
        with self.hub.link(device) as link:
            welcome = link.hello()
        self.assertEqual(welcome["known"], device.tip)
        self.assertNotEqual(welcome["boot"], boot)

    def test_erased_bodies_leave_the_chain_whole(self):
        device = self.new_device()
        days(device, 3)
        device.bodies[1] = peer.Erased(peer.blake(device.bodies[1]))
        self.hub.sync(device)
        self.assertEqual(self.counted(), 2)
        self.assertEqual(self.held(), {device.ref(2): "erased"})

    def test_a_ping_is_answered_and_messages_before_hello_are_not(self):
        device = self.new_device()
        with self.hub.link(device) as link:
            welcome = link.hello()
            pong = link.ping()
            self.assertEqual(pong["boot"], welcome["boot"])
            self.assertLess(abs(pong["clock"] - time.time() * 1000), 60000)
        for name, fields in (("PING", {"boot": 0, "clock": 0, "pending": 0}),
                             ("GET", {"offset": 0, "version": 0, "what": "plan"}),
                             ("PUSH", {"batch": b"", "round": 1}),
                             ("WANT", {"round": 1})):
            with self.subTest(name), self.hub.link(device) as link:
                link.say(name, **fields)
                self.refused(link, "order")


class Forks(HubCase):
    def test_events_of_all_lanes_count_once(self):
        original = self.new_device()
        days(original, 150)
        self.hub.sync(original, events=40)
        want = 150
        for seq in (150, 149, 50, 1, 0):
            with self.subTest(after=seq):
                clone = original.clone(seq)
                days(clone, 3, start=DATE + 7, by="clone %d" % seq)
                common = max(p for p in clone.points() if p[0] <= seq)
                with self.hub.link(clone) as link:
                    self.assertEqual(link.hello()["known"], common)
                self.hub.sync(clone)
                want += 3
                self.assertEqual(self.counted(), want)
        days(original, 4, by="the original")
        self.hub.sync(original)
        self.assertEqual(self.counted(), want + 4)
        self.assertEqual(self.hub.state()["events"]["held"], 0)

    def test_the_fleet_says_so(self):
        original = self.new_device()
        days(original, 5)
        self.hub.sync(original)
        self.assertEqual((self.fleet(HOUSTON)["lanes"], self.fleet(HOUSTON)["forks"]), (1, []))
        clone = original.clone(3)
        days(clone, 1, by="clone")
        self.hub.sync(clone)
        self.assertEqual((self.fleet(HOUSTON)["lanes"], self.fleet(HOUSTON)["forks"]), (2, [3]))
        self.assertIn("lanes", self.hub.command("units"))

    def fleet(self, unit):
        row, = (row for row in self.hub.ask("units")["units"] if row["unit"] == unit)
        return row

    def test_a_restored_device_is_told_what_it_lost(self):
        device = self.new_device()
        days(device, 5)
        device.save(self.path("backup"))
        days(device, 20, by="later")
        self.hub.sync(device)
        restored = peer.Device.restore(self.path("backup"))
        with self.hub.link(restored) as link:
            welcome = link.hello()
        self.assertEqual(welcome["known"], restored.tip)
        self.assertEqual(welcome["beyond"], 20)
        days(restored, 3, by="again")
        with self.hub.link(restored) as link:
            welcome = link.hello()
        self.assertEqual(welcome["known"], restored.point(5))
        self.assertEqual(welcome["beyond"], 20)

    def test_two_clones_are_served_side_by_side(self):
        one = self.new_device()
        two = one.clone()
        days(one, 5, by="one")
        days(two, 5, by="two")
        with self.hub.link(one) as a, self.hub.link(two) as b:
            a.hello()
            b.hello()
            for n in range(1, 6):
                a.push(one.batch(n, n))
                b.push(two.batch(n, n))
        self.assertEqual(self.counted(), 10)


class Lies(HubCase):
    def test_a_unit_that_is_not_the_devices_is_held(self):
        device = self.new_device(HOUSTON)
        days(device, 1)
        days(device, 2, u=MADRID)
        self.hub.sync(device)
        self.assertEqual(self.counted(), 1)
        self.assertEqual(self.held(), {device.ref(2): "right", device.ref(3): "right"})
        with self.hub.link(device) as link:
            link.hello()
            standing = link.standing()
        self.assertEqual(standing["heldn"], 2)
        self.assertEqual([(s, h, r) for s, h, r in standing["held"]],
                         [(*device.point(2), "right"), (*device.point(3), "right")])

    def test_another_devices_feed_is_refused(self):
        honest, liar = self.new_device(), self.new_device()
        days(honest, 3)
        days(liar, 1)
        with self.hub.link(liar) as link:
            link.say_hello(feed=honest.feed, points=honest.points(), tip=honest.tip)
            self.refused(link, "feed")
        with self.hub.link(liar) as link:
            link.hello()
            link.say_push(honest.batch(1, 3))
            self.refused(link, "feed")
        self.assertEqual(self.counted(), 0)
        self.assert_goes_on()

    def test_a_wrong_seal_or_chain_is_refused(self):
        device = self.new_device()
        days(device, 3)
        good = peer.Batch(device.batch(1, 3)).verify()
        other = peer.activity(HOUSTON, DATE, ind="IND-1", by="someone else")
        changed = peer.frame_bodies([*good.bodies[:2], other])
        for what, code, fields in (
                ("signature", "seal", {"sig": bytes(64)}),
                ("signature of another end", "seal", {"sig": peer.Batch(device.batch(1, 2)).sig}),
                ("end that was not signed", "seal", {"after": bytes(32)}),
                ("another body", "chain",
                 {"bodies": changed, "z": 0, "raw": len(changed)}),
                ("another beginning", "chain", {"before": bytes(32)}),
                ("another number", "seal", {"first": 2}),
                ("more bodies than told", "malformed", {"count": 2, "first": 2}),
                ("fewer bodies than told", "malformed",
                 {"count": 4, "sig": peer.batch_signature(device.key, (4, good.after))}),
                ("nothing in it", "size", {"count": 0})):
            with self.subTest(what), self.hub.link(device) as link:
                link.hello()
                link.say_push(peer.pack({**peer.unpack(device.batch(1, 3)), **fields}))
                self.refused(link, code)
        self.assertEqual(self.counted(), 0)
        self.hub.sync(device)
        self.assertEqual(self.counted(), 3)

    def test_a_wrong_unpacked_size_is_refused(self):
        device = self.new_device()
        days(device, 100)
        for raw in (1, 524288):
            with self.subTest(raw=raw), self.hub.link(device) as link:
                link.hello()
                link.say_push(device.batch(1, 100, z=1, raw=raw))
                self.refused(link, "malformed")
        with self.hub.link(device) as link:
            link.hello()
            link.say_push(device.batch(1, 100, raw=524289))
            self.refused(link, "size")
        self.assert_goes_on()

    def test_another_protocol_version_is_refused(self):
        with self.hub.link(self.new_device()) as link:
            link.say_hello(proto=2)
            self.refused(link, "version")

    def test_garbage_ends_the_session_and_not_the_hub(self):
        device = self.new_device()
        hello = peer.message("WANT", round=1)
        for what, frame in (("nothing", b""), ("noise", os.urandom(500)),
                            ("no map", b"\x01"), ("an empty map", b"\x80"),
                            ("an end too early", hello[:-1]),
                            ("a byte too many", hello + b"\0"),
                            ("a key twice", b"\x82\xa1t\xa4WANT\xa1t\xa4WANT"),
                            ("a key that must be understood",
                             peer.pack({"t": "PING", "boot": 0, "clock": 0, "pending": 0,
                                        "!x": 1})),
                            ("a key missing", peer.message("HELLO", proto=1)),
                            ("nested too deep", b"\x81\xa1a" + b"\x91" * 5000 + b"\x01"),
                            ("an array said to be huge", b"\x81\xa1a\xdd\xff\xff\xff\xff")):
            for greeted in (False, True):
                with self.subTest(what, greeted=greeted), self.hub.link(device) as link:
                    if greeted:
                        link.hello()
                    link.send(frame)
                    self.refused(link, "size" if "deep" in what else "malformed")
        with self.subTest("two frames"), self.hub.link(device) as link:
            link.socket.send_multipart([peer.message("WANT", round=1), b"more"])
            self.refused(link, "malformed")
        with self.subTest("an unknown message"), self.hub.link(device) as link:
            link.say("SING")
            self.refused(link, "order")
        self.assert_goes_on()

    def test_what_is_too_long_is_refused(self):
        device = self.new_device()
        with self.hub.link(device) as link:
            link.hello()
            link.say("PUSH", batch=bytes(peer.BATCH_BYTES + 1), round=1)
            self.refused(link, "size")
        with self.hub.link(device) as link:
            link.say_hello(points=[device.point(0)] * (peer.POINTS + 1))
            self.refused(link, "size")
        with self.hub.link(device) as link:
            link.hello()
            link.send(bytes(peer.FRAME_BYTES + 1))
            self.refused(link, "size")
        with self.hub.link(device) as link:
            link.hello()
            link.send(bytes(1 << 21))
            self.assertTrue(link.dropped())
            with self.assertRaises(TimeoutError):
                link.receive(seconds=0)
        self.assert_goes_on()

    def test_who_overdraws_credit_is_refused(self):
        device = self.new_device()
        for n in range(3):
            device.add(peer.activity(HOUSTON, DATE, ind="IND-1", x=os.urandom(15000)))
        batch = device.batch(1, 3)
        self.hub.stop()
        self.hub.start("--credit-bytes", str(1 << 20))  # the least
        with self.hub.link(device) as link:
            credit = link.hello()["credit"]
            self.assertGreaterEqual(credit, peer.CREDIT_BYTES_MIN)
            with self.assertRaises(peer.Refused) as refusal:
                for _ in range(100):  # until the hub does not keep up
                    for _ in range(5 * credit // len(batch)):
                        link.say_push(batch)
                    while link.socket.poll(0):
                        link.receive()
        self.assertEqual(refusal.exception.code, "credit")
        self.assert_goes_on()

    def test_a_key_that_is_not_enrolled_does_not_pass_the_handshake(self):
        stranger = peer.Device([HOUSTON])
        days(stranger, 1)
        with self.hub.link(stranger) as link:
            link.say_hello()
            self.assertFalse(link.handshake())
            with self.assertRaises(TimeoutError):
                link.receive(seconds=0.3)
        self.hub.admit(stranger)
        self.hub.sync(stranger)
        self.assertEqual(self.counted(), 1)


class Connections(HubCase):
    def test_a_fifth_takes_the_place_of_the_one_silent_longest(self):
        device = self.new_device()
        links = [self.hub.link(device) for _ in range(5)]
        for link in links:
            self.addCleanup(link.close)
        for link in links[:4]:
            link.hello()
        for link in (links[0], links[2], links[3]):
            link.ping()
        links[4].hello()
        self.assertTrue(links[1].dropped())
        for link in (links[0], *links[2:]):
            link.ping()
            self.assertFalse(link.dropped(seconds=0))


class Documents(HubCase):
    def test_the_plan_comes_in_signed_parts(self):
        with open(PLAN, "rb") as f:
            document = f.read()
        with self.hub.link(self.new_device()) as link:
            welcome = link.hello()
            self.assertEqual(welcome["plan"], 1)
            version, got = link.document("plan")
            link.say("GET", offset=0, version=0, what="plan")
            self.assertGreater(link.expect("PART")["total"], peer.DOWN_PART_BYTES)
        self.assertEqual(version, 1)
        self.assertEqual(got, document)

    def test_documents_that_do_not_exist_are_empty(self):
        with self.hub.link(self.new_device()) as link:
            link.hello()
            self.assertEqual(link.document("events"), (0, None))
            link.say("GET", offset=0, version=0, what="other")
            self.assertEqual(link.expect("PART")["total"], 0)

    def test_a_part_of_another_version_begins_anew(self):
        with self.hub.link(self.new_device()) as link:
            link.hello()
            link.say("GET", offset=8192, version=77, what="plan")
            part = link.expect("PART")
            self.assertEqual((part["version"], part["offset"]), (1, 0))

    def test_there_is_a_standing_before_anything_is_held(self):
        with self.hub.link(self.new_device()) as link:
            version = link.hello()["standing"]
            self.assertEqual(link.document("standing")[0], version)
            self.assertEqual((link.standing()["heldn"], link.standing()["held"]), (0, []))

    def test_the_standing_changes_with_what_is_held(self):
        device = self.new_device()
        days(device, 1, u=MADRID)
        with self.hub.link(device) as link:
            before = link.hello()["standing"]
            link.sync()
            after = link.ping()["standing"]
            self.assertNotEqual(after, before)
            version, _ = link.document("standing")
            self.assertEqual(version, after)
            self.assertEqual(link.standing()["held"], [[1, device.tip[1], "right"]])

    def test_evidence_of_one_event_verifies(self):
        device = self.new_device()
        days(device, 10)
        self.hub.sync(device)
        path = self.path("evidence")
        self.hub.command("show", device.ref(7), "--evidence", path)
        with open(path, "rb") as f:
            data = f.read()
        self.assertEqual(peer.evidence(data),
                         (device.feed, device.point(7), device.bodies[6]))


class Corrections(HubCase):
    def test_a_correction_that_comes_first_waits_for_its_target(self):
        first, second = self.new_device(), self.new_device()
        days(first, 1, qty=3)
        fix = [peer.fix_of(*first.tip, first.feed)]
        second.activity(DATE, ind="IND-1", qty=5, fix=fix, why="there were five")
        self.hub.sync(second)
        self.assertEqual(self.held(), {second.ref(1): "waits"})
        self.assertEqual(self.counted(), 0)
        self.hub.sync(first)
        self.assertEqual(self.held(), {})
        self.assertEqual(self.counted(), 5)

    def test_a_void_takes_its_record_out(self):
        device = self.new_device()
        days(device, 2, qty=4)
        device.add(peer.void(HOUSTON, "entered twice", device.point(2)))
        self.hub.sync(device)
        self.assertEqual(self.counted(), 4)
        self.assertEqual(self.hub.state()["events"],
                         {"counted": 1, "held": 0, "dated_ahead": 0})
        device.activity(DATE + 1, ind="IND-1", qty=2, why="it did take place",
                        fix=[peer.fix_of(*device.tip)])
        self.hub.sync(device)
        self.assertEqual(self.counted(), 6)

    def test_two_corrections_of_one_record_count_once_and_are_a_conflict(self):
        one, two = self.new_device(), self.new_device()
        days(one, 1, qty=1)
        target = one.tip
        one.activity(DATE, ind="IND-1", qty=7, why="a", fix=[peer.fix_of(*target)])
        two.activity(DATE, ind="IND-1", qty=7, why="b", fix=[peer.fix_of(*target, one.feed)])
        self.hub.sync(one)
        self.hub.sync(two)
        self.assertEqual(self.counted(), 7)
        with self.hub.link(one) as link:
            link.hello()
            self.assertEqual([tuple(p) for p in link.standing()["conflicts"]], [one.tip])
        # each is told which version wins, if it is not its own
        best = max(one, two, key=lambda device: device.tip[1])  # of one depth the greater hash
        for device in one, two:
            with self.hub.link(device) as link:
                link.hello()
                (seq, chain), (stands, other) = device.tip, best.tip
                self.assertEqual(link.standing().get("others"), None if device is best else
                                 [[seq, chain[:16], 0, best.feed, stands, other[:16]]])
        both = [peer.fix_of(*one.tip), peer.fix_of(*two.tip, two.feed)]
        one.activity(DATE, ind="IND-1", qty=9, why="settled", fix=both)
        self.hub.sync(one)
        self.assertEqual(self.counted(), 9)
        with self.hub.link(one) as link:
            link.hello()
            self.assertEqual(link.standing()["conflicts"], [])
        with self.hub.link(two) as link:
            link.hello()
            (seq, chain), (stands, other) = two.tip, one.tip
            self.assertEqual(link.standing()["others"],
                             [[seq, chain[:16], 0, one.feed, stands, other[:16]]])


class Bodies(HubCase):
    """A fault inside one body holds that event, never its batch."""

    CASES = (
        ("kind", {"k": "newer"}),
        ("kind", {"k": "nobody-knows"}),
        ("version", {"v": 2}),
        ("key", {"!must": 1}),
        ("malformed", {"qty": "1"}),
        ("malformed", {"at": None}),
        ("malformed", {"status": "maybe"}),
        ("malformed", {"until": DATE - 1}),
        ("malformed", {"country": "es"}),
        ("malformed", {"ind": "IND 1"}),
        ("limit", {"qty": 10000}),
        ("limit", {"qty": 0}),
        ("limit", {"date": 84006}),
        ("limit", {"note": "n" * 4001}),
        ("limit", {"place": "p" * 201}),
        ("limit", {"count": {"attended": 10000000}}),
        ("limit", {"init": ["2.1.%02d" % n for n in range(1, 10)]}),
        ("unit", {"u": "con-atlantis"}),
        ("indicator", {"ind": "IND-99"}),
        ("indicator", {"ind": "IND-2"}),
        ("initiative", {"init": ["9.9.99"]}),
        ("mode", {"mode": "por-correo"}),
        ("count", {"count": {"balloons": 1}}),
        ("group", {"group": {"ACT-99": 1}}),
        ("date", {"date": 16000}),
        ("date", {"date": 21000}),
    )

    def body(self, **keys):
        fields = {"v": 1, "k": "activity", "at": 0, "u": HOUSTON, "date": DATE, "qty": 1,
                  "ind": "IND-1"}
        fields.update(keys)
        return peer.pack({k: v for k, v in fields.items() if v is not None})

    def test_each_is_held_with_its_reason_and_later_ones_count(self):
        device = peer.Device([HOUSTON, "con-atlantis"])
        self.hub.admit(device, "--force")
        want = {}
        for reason, keys in self.CASES:
            device.add(self.body(**keys))
            want[device.ref(device.tip[0])] = reason
        for body in (b"", b"\x00", b"\xc1", os.urandom(40), self.body()[:-1],
                     self.body() + b"\0", b"\x81\xa1a\xca\x00\x00\x00\x00"):
            device.add(body)
            want[device.ref(device.tip[0])] = "malformed"
        device.add(self.body(x=bytes(16384)))
        want[device.ref(device.tip[0])] = "limit"
        device.add(self.body(qty=17))
        self.hub.sync(device)
        self.assertEqual(self.held(), want)
        self.assertEqual(self.counted(), 17)

    def test_unknown_keys_and_values_at_the_bound_are_counted(self):
        device = self.new_device()
        device.add(self.body(x={"deep": [[[[[[1]]]]]]}, zz=b"\0" * 100))
        device.add(self.body(qty=9999))
        device.add(self.body(note="n" * 4000, place="p" * 200, by="b" * 200))
        device.add(self.body(count={"attended": 9999999}, group={"ACT-1": 0}))
        self.hub.sync(device)
        self.assertEqual(self.held(), {})
        self.assertEqual(self.counted(), 9999 + 3)
        self.assertEqual(self.hub.total("IND-1", "--count", "attended"), 9999999)


class Enrolling(Case):
    def test_a_request_is_checked_against_its_fingerprint_and_seal(self):
        hub = self.hub()
        device, path = peer.Device([HOUSTON]), self.path("request")
        tampered = peer.pack({**peer.request_open(device.request()), "u": [MADRID]})
        for data, fingerprint in ((device.request(), peer.Device([HOUSTON]).fingerprint()),
                                  (tampered, device.fingerprint()),
                                  (b"not a request", device.fingerprint())):
            with open(path, "wb") as f:
                f.write(data)
            done = run("valija-hub", "enroll", path, "--fingerprint", fingerprint, "--home",
                       hub.home, status=None)
            self.assertNotEqual(done.returncode, 0)
            self.assertNotEqual(done.stderr, "")
        with hub.link(device) as link:
            self.assertFalse(link.handshake())


if __name__ == "__main__":
    unittest.main()
