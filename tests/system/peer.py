#!/usr/bin/python3
"""An independent client of the Valija protocol.

Written from protocol/SPEC.md alone; it shares nothing with the programs.  As a
library it makes and checks everything that goes over a link or into a file,
right or, for tests, wrong on purpose.  As a program:

    peer.py new FILE UNIT...          make a device, print its fingerprint
    peer.py request FILE OUT          write its request for the office
    peer.py add FILE KEY=VALUE...     add an activity
    peer.py sync FILE HUB.PUB ENDPOINT
    peer.py evidence FILE             verify an evidence file
"""

import base64
import binascii
import hashlib
import struct
import sys
import time

import msgpack
import nacl.exceptions
import nacl.signing
import zmq
import zmq.utils.monitor
import zmq.utils.z85
import zstandard

import columns

EVENT_BYTES = 16384
BATCH_BYTES = 65536
BATCH_RAW_BYTES = 524288
BATCH_EVENTS = 4096
FRAME_BYTES = 131072
DEPTH = 8
POINTS = 72
PART_BYTES = 12288
DOWN_PART_BYTES = 8192
CREDIT_BYTES_MIN = 65536
DOCUMENT_BYTES = 1048576
DEADLINE_S = 10


class Wrong(Exception):
    """What was read does not follow the specification."""


class TooMuch(Wrong):
    """It is over a limit of the encoding."""


class Refused(Exception):
    """The hub said REFUSE; code and text are those of the message."""

    def __init__(self, code, text):
        super().__init__("%s: %s" % (code, text))
        self.code = code
        self.text = text


class Erased(bytes):
    """Stands for a body of which only the hash is left."""


# 3 Encoding ------------------------------------------------------------------

def _ordered(value):
    if isinstance(value, dict):
        keys = sorted(value, key=lambda k: k.encode())
        return {k: _ordered(value[k]) for k in keys}
    if isinstance(value, (list, tuple)):
        return [_ordered(v) for v in value]
    return value


def pack(value):
    """The canonical bytes of a value."""
    return msgpack.packb(_ordered(value), use_bin_type=True)


def _map_of(pairs):
    keys = [k.encode() for k, _ in pairs]
    if keys != sorted(set(keys)):
        raise Wrong("keys of a map are not ascending")
    return dict(pairs)


def _check(value, depth, key_bytes=16):
    if isinstance(value, (float, msgpack.ExtType, msgpack.Timestamp)):
        raise Wrong("a float or an ext")
    if isinstance(value, str) and "\0" in value:
        raise Wrong("U+0000 in a text")
    if isinstance(value, (dict, list)):
        if depth == 0:
            raise TooMuch("nested too deep")
        if isinstance(value, list):
            value = dict(enumerate(value))
        elif any(len(k.encode()) > key_bytes for k in value):
            raise TooMuch("a key is too long")
        elif "" in value:
            raise Wrong("an empty key")
        for v in value.values():
            _check(v, depth - 1, 32)


def unpack(data):
    """The value that canonical bytes stand for; Wrong for any other bytes."""
    try:
        value = msgpack.unpackb(data, raw=False, strict_map_key=True, use_list=True,
                                object_pairs_hook=_map_of)
    except Wrong:
        raise
    except (ValueError, TypeError, AttributeError, msgpack.exceptions.UnpackException) as e:
        raise Wrong("not MessagePack: %s" % e) from e
    _check(value, DEPTH + 1)
    if pack(value) != data:
        raise Wrong("not in canonical form")
    return value


def unpack_map(data):
    value = unpack(data)
    if not isinstance(value, dict):
        raise Wrong("not a map")
    return value


def _take(value, key, kind, low=None, high=None):
    """value[key], which must be of that type, and within bounds: the number
    itself, or the length of bytes, text or array."""
    if key not in value:
        raise Wrong("%s is missing" % key)
    v = value[key]
    if type(v) is not kind:
        raise Wrong("%s is of another type" % key)
    size = v if kind is int else len(v.encode()) if kind is str else len(v)
    if low is not None and size < low or high is not None and size > high:
        raise Wrong("%s is out of bounds: %d" % (key, size))
    return v


def _no_commands(value, known):
    for key in value:
        if key.startswith("!") and key not in known:
            raise Wrong("%s must be understood" % key)


def u64(n):
    return struct.pack(">Q", n)


def blake(data):
    return hashlib.blake2b(data, digest_size=32).digest()


def base32(data):
    return base64.b32encode(data).decode().rstrip("=")


def sealed_by(key, sig, text):
    try:
        nacl.signing.VerifyKey(key).verify(text, sig)
        return True
    except (nacl.exceptions.BadSignatureError, ValueError):
        return False


# 4 Keys and enrolment ----------------------------------------------------------

class HubKeys:
    """What hub.pub says."""

    def __init__(self, curve, sign):
        self.curve = curve
        self.sign = sign

    @classmethod
    def read(cls, path):
        with open(path, encoding="ascii") as f:
            lines = f.read().split("\n")
        if len(lines) != 4 or lines[0] != "valija-hub-key 1" or lines[3] != "":
            raise Wrong("%s is not a hub.pub" % path)
        keys = []
        for name, line in zip(("curve", "sign"), lines[1:3]):
            word, _, value = line.partition(" ")
            if word != name or len(value) != 64 or value != value.lower():
                raise Wrong("%s: bad line '%s'" % (path, line))
            keys.append(binascii.unhexlify(value))
        return cls(*keys)


def _units_covered(units):
    return b"".join(u.encode() + b"\0" for u in units)


def request(key, curve, units, **other):
    """The request of the device with that signing key; `other` fields lie."""
    feed = bytes(key.verify_key)
    covered = b"valija/request/1" + feed + curve + _units_covered(units)
    fields = {"curve": curve, "feed": feed, "sig": key.sign(covered).signature, "v": 1}
    if units:
        fields["u"] = list(units)
    fields.update(other)
    return pack(fields)


def request_open(data):
    """The fields of a request, its signature checked."""
    r = unpack_map(data)
    _no_commands(r, ())
    units = _take(r, "u", list, 1, 64) if "u" in r else []
    if _take(r, "v", int) != 1 or units != sorted(set(units)):
        raise Wrong("version or units")
    covered = b"valija/request/1" + _take(r, "feed", bytes, 32, 32) + \
        _take(r, "curve", bytes, 32, 32) + _units_covered(units)
    if not sealed_by(r["feed"], _take(r, "sig", bytes, 64, 64), covered):
        raise Wrong("signature of the request")
    return r


def fingerprint(feed, curve, units):
    digest = blake(b"valija/fingerprint/1" + feed + curve + _units_covered(units))
    text = base32(digest[:10])
    return "-".join(text[i:i + 4] for i in range(0, 16, 4))


def device_name(feed):
    return base32(feed)[:8]


def ref(feed, seq, chain_hash=None):
    tail = "-" + chain_hash[:4].hex() if chain_hash else ""
    return "%s-%d%s" % (device_name(feed), seq, tail)


# 5 Events ------------------------------------------------------------------------

def event(kind, at=1763136000000, **keys):
    """The body of an event, from the keys of section 5."""
    return pack({"v": 1, "k": kind, "at": at, **keys})


def activity(u, date, qty=1, **keys):
    return event("activity", u=u, date=date, qty=qty, **keys)


def void(u, why, *targets, **keys):
    return event("void", u=u, why=why, fix=[fix_of(*t) for t in targets], **keys)


def fix_of(seq, chain_hash, feed=None):
    """One element of the key `fix`."""
    return [seq, chain_hash[:16]] + ([feed] if feed else [])


# 6 Chain -------------------------------------------------------------------------

def chain_start(feed):
    return (0, blake(b"valija/feed/1" + feed))


def chain_step(feed, point, body):
    """The point after one more body (or Erased hash)."""
    seq = point[0] + 1
    digest = bytes(body) if isinstance(body, Erased) else blake(body)
    return (seq, blake(b"valija/event/1" + feed + u64(seq) + point[1] + digest))


def chain_end(feed, point, bodies):
    for body in bodies:
        point = chain_step(feed, point, body)
    return point


# 7 Batches -----------------------------------------------------------------------

def frame_bodies(bodies):
    return b"".join(b"\xc7\x20\x01" + bytes(b) if isinstance(b, Erased) else pack(b)
                    for b in bodies)


def batch_signature(key, end):
    covered = b"valija/batch/1" + bytes(key.verify_key) + u64(end[0]) + end[1]
    return key.sign(covered).signature


def batch_seal(key, before, bodies, z=None, **other):
    """A batch of bodies that follow the point `before`.  z as in the format, None the
    smallest.  `other` keys replace or add to the right ones."""
    feed = bytes(key.verify_key)
    end = chain_end(feed, before, bodies)
    raw = frame_bodies(bodies)
    zstd = zstandard.ZstdCompressor(level=3)
    ways = (raw, zstd.compress(raw), zstd.compress(columns.pack(
        [msgpack.ExtType(1, bytes(b)) if isinstance(b, Erased) else b for b in bodies])))
    if z is None:
        z = min(range(3), key=lambda way: len(ways[way]))
    fields = {"after": end[1], "before": before[1], "bodies": ways[z],
              "count": len(bodies), "feed": feed, "first": before[0] + 1, "raw": len(raw),
              "sig": batch_signature(key, end), "z": z}
    fields.update(other)
    return pack(fields)


class Batch:
    """A batch as read; verify() raises Wrong unless seal and chain hold."""

    def __init__(self, data):
        if len(data) > BATCH_BYTES:
            raise Wrong("batch too long")
        m = unpack_map(data)
        _no_commands(m, ())
        self.after = _take(m, "after", bytes, 32, 32)
        self.feed = _take(m, "feed", bytes, 32, 32)
        self.first = _take(m, "first", int, 1)
        self.count = _take(m, "count", int, 1, BATCH_EVENTS)
        self.before = (self.first - 1, _take(m, "before", bytes, 32, 32))
        self.end = (self.first - 1 + self.count, self.after)
        self.raw = _take(m, "raw", int, 1, BATCH_RAW_BYTES)
        self.sig = _take(m, "sig", bytes, 64, 64)
        self.z = _take(m, "z", int, 0, 2)
        self._stored = _take(m, "bodies", bytes)
        self.bodies = None

    def verify(self):
        covered = b"valija/batch/1" + self.feed + u64(self.end[0]) + self.after
        if not sealed_by(self.feed, self.sig, covered):
            raise Wrong("signature of the batch")
        self.bodies = self._unframe(self._unpacked())
        if chain_end(self.feed, self.before, self.bodies) != self.end:
            raise Wrong("the hashes do not lead from before to after")
        return self

    def points(self):
        """The point of each body."""
        point, points = self.before, []
        for body in self.bodies:
            point = chain_step(self.feed, point, body)
            points.append(point)
        return points

    def _unpacked(self):
        raw = self._stored
        try:
            if self.z:
                raw = zstandard.ZstdDecompressor().decompress(
                    raw, max_output_size=self.raw if self.z == 1 else BATCH_RAW_BYTES)
            if self.z == 2:
                raw = columns.unpack(raw, self.count)
        except (zstandard.ZstdError, columns.Wrong) as e:
            raise Wrong("bodies do not unpack: %s" % e) from e
        if len(raw) != self.raw:
            raise Wrong("raw is not the length of the bodies")
        return raw

    def _unframe(self, raw):
        unpacker = msgpack.Unpacker(raw=False, max_buffer_size=BATCH_RAW_BYTES + 1)
        unpacker.feed(raw)
        bodies = []
        for value in unpacker:
            if isinstance(value, msgpack.ExtType) and value.code == 1 and len(value.data) == 32:
                bodies.append(Erased(value.data))
            elif isinstance(value, bytes):
                bodies.append(value)
            else:
                raise Wrong("a body is neither bin nor erased")
        if len(bodies) != self.count or frame_bodies(bodies) != raw:
            raise Wrong("bodies are not count times one body")
        return bodies


def batch_cut(data, drop):
    """The same batch without its first `drop` events; still sealed."""
    b = Batch(data).verify()
    raw = frame_bodies(b.bodies[drop:])
    before = chain_end(b.feed, b.before, b.bodies[:drop])
    return pack({"after": b.after, "before": before[1], "bodies": raw,
                 "count": b.count - drop, "feed": b.feed, "first": before[0] + 1,
                 "raw": len(raw), "sig": b.sig, "z": 0})


# 8 Conversation ------------------------------------------------------------------

_POINT, _POINTS = "point", "points"

MESSAGES = {
    "HELLO": {"clock": int, "feed": bytes, "floor": _POINT, "pending": int, "plan": int,
              "points": _POINTS, "program": str, "proto": int, "registry": int, "round": int,
              "tip": _POINT},
    "WELCOME": {"beyond": int, "boot": int, "clock": int, "credit": int, "gaps": _POINTS,
                "hub": bytes, "known": _POINT, "plan": int, "registry": int, "round": int,
                "standing": int},
    "PUSH": {"batch": bytes, "round": int},
    "ACK": {"credit": int, "end": _POINT, "plan": int, "receipt": bytes, "round": int,
            "safe": _POINT, "standing": int},
    "WANT": {"round": int},
    "GET": {"offset": int, "version": int, "what": str},
    "PART": {"bytes": bytes, "offset": int, "sig": bytes, "total": int, "version": int,
             "what": str},
    "PING": {"boot": int, "clock": int, "pending": int},
    "PONG": {"boot": int, "clock": int, "credit": int, "pending": int, "plan": int,
             "standing": int},
    "REFUSE": {"code": str, "text": str},
}


# Of section 19; both conversations refuse in the same way.
QUESTIONS = {
    "ASK": {"args": list, "columns": int, "lang": str, "proto": int},
    "OUT": {"bytes": bytes, "stream": int},
    "MORE": {"taken": int},
    "END": {"status": int},
}


def message(name, **fields):
    return pack({"t": name, **{k: list(v) if isinstance(v, tuple) else v
                               for k, v in fields.items()}})


def _as_point(v):
    if not isinstance(v, list) or len(v) != 2 or type(v[0]) is not int or \
            type(v[1]) is not bytes or len(v[1]) != 32:
        raise Wrong("not a point")
    return tuple(v)


def message_open(data):
    """A message as a map, its keys and their types checked."""
    m = unpack_map(data)
    name = _take(m, "t", str)
    keys = MESSAGES.get(name) or QUESTIONS.get(name)
    if not keys:
        raise Wrong("unknown message %s" % name)
    _no_commands(m, ())
    for key, kind in keys.items():
        if kind is _POINT:
            m[key] = _as_point(m.get(key))
        elif kind is _POINTS:
            m[key] = [_as_point(p) for p in _take(m, key, list)]
        else:
            _take(m, key, kind)
    return m


def receipt_covers(hub, feed, end):
    return b"valija/receipt/1" + hub + feed + u64(end[0]) + end[1]


# Devices ---------------------------------------------------------------------------

class Device:
    """Keys, units and one chain.  A copy made by clone() or restore() has the
    same keys, and from there a chain of its own."""

    def __init__(self, units, seed=None, curve=None):
        self.key = nacl.signing.SigningKey(seed) if seed else nacl.signing.SigningKey.generate()
        self.feed = bytes(self.key.verify_key)
        self.units = sorted(units)
        if curve:
            self.curve, self.curve_secret = curve
        else:
            self.curve, self.curve_secret = (zmq.utils.z85.decode(k) for k in zmq.curve_keypair())
        self.bodies = []
        self._points = [chain_start(self.feed)]
        self.acknowledged = self._points[0]

    def request(self):
        return request(self.key, self.curve, self.units)

    def fingerprint(self):
        return fingerprint(self.feed, self.curve, self.units)

    @property
    def tip(self):
        return self._points[-1]

    def point(self, seq):
        return self._points[seq]

    def has(self, point):
        return point[0] < len(self._points) and self._points[point[0]] == point

    def ref(self, seq, whole=False):
        """The REF of an event; whole: with its hash, as in a forked feed."""
        return ref(self.feed, seq, self._points[seq][1] if whole else None)

    def add(self, *bodies):
        """Appends events; the point of the last."""
        for body in bodies:
            self.bodies.append(body)
            self._points.append(chain_step(self.feed, self.tip, body))
        return self.tip

    def activity(self, date, **keys):
        keys.setdefault("u", self.units[0])
        return self.add(activity(date=date, **keys))

    def clone(self, seq=None):
        """A copy that has the events up to seq."""
        other = Device(self.units, bytes(self.key), (self.curve, self.curve_secret))
        other.add(*self.bodies[:len(self.bodies) if seq is None else seq])
        if other.has(self.acknowledged):
            other.acknowledged = self.acknowledged
        return other

    def save(self, path):
        with open(path, "wb") as f:
            f.write(pack({"bodies": self.bodies, "curve": self.curve, "seed": bytes(self.key),
                          "secret": self.curve_secret, "u": self.units,
                          "ack": self.acknowledged}))

    @classmethod
    def restore(cls, path):
        with open(path, "rb") as f:
            m = unpack(f.read())
        device = cls(m["u"], m["seed"], (m["curve"], m["secret"]))
        device.add(*m["bodies"])
        device.acknowledged = _as_point(m["ack"])
        return device

    def points(self):
        """The points of a HELLO."""
        tip, seqs, step = self.tip[0], {0, self.acknowledged[0]}, 1
        seqs.add(tip)
        while step < tip:
            seqs.add(tip - step)
            step *= 2
        return [self._points[s] for s in sorted(seqs, reverse=True)]

    def batch(self, first, last, **other):
        """Events first to last, sealed."""
        return batch_seal(self.key, self._points[first - 1], self.bodies[first - 1:last], **other)

    def batches(self, after=0, events=100, raw=48 * 1024):
        """Batches of all events after the one with that number, of at most so
        many events and bytes of bodies."""
        first = after + 1
        while first <= self.tip[0]:
            last, size = first, len(self.bodies[first - 1])
            while last < self.tip[0] and last - first + 1 < events and \
                    size + len(self.bodies[last]) <= raw:
                size += len(self.bodies[last])
                last += 1
            yield self.batch(first, last)
            first = last + 1


# Links -------------------------------------------------------------------------------

class Link:
    """One connection of a device to a hub.  Every wait ends at a deadline
    (TimeoutError).  `hub` is what hub.pub says."""

    def __init__(self, device, endpoint, hub, deadline=DEADLINE_S):
        self.device = device
        self.hub = hub
        self.deadline = deadline
        self.round = 0
        self.credit = 0
        self.unanswered = 0
        self.welcome = None
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.sndtimeo = int(deadline * 1000)
        self.socket.curve_serverkey = zmq.utils.z85.encode(hub.curve)
        self.socket.curve_publickey = zmq.utils.z85.encode(device.curve)
        self.socket.curve_secretkey = zmq.utils.z85.encode(device.curve_secret)
        self.monitor = self.socket.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_AUTH |
            zmq.EVENT_DISCONNECTED)
        self.socket.connect(endpoint)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.socket.closed:
            return
        self.socket.disable_monitor()
        self.monitor.close()
        self.socket.close()

    def _next_event(self, seconds):
        if not self.monitor.poll(int(seconds * 1000)):
            return None
        return zmq.utils.monitor.recv_monitor_message(self.monitor)["event"]

    def handshake(self):
        """True when CURVE lets the device in, False when its key is denied."""
        event = self._next_event(self.deadline)
        if event is None:
            raise TimeoutError("no end of the handshake")
        return event == zmq.EVENT_HANDSHAKE_SUCCEEDED

    def dropped(self, seconds=None):
        """True when the hub closes, or has closed, the connection."""
        until = time.monotonic() + (self.deadline if seconds is None else seconds)
        while True:
            event = self._next_event(max(0, until - time.monotonic()))
            if event in (None, zmq.EVENT_DISCONNECTED):
                return event is not None

    def send(self, frame):
        try:
            self.socket.send(frame)
        except zmq.Again as e:
            raise TimeoutError("the link takes nothing") from e

    def receive(self, seconds=None):
        """The next message, checked; Refused for REFUSE."""
        wait = self.deadline if seconds is None else seconds
        if not self.socket.poll(int(wait * 1000)):
            raise TimeoutError("the hub says nothing")
        frames = self.socket.recv_multipart()
        if len(frames) != 1:
            raise Wrong("a message of %d frames" % len(frames))
        m = message_open(frames[0])
        if m["t"] == "REFUSE":
            raise Refused(m["code"], m["text"])
        if "credit" in m:
            self.credit = m["credit"]
        return m

    def expect(self, name, seconds=None):
        """The next message of that name; only a PONG may come before it."""
        until = time.monotonic() + (self.deadline if seconds is None else seconds)
        while True:
            m = self.receive(max(0, until - time.monotonic()))
            if m["t"] == name:
                return m
            if m["t"] != "PONG":
                raise Wrong("%s instead of %s" % (m["t"], name))

    def say(self, name, **fields):
        self.send(message(name, **fields))

    def say_hello(self, **other):
        self.round += 1
        d = self.device
        fields = {"clock": int(time.time() * 1000), "feed": d.feed, "floor": d.point(0),
                  "pending": d.tip[0] - d.acknowledged[0], "plan": 0, "points": d.points(),
                  "program": "peer.py", "proto": 1, "registry": 0, "round": self.round,
                  "tip": d.tip}
        fields.update(other)
        self.say("HELLO", **fields)

    def hello(self, **other):
        """HELLO and its WELCOME; sets what is acknowledged."""
        self.say_hello(**other)
        w = self.expect("WELCOME")
        if w["hub"] != self.hub.sign:
            raise Wrong("another hub")
        if w["round"] != self.round or not self.device.has(w["known"]):
            raise Wrong("WELCOME of another round or chain")
        self.device.acknowledged = w["known"]
        self.unanswered = 0
        self.welcome = w
        return w

    def say_push(self, batch):
        self.unanswered += len(batch)
        self.say("PUSH", batch=batch, round=self.round)

    def expect_ack(self, batch):
        """The ACK of that batch, its receipt checked."""
        ack = self.expect("ACK")
        return self.check_ack(ack, batch)

    def check_ack(self, ack, batch):
        b = Batch(batch)
        self.unanswered -= len(batch)
        if ack["end"] != b.end or ack["round"] != self.round:
            raise Wrong("ACK of another batch")
        if not sealed_by(self.hub.sign, ack["receipt"],
                         receipt_covers(self.hub.sign, b.feed, b.end)):
            raise Wrong("receipt")
        if self.device.has(b.end) and b.end[0] > self.device.acknowledged[0]:
            self.device.acknowledged = b.end
        return ack

    def push(self, batch):
        """PUSH and its ACK."""
        self.say_push(batch)
        return self.expect_ack(batch)

    def sync(self, events=100):
        """HELLO, then pushes until all is acknowledged, within the credit."""
        self.hello()
        waiting = []
        until = time.monotonic() + self.deadline
        for batch in self.device.batches(self.device.acknowledged[0], events):
            while waiting and self.unanswered + len(batch) > self.credit:
                self.expect_ack(waiting.pop(0))
            while self.unanswered + len(batch) > self.credit:
                if time.monotonic() > until:
                    raise TimeoutError("no credit")
                self.ping()
            self.say_push(batch)
            waiting.append(batch)
            until = time.monotonic() + self.deadline
        for batch in waiting:
            self.expect_ack(batch)
        if self.device.acknowledged != self.device.tip:
            raise Wrong("not all acknowledged")

    def ping(self, boot=None):
        boot = boot if boot is not None else self.welcome["boot"]
        self.say("PING", boot=boot, clock=int(time.time() * 1000), pending=0)
        return self.expect("PONG")

    def document(self, what):
        """Reads `plan` or `standing`: its version and its bytes unpacked (None
        when there is none), the signature checked."""
        tag, feed = {"plan": (b"valija/plan/1", bytes(32)),
                     "standing": (b"valija/standing/1", self.device.feed),
                     "events": (b"valija/events/1", self.device.feed)}[what]
        version, packed = 0, b""
        while True:
            self.say("GET", offset=len(packed), version=version, what=what)
            part = self.expect("PART")
            if part["what"] != what or len(part["bytes"]) > DOWN_PART_BYTES:
                raise Wrong("PART of another document, or too long")
            if part["total"] == 0:
                return part["version"], None
            if part["version"] != version:
                version, packed = part["version"], b""
            if part["offset"] != len(packed) or not part["bytes"]:
                raise Wrong("PART at another offset, or empty")
            packed += part["bytes"]
            if len(packed) >= part["total"]:
                break
        covered = tag + self.hub.sign + feed + u64(version) + blake(packed)
        if len(packed) != part["total"] or not sealed_by(self.hub.sign, part["sig"], covered):
            raise Wrong("length or signature of the document")
        return version, zstandard.ZstdDecompressor().decompress(
            packed, max_output_size=DOCUMENT_BYTES)

    def standing(self):
        """What the hub holds against the device's own events."""
        _, data = self.document("standing")
        if data is None:
            return None
        s = unpack_map(data)
        for key in ("conflicts", "held", "locks", "remarks"):
            _take(s, key, list)
        if _take(s, "v", int) != 1 or _take(s, "heldn", int) < len(s["held"]):
            raise Wrong("standing")
        return s


# 19 Questions ------------------------------------------------------------------------

class Asker:
    """One connection to where a hub is asked: by a file of its machine, or with the
    keys of a device, and `hub` is what hub.pub says."""

    def __init__(self, endpoint, device=None, hub=None, rcvhwm=1000):
        self.taken = 0
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.rcvhwm = rcvhwm
        if device:
            self.socket.curve_serverkey = zmq.utils.z85.encode(hub.curve)
            self.socket.curve_publickey = zmq.utils.z85.encode(device.curve)
            self.socket.curve_secretkey = zmq.utils.z85.encode(device.curve_secret)
        self.socket.connect(endpoint)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ask(self, *args, lang="", columns=0, proto=1):
        self.taken = 0
        self.socket.send(message("ASK", args=list(args), columns=columns, lang=lang, proto=proto))

    def receive(self, seconds=DEADLINE_S):
        """The next message, checked; Refused for REFUSE."""
        if not self.socket.poll(int(seconds * 1000)):
            raise TimeoutError("the hub says nothing")
        m = message_open(self.socket.recv())
        if m["t"] == "REFUSE":
            raise Refused(m["code"], m["text"])
        if m["t"] == "OUT":
            self.taken += max(len(m["bytes"]), 1024)
        return m

    def more(self, taken=None):
        self.socket.send(message("MORE", taken=self.taken if taken is None else taken))

    def answer(self, seconds=DEADLINE_S):
        """(status, standard output, standard error) of what was asked."""
        streams = {1: b"", 2: b"", 3: b""}
        while True:
            m = self.receive(seconds)
            if m["t"] == "END":
                return m["status"], streams[1], streams[2]
            streams[m["stream"]] += m["bytes"]
            self.more()



# 14 Evidence ---------------------------------------------------------------------------

def evidence(data):
    """Verifies an evidence file: feed, point and body of the event."""
    m = unpack_map(data)
    if _take(m, "format", str) != "valija/evidence/1":
        raise Wrong("not an evidence file")
    b = Batch(_take(m, "batch", bytes)).verify()
    point = (_take(m, "seq", int, b.first, b.end[0]), _take(m, "hash", bytes, 32, 32))
    if b.points()[point[0] - b.first] != point:
        raise Wrong("the event is not in the batch")
    return b.feed, point, b.bodies[point[0] - b.first]


# Program -------------------------------------------------------------------------------

def _add(device, words):
    keys = {}
    for word in words:
        key, _, value = word.partition("=")
        keys[key] = int(value) if key in ("at", "date", "qty", "until") else value
    device.activity(**keys)


def main(args):
    if len(args) < 2 or args[0] not in ("new", "request", "add", "sync", "evidence"):
        sys.exit(__doc__)
    command, path, rest = args[0], args[1], args[2:]
    if command == "evidence":
        with open(path, "rb") as f:
            feed, point, body = evidence(f.read())
        print("%s %s" % (ref(feed, *point), unpack(body)))
        return
    device = Device(rest) if command == "new" else Device.restore(path)
    if command == "new":
        print("fingerprint: %s" % device.fingerprint())
    elif command == "request":
        with open(rest[0], "wb") as f:
            f.write(device.request())
    elif command == "add":
        _add(device, rest)
    else:
        with Link(device, rest[1], HubKeys.read(rest[0])) as link:
            link.sync()
        print("acknowledged: %d" % device.acknowledged[0])
    device.save(path)


if __name__ == "__main__":
    main(sys.argv[1:])
