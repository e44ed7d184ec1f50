#!/usr/bin/python3
"""Every example of SPEC.md, computed a second time by peer.py.

A block is "```example NAME", lines "name = value", "```".  A value that is
asked for by the name of another example is written BLOCK.NAME.
"""

import os
import re
import unittest

import nacl.signing
import zstandard

import columns
import fold
import peer

SPEC = os.path.join(os.path.dirname(__file__), "../../protocol/SPEC.md")

COMPUTED = {
    "keys": ("feed", "request", "fingerprint", "device", "hub"),
    **{"event-" + kind: ("body",) for kind in (*fold.RECORDS, "void", "return")},
    "chain": ("h0", "h1", "h2"),
    "batch": ("batch",),
    "columns": ("bodies",),
    "events": ("document",),
    "digest": ("registry", "set", "state"),
    "digest-lost": ("registry",),
    "entry-revoke": ("entry",),
    "cut": ("document",),
    "lock": ("document",),
    "evidence": ("file",),
    **{m.lower(): ("frame",) for m in peer.MESSAGES},
    **{m.lower(): ("frame",) for m in peer.QUESTIONS},
}
NUMBERS = ("appr", "at", "comm", "date", "obl", "paid", "pct", "qty", "quarter", "until", "v",
           "value")
LISTS = ("init", "none", "zero")
COMPUTED["ack"] = ("receipt", "frame")
COMPUTED["part"] = ("document", "sig", "frame")


def blocks_of(text):
    blocks = {}
    for name, lines in re.findall(r"^```example (\S+)\n(.*?)^```$", text, re.M | re.S):
        blocks[name] = dict(re.match(r"(\S+) =(?: (.*))?$", line).groups()
                            for line in lines.splitlines())
    return blocks


class Examples:
    """The blocks of SPEC.md, and what they should hold."""

    def __init__(self, text):
        self.blocks = blocks_of(text)
        keys = self.blocks["keys"]
        self.key = nacl.signing.SigningKey(bytes.fromhex(keys["device-seed"]))
        self.hub = nacl.signing.SigningKey(bytes.fromhex(keys["hub-seed"]))

    def bytes(self, name):
        """Bytes by BLOCK.NAME, or in hex."""
        block, _, key = name.partition(".")
        if block == "chain":
            return self.link(int(key[1:]))[1]
        return self.compute(block)[key] if key else bytes.fromhex(name)

    def point(self, text):
        seq, name = re.fullmatch(r"\((\d+), (\S+)\)", text).groups()
        return (int(seq), self.bytes(name))

    def fix(self, text):
        """Of (seq, hash) or, of another feed, (seq, hash, feed)."""
        seq, *names = text.strip("()").split(", ")
        return peer.fix_of(int(seq), *map(self.bytes, names))

    def points(self, text):
        return [] if text == "none" else [self.point(p) for p in re.findall(r"\(.*?\)", text)]

    def compute(self, block):
        """The values of the computed names of a block: bytes, or text."""
        if block.startswith("event-"):
            return self._event(self.blocks[block])
        make = getattr(self, "_" + block.replace("-", "_"), None)
        return make(self.blocks[block]) if make else self._message(block, self.blocks[block])

    def link(self, seq):
        """The point of example chain with that number."""
        feed = self.bytes("keys.feed")
        if seq == 0:
            return peer.chain_start(feed)
        body = self.bytes(("event-activity.body", "event-void.body")[seq - 1])
        return peer.chain_step(feed, self.link(seq - 1), body)

    def _keys(self, b):
        feed, curve = bytes(self.key.verify_key), bytes.fromhex(b["curve"])
        units = b["units"].split(" ")
        return {"feed": feed, "hub": bytes(self.hub.verify_key),
                "request": peer.request(self.key, curve, units),
                "fingerprint": peer.fingerprint(feed, curve, units),
                "device": peer.device_name(feed)}

    def _event(self, b):
        """Its body, from the keys as they are written there."""
        def value(key, text):
            if key in NUMBERS:
                return int(text)
            if key in LISTS:
                return text.split(", ")
            if key in ("fix", "re"):
                return [self.fix(text)]
            if key == "count":
                return {name: int(n) for name, n in (c.split(" ") for c in text.split(", "))}
            return text
        body = peer.pack({k: value(k, text) for k, text in b.items() if k != "body"})
        fold.read(body)  # it is one that counts
        return {"body": body}

    def _chain(self, _):
        return {"h%d" % seq: self.link(seq)[1] for seq in range(3)}

    def _batch(self, b):
        bodies = [self.bytes("event-activity.body"), self.bytes("event-void.body")]
        assert (b["first"], b["count"]) == ("1", "2")
        before = (0, self.bytes("chain.h0"))
        return {"batch": peer.batch_seal(self.key, before, bodies, z=int(b["z"]))}

    def _columns(self, b):
        return {"bodies": columns.unpack(bytes.fromhex(b["columns"]), int(b["count"]))}

    def _events(self, b):
        return {"document": peer.pack({"batches": [self.bytes(b["batches"])], "v": 1})}

    def _evidence(self, b):
        return {"file": peer.pack({"batch": self.bytes(b["batch"]), "format": b["format"],
                                   "hash": self.bytes(b["hash"]), "seq": int(b["seq"])})}

    def _digest(self, _):
        feed = self.bytes("keys.feed")
        world = fold.World(None, {feed: ("device", ["con-houston"])})
        for seq, block in enumerate(("event-activity", "event-void"), 1):
            world.add(feed, self.link(seq), self.bytes(block + ".body"))
        return {"registry": world.registry_hash(), "set": world.set([(feed, self.link(2))]),
                "state": world.state()}

    def _digest_lost(self, _):
        feed = self.bytes("keys.feed")
        world = fold.World(None, {feed: ("device", [])},
                           {feed: {"con-houston": [self.link(2)], "": [self.link(2)]}})
        return {"registry": world.registry_hash()}

    def _entry_revoke(self, b):
        leaf = self.point(b["leaves"])
        return {"entry": peer.pack({
            "act": b["act"], "at": int(b["at"]), "feed": self.bytes(b["feed"]),
            "leaves": peer.u64(leaf[0]) + leaf[1], "number": int(b["number"]),
            "role": b["role"], "units": b["units"].split(", "), "why": b["why"]})}

    def leaf(self, text):
        feed, _, point = text.partition(" ")
        seq, chain_hash = self.point(point)
        return self.bytes(feed) + peer.u64(seq) + chain_hash

    def _cut(self, b):
        return {"document": peer.pack({
            "cutoff": int(b["cutoff"]), "gaps": b"", "hub": b"", "leaves": self.leaf(b["leaves"]),
            "period": int(b["period"]), "plan": bytes(32), "v": 1,
            **{k: self.bytes(b[k]) for k in ("registry", "set", "state")}})}

    def _lock(self, b):
        return {"document": peer.pack({"leaves": self.leaf(b["leaves"]),
                                       "quarter": int(b["quarter"]), "v": 1})}

    def _ack(self, b):
        covered = peer.receipt_covers(self.bytes("keys.hub"), self.bytes("keys.feed"),
                                      self.point(b["end"]))
        receipt = self.hub.sign(covered).signature
        return {"receipt": receipt, **self._message("ack", {**b, "receipt": receipt.hex()})}

    def _part(self, b):
        packed = bytes.fromhex(b["bytes"])
        document = zstandard.ZstdDecompressor().decompress(packed)
        covered = b"valija/standing/1" + self.bytes("keys.hub") + self.bytes("keys.feed") + \
            peer.u64(int(b["version"])) + peer.blake(packed)
        sig = self.hub.sign(covered).signature
        assert int(b["total"]) == len(packed)
        return {"document": document, "sig": sig,
                **self._message("part", {**b, "sig": sig.hex()})}

    def _message(self, block, b):
        fields = {}
        keys = peer.MESSAGES.get(block.upper()) or peer.QUESTIONS[block.upper()]
        for key, kind in keys.items():
            read = {int: int, str: str, bytes: self.bytes, "point": self.point,
                    "points": self.points, list: lambda words: words.split(" ")}[kind]
            fields[key] = read(b[key])
        for key in {"pong": ("registry",), "welcome": ("onward",)}.get(block, ()):
            fields[key] = int(b[key])  # may be missing
        return {"frame": peer.message(block.upper(), **fields)}


class Spec(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(SPEC, encoding="utf-8") as f:
            cls.examples = Examples(f.read())

    def test_all_examples_are_there_and_none_is_passed_over(self):
        self.assertEqual(set(self.examples.blocks), set(COMPUTED))

    def test_each_example_is_what_peer_computes(self):
        for block, names in COMPUTED.items():
            computed = self.examples.compute(block)
            for name in names:
                with self.subTest(example=block, name=name):
                    value = computed[name]
                    text = value.hex() if isinstance(value, bytes) else value
                    self.assertEqual(self.examples.blocks[block][name], text)

    def test_each_message_opens(self):
        for name in (*peer.MESSAGES, *peer.QUESTIONS):
            frame = bytes.fromhex(self.examples.blocks[name.lower()]["frame"])
            self.assertEqual(peer.message_open(frame)["t"], name)

    def test_request_batch_and_evidence_verify(self):
        blocks = self.examples.blocks
        peer.request_open(bytes.fromhex(blocks["keys"]["request"]))
        batch = peer.Batch(bytes.fromhex(blocks["batch"]["batch"])).verify()
        self.assertEqual(batch.bodies[1].hex(), blocks["event-void"]["body"])
        feed, point, body = peer.evidence(bytes.fromhex(blocks["evidence"]["file"]))
        self.assertEqual(feed.hex(), blocks["keys"]["feed"])
        self.assertEqual(point, (2, bytes.fromhex(blocks["chain"]["h2"])))
        self.assertEqual(body.hex(), blocks["event-void"]["body"])

    def test_peer_refuses_what_is_not_canonical(self):
        for data, why in ((b"\x81\xa1t\xcc\x01", "an integer not in its shortest form"),
                          (b"\x82\xa1b\x01\xa1a\x01", "keys not ascending"),
                          (b"\x82\xa1a\x01\xa1a\x01", "a key twice"),
                          (b"\x81\xa1a\xca\x3f\x80\x00\x00", "a float"),
                          (b"\x81\xa1a\xa1\x00", "U+0000"),
                          (b"\x81\xa1a\xa1\xff", "bad UTF-8"),
                          (b"\x81\xa0\x01", "an empty key"),
                          (b"\x80\x80", "a byte after the value"),
                          (b"\x81\xa1a", "an end too early")):
            with self.subTest(why), self.assertRaises(peer.Wrong):
                peer.unpack_map(data)


if __name__ == "__main__":
    unittest.main()
