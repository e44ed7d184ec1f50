"""State = F(events, plan, registry), a second time: sections 11 and 12 of SPEC.md.

    world = World(document, {feed: ("device", ["con-a"])})
    world.add(feed, point, body)
    world.state(), world.set(leaves), world.held()

Slow and plain: every question is answered from all events anew.
"""

import datetime
import json
import re

import peer

CODE = re.compile(r"[A-Za-z0-9.-]{1,32}\Z")
STATUSES = ("done", "planned", "cancelled", "moved")
DATES = (-25567, 84005)
TALLY = 9999999
NOWHERE = bytes(32)


class Fault(Exception):
    """Why an event is held; the first argument is the reason."""


def u32(n):
    return n.to_bytes(4, "big")


def day_of(text):
    return (datetime.date.fromisoformat(text) - datetime.date(1970, 1, 1)).days


# 5 Events: what may stand under each key --------------------------------------------

def _typed(value, kind):
    if type(value) is not kind:
        raise Fault("malformed")
    return value


def _within(n, low, high):
    if not low <= n <= high:
        raise Fault("limit")


def _int(low, high):
    return lambda v: _within(_typed(v, int), low, high)


def _text(most):
    return lambda v: _within(len(_typed(v, str).encode()), 0, most)


def _code(value):
    _within(len(_typed(value, str).encode()), 0, 32)
    if not CODE.match(value):
        raise Fault("malformed")


def _country(value):
    _within(len(_typed(value, str).encode()), 0, 2)
    if not re.match(r"[A-Z]{2}\Z", value):
        raise Fault("malformed")


def _fixed(size):
    def check(value):
        if len(_typed(value, bytes)) != size:
            raise Fault("malformed")
    return check


def _some(values, most):
    _within(len(values), 0, most)
    if not values:
        raise Fault("malformed")


def _tallies(most):
    def check(value):
        _some(_typed(value, dict), most)
        for name, n in value.items():
            _code(name)
            _int(0, TALLY)(n)
    return check


def _codes(value):
    _some(_typed(value, list), 8)
    for code in value:
        _code(code)
    if value != sorted(set(value)):
        raise Fault("malformed")


def _fixes(value):
    _some(_typed(value, list), 8)
    for fix in value:
        if len(_typed(fix, list)) not in (2, 3) or _typed(fix[0], int) == 0:
            raise Fault("malformed")
        _fixed(16)(fix[1])
        if len(fix) == 3:
            _fixed(32)(fix[2])


def _evidence(value):
    _some(_typed(value, list), 16)
    for e in value:
        if len(_typed(e, list)) != 3:
            raise Fault("malformed")
        _text(200)(e[0])
        _int(0, 2 ** 53)(e[1])
        _fixed(32)(e[2])


KEYS = {
    "at": _int(-2 ** 63, 2 ** 63 - 1), "by": _text(200), "count": _tallies(32),
    "country": _country, "data": lambda v: _within(len(_typed(v, bytes)), 0, peer.PART_BYTES),
    "date": _int(*DATES), "evid": _evidence, "fix": _fixes, "group": _tallies(8),
    "hash": _fixed(32), "ind": _code, "init": _codes, "k": _code, "mode": _code,
    "note": _text(4000), "part": _int(1, 86), "parts": _int(1, 86), "place": _text(200),
    "plan": _int(1, 2 ** 32 - 1), "qty": _int(1, 9999), "r": _fixed(8), "status": _code,
    "total": _int(1, 1048576), "u": _code, "until": _int(*DATES), "v": _int(1, 2 ** 32 - 1),
    "why": _text(4000),
}
FIRST_KEYS = ("at", "by", "k", "u", "v")
REQUIRED = {"activity": ("date", "qty", "u"), "void": ("fix", "u", "why"),
            "plan": ("data", "hash", "part", "parts", "plan", "total")}


def _check(event, keys):
    for key in keys:
        if key in event:
            KEYS[key](event[key])


def read(body):
    """The keys of an event that can be read; else Fault."""
    if isinstance(body, peer.Erased):
        raise Fault("erased")
    if len(body) > peer.EVENT_BYTES:
        raise Fault("limit")
    try:
        event = peer.unpack_map(body)
    except peer.Wrong:
        raise Fault("malformed") from None
    _check(event, FIRST_KEYS)
    if any(key not in event for key in ("at", "k", "v")):
        raise Fault("malformed")
    if event["v"] != 1:
        raise Fault("version")
    if event["k"] not in REQUIRED:
        raise Fault("kind")
    _check(event, KEYS)
    if any(key.startswith("!") for key in event):
        raise Fault("key")
    if any(key not in event for key in REQUIRED[event["k"]]):
        raise Fault("malformed")
    if event["k"] == "activity":
        _check_activity(event)
    if event["k"] == "plan" and event["part"] > event["parts"]:
        raise Fault("malformed")
    return event


def _check_activity(event):
    if not ("ind" in event or "init" in event) or ("fix" in event and "why" not in event) or \
            event.get("until", event["date"]) < event["date"] or \
            event.get("status", "done") not in STATUSES:
        raise Fault("malformed")


# 11 Judging and merging ----------------------------------------------------------------

class Version:
    """An event, and what there is to say of it."""

    def __init__(self, feed, point, body):
        self.feed, self.point = feed, point
        self.id = feed + peer.u64(point[0]) + point[1]
        self.keys, self.reason = None, None
        try:
            self.keys = read(body)
        except Fault as fault:
            self.reason = fault.args[0]
        self.sound = self.root = None
        self.depth = self.offices = 0
        self.superseded = False
        self.targets = []

    @property
    def rank(self):
        return (self.offices, self.depth, self.point[1])

    @property
    def of_record(self):
        return self.keys is not None and self.keys["k"] != "plan"

    @property
    def valid(self):
        return bool(self.sound) and self.reason is None


class World:
    """plan: the bytes of the document in force, None for none.  registry: role
    and units by feed, without the hub's own."""

    def __init__(self, plan, registry):
        self.plan_hash = peer.blake(plan) if plan else NOWHERE
        self.plan = json.loads(plan) if plan else None
        self.registry = registry
        self.events = {}

    def add(self, feed, point, body):
        self.events[(feed, *point)] = body

    def add_all(self, device):
        """All events of a peer.Device."""
        for seq, body in enumerate(device.bodies, 1):
            self.add(device.feed, device.point(seq), body)

    # an event by itself

    def _item(self, section, code, day):
        for item in self.plan[section] if self.plan else ():
            if item["code"] == code and day < day_of(item.get("retired", "9999-12-31")):
                return item
        return None

    def _right(self, version):
        role, units = self.registry[version.feed]
        return role == "office" or (version.keys["k"] != "plan" and version.keys["u"] in units)

    def _judge(self, version):
        """The reason that the rest of the table gives."""
        e = version.keys
        if not self._right(version):
            return "right"
        if e["k"] != "activity":
            return None
        day = e["date"]
        if not self._item("units", e["u"], day):
            return "unit"
        indicator = self._item("indicators", e["ind"], day) if "ind" in e else None
        if "ind" in e and (not indicator or indicator["by"] != "activity"):
            return "indicator"
        for reason, section, codes in (("initiative", "initiatives", e.get("init", ())),
                                       ("mode", "modes", [e["mode"]] if "mode" in e else ()),
                                       ("count", "counts", e.get("count", ())),
                                       ("group", "actors", e.get("group", ()))):
            if not all(self._item(section, code, day) for code in codes):
                return reason
        period = (indicator or {}).get("period", self.plan["period"])
        inside = day_of(period["from"]) <= day <= day_of(period["to"])
        return None if inside else "date"

    # records

    def _find(self, versions, feed, fix):
        feed = fix[2] if len(fix) == 3 else feed
        for v in versions.values():
            if v.feed == feed and v.point[0] == fix[0] and v.point[1][:16] == fix[1]:
                return v
        return None

    def _settle(self, version):
        """Whether a version is sound, of which record, and whether it is held
        by itself."""
        if version.sound is not None:
            return
        version.sound = False
        if not version.of_record:
            return
        version.reason = self._fault(version)
        if version.reason is not None:
            return
        version.sound = True
        version.root = version.targets[0].root if version.targets else version
        version.depth = 1 + max((t.depth for t in version.targets), default=0)
        version.offices = max((t.offices for t in version.targets), default=0) + \
            (self.registry[version.feed][0] == "office")
        version.reason = self._judge(version)

    def _fault(self, version):
        """Why a version is not sound."""
        if "fix" not in version.keys:
            return None
        if not self._right(version):
            return "right"
        for target in version.targets:
            if target:
                self._settle(target)
        if any(t is None or t.reason == "waits" for t in version.targets):
            return "waits"
        office = self.registry[version.feed][0] == "office"
        if any(not t.sound or t.root is not version.targets[0].root or
               (t.keys["u"] != version.keys["u"] and not office) for t in version.targets):
            return "fix"
        return None

    def _versions(self):
        versions = {}
        for (feed, seq, chain_hash), body in self.events.items():
            v = Version(feed, (seq, chain_hash), body)
            versions[v.id] = v
        for v in versions.values():
            if v.of_record:
                v.targets = [self._find(versions, v.feed, f) for f in v.keys.get("fix", ())]
        for v in sorted(versions.values(), key=lambda v: v.id):
            self._settle(v)
            if v.keys and v.keys["k"] == "plan":
                v.reason = self._judge(v)
        return versions

    def _records(self, versions):
        """The sound versions of each record, at most 1,000; supersedes."""
        records = {}
        for v in versions.values():
            if v.sound:
                records.setdefault(v.root.id, []).append(v)
        for root in records:
            records[root].sort(key=lambda v: (v.depth, v.point[1]))
            for v in records[root][1000:]:
                v.reason = "versions"
        for v in sorted(versions.values(), key=lambda v: -v.depth):
            if v.sound and (v.valid or v.superseded):
                for target in v.targets:
                    target.superseded = True
        return records

    # rows

    def rows(self):
        """The rows of the five tables: [(letter, key, value)] as the digest
        takes them."""
        versions = self._versions()
        tables = {"C": {}, "E": {}, "T": {}, "H": {}, "X": {}}
        for root, record in self._records(versions).items():
            heads = [v for v in record if v.valid and not v.superseded]
            if len(heads) > 1:
                tables["X"][root] = b"".join(sorted(h.id for h in heads))
            winner = max(heads, key=lambda v: v.rank, default=None)
            if winner and winner.keys["k"] == "activity":
                self._count(tables, winner.keys)
        for v in versions.values():
            if v.reason is not None and not v.superseded:
                tables["H"][v.id] = v.reason.encode()
        return [(letter, key, _value(value)) for letter in "CETHX"
                for key, value in sorted(tables[letter].items()) if value not in (0, (0, 0))]

    def _count(self, tables, e):
        day = e["date"]
        unit = self._item("units", e["u"], day)
        codes = set(e.get("init", ()))
        if "ind" in e:
            codes.add(e["ind"])
            codes |= {link for link in self._item("indicators", e["ind"], day)["links"]
                      if self._item("initiatives", link, day)}
        tail = bytes([STATUSES.index(e.get("status", "done"))])
        when = u32(day + 2 ** 31)
        for code in codes:
            key = b"\0".join(t.encode() for t in (code, e["u"], e.get("country", unit["country"])))
            key += b"\0" + when + e.get("mode", "").encode() + b"\0" + tail
            qty, records = tables["C"].get(key, (0, 0))
            tables["C"][key] = (qty + e["qty"], records + 1)
            for letter, tallies in ((b"c", e.get("count", {})), (b"g", e.get("group", {}))):
                for name, n in tallies.items():
                    extra = key + letter + name.encode()
                    tables["E"][extra] = tables["E"].get(extra, 0) + n
        tally = when + e["u"].encode() + b"\0" + tail
        tables["T"][tally] = tables["T"].get(tally, 0) + 1

    def held(self):
        """Reason by (feed, seq)."""
        return {(key[:32], int.from_bytes(key[32:40], "big")): value.decode()
                for letter, key, value in self.rows() if letter == "H"}

    # 12 Digests

    def registry_hash(self):
        data = b"valija/registry/1"
        for feed, (role, units) in sorted(self.registry.items()):
            data += feed + role[:1].encode()
            data += b"".join(u.encode() + b"\0" for u in sorted(units)) + b"\0"
        return peer.blake(data)

    def set(self, leaves):
        """leaves: (feed, point) of the last event of each lane."""
        ids = sorted(feed + peer.u64(point[0]) + point[1] for feed, point in set(leaves))
        return peer.blake(b"valija/set/1" + b"".join(ids))

    def state(self):
        data = b"valija/state/1" + self.plan_hash + self.registry_hash()
        for letter, key, value in self.rows():
            data += letter.encode() + u32(len(key)) + key + u32(len(value)) + value
        return peer.blake(data)


def _value(value):
    if isinstance(value, bytes):
        return value
    return b"".join(peer.u64(n) for n in (value if isinstance(value, tuple) else (value,)))
