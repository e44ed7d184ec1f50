"""State = F(events, plan, registry), a second time: sections 11 and 12 of SPEC.md.

    world = World(document, {feed: ("device", ["con-a"])})
    world.add(feed, point, body)
    world.state(), world.set(leaves), world.held()

A hub's own feed has the role "hub"; it stays out of what is digested.

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
QUARTERS = (1900 * 4, 2199 * 4 + 3)
LEVEL = 10 ** 12
MONEY = 10 ** 15
NOWHERE = bytes(32)
LETTERS = "CETLIRHX"  # the tables, as the digest takes them


class Fault(Exception):
    """Why an event is held; the first argument is the reason."""


def u32(n):
    return n.to_bytes(4, "big")


def quarter_days(quarter):
    """Its first and its last day."""
    def first(q):
        return (datetime.date(q // 4, q % 4 * 3 + 1, 1) - datetime.date(1970, 1, 1)).days
    return first(quarter), first(quarter + 1) - 1


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


def _uint(low, high):
    def check(value):
        if _typed(value, int) < 0:
            raise Fault("malformed")
        _within(value, low, high)
    return check


def _text(most):
    return lambda v: _within(len(_typed(v, str).encode()), 0, most)


def _code(value):
    _within(len(_typed(value, str).encode()), 0, 32)
    if not CODE.match(value):
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
            _uint(0, TALLY)(n)
    return check


def _codes(most):
    def check(value):
        _some(_typed(value, list), most)
        for n, code in enumerate(value):
            _code(code)
            if n > 0 and code <= value[n - 1]:
                raise Fault("malformed")
    return check


def _fixes(most):
    def check(value):
        _some(_typed(value, list), most)
        for fix in value:
            _within(len(_typed(fix, list)), 0, 3)
            if len(fix) < 2:
                raise Fault("malformed")
            _uint(1, 2 ** 63 - 1)(fix[0])
            _fixed(16)(fix[1])
            if len(fix) == 3:
                _fixed(32)(fix[2])
    return check


def _evidence(value):
    _some(_typed(value, list), 16)
    for e in value:
        _within(len(_typed(e, list)), 0, 3)
        if len(e) < 3:
            raise Fault("malformed")
        _text(200)(e[0])
        _uint(0, 2 ** 53)(e[1])
        _fixed(32)(e[2])


KEYS = {
    "appr": _uint(0, MONEY), "at": _int(-2 ** 63, 2 ** 63 - 1), "bpin": _code, "by": _text(200),
    "comm": _uint(0, MONEY), "commit": _code, "count": _tallies(32), "country": _text(2),
    "data": lambda v: _within(len(_typed(v, bytes)), 0, peer.PART_BYTES), "date": _int(*DATES),
    "evid": _evidence, "fix": _fixes(8), "group": _tallies(8), "hash": _fixed(32), "ind": _code,
    "init": _codes(8), "k": _code, "key": _code, "mode": _code, "name": _text(200),
    "none": _codes(32), "note": _text(4000), "obl": _uint(0, MONEY), "paid": _uint(0, MONEY),
    "part": _uint(1, 86), "parts": _uint(1, 86), "pct": _uint(0, 10000), "place": _text(200),
    "plan": _uint(1, 2 ** 32 - 1), "qty": _uint(1, 9999), "quarter": _uint(*QUARTERS),
    "r": _fixed(8), "re": _fixes(1), "risk": _code, "status": _code, "total": _uint(1, 1048576),
    "u": _code, "until": _int(*DATES), "v": _uint(1, 2 ** 32 - 1), "value": _uint(0, LEVEL),
    "way": _code, "why": _text(4000), "zero": _codes(32),
}
FIRST_KEYS = ("at", "by", "k", "u", "v")
PARTS = ("data", "hash", "part", "parts", "total")
REQUIRED = {"activity": ("date", "qty", "u"), "void": ("fix", "u", "why"),
            "thing": ("date", "ind", "key", "u", "way"), "level": ("ind", "quarter", "u", "value"),
            "progress": ("quarter", "u"), "close": ("quarter", "u"), "probe": (),
            "budget": ("appr", "bpin", "comm", "obl", "paid", "quarter", "u"),
            "return": ("re", "u", "why"), "plan": (*PARTS, "plan"), "cut": (*PARTS, "name"),
            "lock": (*PARTS, "quarter")}
RECORDS = ("activity", "level", "thing", "progress", "budget", "close")
FEEDING = ("activity", "level", "thing")  # what the indicator is fed by
DATED = ("activity", "thing")
OFFICE = ("plan", "cut", "return", "lock")


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
    except peer.Wrong as wrong:
        raise Fault("limit" if isinstance(wrong, peer.TooMuch) else "malformed") from None
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
    if not (_words_good(event) and _belong_together(event)):
        raise Fault("malformed")
    return event


def _words_good(e):
    """Keys that only few values may stand under."""
    return e.get("status", "done") in STATUSES and e.get("way", "in") in ("in", "out") and \
        re.match(r"[A-Z]{2}\Z", e.get("country", "AA")) is not None


def _belong_together(e):
    kind = e["k"]
    if kind in RECORDS and "fix" in e and "why" not in e:
        return False
    if kind == "activity":
        return ("ind" in e or "init" in e) and e.get("until", e["date"]) >= e["date"]
    if kind == "progress":
        items = len(e.get("init", ())) + ("commit" in e) + ("risk" in e)
        return items == 1 and ("pct" in e or "note" in e)
    if kind == "close":
        return not set(e.get("zero", ())) & set(e.get("none", ()))
    if kind == "cut" and not e["name"]:
        return False
    return kind not in ("plan", "cut", "lock") or e["part"] <= e["parts"]


def progress_of(e):
    """The type of the row of a progress, and the code of what it is about."""
    for letter, key in (("c", "commit"), ("r", "risk")):
        if key in e:
            return letter, e[key]
    return "i", e["init"][0]


def first_day(e):
    """The day of a record."""
    return e["date"] if e["k"] in DATED else quarter_days(e["quarter"])[0]


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
        return self.keys is not None and self.keys["k"] in (*RECORDS, "void")

    @property
    def kept(self):
        """What a correction keeps: the kind, and of a register its key."""
        e = self.keys
        return (e["k"], *{"level": lambda: (e["u"], e["ind"], e["quarter"]),
                          "progress": lambda: (e["u"], progress_of(e), e["quarter"]),
                          "budget": lambda: (e["bpin"], e["quarter"]),
                          "close": lambda: (e["u"], e["quarter"])}.get(e["k"], tuple)())

    @property
    def is_register(self):
        return len(self.kept) > 1

    @property
    def valid(self):
        return bool(self.sound) and self.reason is None


class World:
    """plan: the bytes of the document in force, None for none.  registry: role
    and units by feed.  lost: by feed and right, which is a unit or "" for the
    office, the points of the frontier."""

    def __init__(self, plan, registry, lost=None):
        self.plan_hash = peer.blake(plan) if plan else NOWHERE
        self.plan = json.loads(plan) if plan else None
        self.registry = registry
        self.lost = lost or {}
        self.events = {}
        self.things_in = ()

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

    def _below(self, version, leaf):
        """Whether the chain that ends at leaf holds the event: from the event
        up, since each step is proved by its hash."""
        on_chain = {version.point}
        for seq in range(version.point[0] + 1, leaf[0] + 1):
            on_chain = {(seq, h) for (feed, s, h), body in self.events.items()
                        if feed == version.feed and s == seq and
                        any((seq, h) == peer.chain_step(feed, p, body) for p in on_chain)}
        return leaf in on_chain

    def _has(self, version, right):
        role, units = self.registry[version.feed]
        if right in units or (right == "" and role == "office"):
            return True
        return any(self._below(version, leaf)
                   for leaf in self.lost.get(version.feed, {}).get(right, ()))

    def _is_own(self, feed):
        return self.registry[feed][0] == "hub"

    def _office(self, version):
        return self._is_own(version.feed) or self._has(version, "")

    def _right(self, version):
        e = version.keys
        if self._is_own(version.feed):
            return e["k"] in OFFICE or "fix" in e
        return self._office(version) or (e["k"] not in OFFICE and self._has(version, e["u"]))

    def _reported_by(self, e):
        """Whether its unit may report all that the event names."""
        unit = next(u for u in self.plan["units"] if u["code"] == e["u"])
        named = {*e.get("init", ()), *(e[k] for k in ("ind", "commit", "risk", "bpin") if k in e)}
        return all(unit["code"] in only.get("units", ()) or unit["kind"] in only.get("kinds", ())
                   for only in self.plan.get("reporting", ()) if only["code"] in named)

    def _judge(self, version):
        """The reason that the rest of the table gives."""
        e = version.keys
        if e["k"] == "probe":
            return None
        if not self._right(version):
            return "right"
        if e["k"] not in RECORDS:
            return None
        day = first_day(e)
        if not self._item("units", e["u"], day):
            return "unit"
        return self._unknown(e, day) or self._outside(e, day) or \
            (None if self._reported_by(e) else "reporter") or self._never_in(e)

    def _all(self, section, codes, day):
        return all(self._item(section, code, day) for code in codes)

    def _unknown(self, e, day):
        """What it names and the plan does not."""
        def told(key):
            return [e[key]] if key in e else []
        questions = {
            "activity": (("initiative", "initiatives", e.get("init", ())),
                         ("mode", "modes", told("mode")),
                         ("count", "counts", e.get("count", ())),
                         ("group", "actors", e.get("group", ()))),
            "progress": (("initiative", "initiatives", e.get("init", ())),
                         ("commitment", "commitments", told("commit")),
                         ("risk", "risks", told("risk"))),
            "budget": (("project", "projects", told("bpin")),),
            "close": (("indicator", "indicators", [*e.get("zero", ()), *e.get("none", ())]),),
        }
        indicator = self._indicator(e, day)
        if e["k"] in FEEDING and "ind" in e and (not indicator or indicator["by"] != e["k"]):
            return "indicator"
        return next((reason for reason, section, codes in questions.get(e["k"], ())
                     if not self._all(section, codes, day)), None)

    def _indicator(self, e, day):
        """The one that it feeds."""
        return self._item("indicators", e["ind"], day) if e["k"] in FEEDING and "ind" in e else None

    def _outside(self, e, day):
        period = (self._indicator(e, day) or {}).get("period", self.plan["period"])
        last = day if e["k"] in DATED else quarter_days(e["quarter"])[1]
        inside = day_of(period["from"]) <= last and day <= day_of(period["to"])
        return None if inside else "date"

    def _never_in(self, e):
        if e["k"] != "thing" or e["way"] == "in" or \
                e["key"] in self._indicator(e, e["date"]).get("baseline_keys", ()):
            return None
        for v in self.things_in:
            if (v.keys["ind"], v.keys["key"]) == (e["ind"], e["key"]) and not self._judge(v):
                return None
        return "thing"

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
        version.root = version.targets[0].root if version.targets else version.first
        version.depth = 1 + max((t.depth for t in version.targets), default=0)
        version.offices = max((t.offices for t in version.targets), default=0) + \
            self._office(version)
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
        office = self._office(version)
        if any(not t.sound or t.root is not version.targets[0].root or
               (t.keys["u"] != version.keys["u"] and not office) for t in version.targets):
            return "fix"
        if version.keys["k"] != "void" and version.targets[0].root.kept != version.kept:
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
        firsts = {}  # of each register the least first version
        for v in sorted(versions.values(), key=lambda v: v.id):
            v.first = v
            if v.of_record and "fix" not in v.keys and v.is_register:
                v.first = firsts.setdefault(v.kept, v)
        self.things_in = [v for v in versions.values()
                          if v.keys and v.keys["k"] == "thing" and v.keys["way"] == "in"]
        for v in sorted(versions.values(), key=lambda v: v.id):
            self._settle(v)
            if v.keys and not v.of_record:
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
        """The rows of all tables: [(letter, key, value)] as the digest takes
        them."""
        versions = self._versions()
        tables = {letter: {} for letter in LETTERS}
        for root, record in self._records(versions).items():
            heads = [v for v in record if v.valid and not v.superseded]
            if len(heads) > 1:
                tables["X"][root] = b"".join(sorted(h.id for h in heads))
            winner = max(heads, key=lambda v: v.rank, default=None)
            if winner and winner.keys["k"] == "activity":
                self._count(tables, winner.keys)
            elif winner and winner.keys["k"] != "void":
                letter, key, value = _row(winner.keys, winner.point[1])
                tables[letter][key] = value
            if winner and winner.keys["k"] not in ("void", "close"):
                self._tally(tables, winner.keys)
        for v in versions.values():
            if v.reason is not None and not v.superseded and not self._is_own(v.feed):
                tables["H"][v.id] = v.reason.encode()
        return [(letter, key, _value(value)) for letter in LETTERS
                for key, value in sorted(tables[letter].items())
                if letter not in "CE" or value not in (0, (0, 0))]

    def _tally(self, tables, e):
        status = STATUSES.index(e.get("status", "done")) if e["k"] == "activity" else 0
        key = _day(first_day(e)) + _texts(e["u"]) + bytes([status])
        tables["T"][key] = tables["T"].get(key, 0) + 1

    def _count(self, tables, e):
        day = e["date"]
        unit = self._item("units", e["u"], day)
        codes = set(e.get("init", ()))
        if "ind" in e:
            codes.add(e["ind"])
            codes |= {link for link in self._item("indicators", e["ind"], day)["links"]
                      if self._item("initiatives", link, day)}
        tail = bytes([STATUSES.index(e.get("status", "done"))])
        for code in codes:
            key = _texts(code, e["u"], e.get("country", unit["country"])) + _day(day) + \
                _texts(e.get("mode", "")) + tail
            qty, records = tables["C"].get(key, (0, 0))
            tables["C"][key] = (qty + e["qty"], records + 1)
            for letter, tallies in ((b"c", e.get("count", {})), (b"g", e.get("group", {}))):
                for name, n in tallies.items():
                    extra = key + letter + name.encode()
                    tables["E"][extra] = tables["E"].get(extra, 0) + n

    def held(self):
        """Reason by (feed, seq)."""
        return {(key[:32], int.from_bytes(key[32:40], "big")): value.decode()
                for letter, key, value in self.rows() if letter == "H"}

    # 12 Digests

    def registry_hash(self):
        data = b"valija/registry/1"
        for feed, (role, units) in sorted(self.registry.items()):
            if role == "hub":
                continue
            data += feed + role[:1].encode()
            data += b"".join(u.encode() + b"\0" for u in sorted(units)) + b"\0"
        lost = b""
        for feed, rights in sorted(self.lost.items()):
            for right, points in sorted(rights.items(), key=lambda r: (r[0] == "", r[0])):
                lost += feed + (b"d" + right.encode() if right else b"o") + b"\0"
                lost += u32(len(points))
                lost += b"".join(peer.u64(s) + h for s, h in sorted(points))
        return peer.blake(data + (peer.blake(b"valija/lost/1" + lost) if lost else b""))

    def set(self, leaves):
        """leaves: (feed, point) of the last event of each lane."""
        ids = sorted(feed + peer.u64(point[0]) + point[1] for feed, point in set(leaves)
                     if not self._is_own(feed))
        return peer.blake(b"valija/set/1" + b"".join(ids))

    def state(self):
        data = b"valija/state/1" + self.plan_hash + self.registry_hash()
        blocks = {}  # in the order of the rows
        for letter, key, value in self.rows():
            rows = blocks.setdefault((letter, _block(letter, key)), [])
            rows.append(u32(len(key)) + key + u32(len(value)) + value)
        for (letter, begin), rows in blocks.items():
            data += letter.encode() + u32(len(begin)) + begin
            data += peer.blake(b"valija/rows/1" + b"".join(rows))
        return peer.blake(data)


def _block(letter, key):
    """What the keys of one block have in common."""
    if letter in "THX":
        return key[:4 if letter == "T" else 32]
    texts = key.split(b"\0")[:2 if letter in "CEL" else 1]
    return b"\0".join(texts) + b"\0"


def _value(value):
    if isinstance(value, bytes):
        return value
    return b"".join(peer.u64(n) for n in (value if isinstance(value, tuple) else (value,)))


def _texts(*texts):
    return b"".join(t.encode() + b"\0" for t in texts)


def _day(day):
    return u32(day + 2 ** 31)


def _row(e, chain_hash):
    """The one row of a record that is no activity: letter, key, value."""
    kind = e["k"]
    if kind == "thing":
        return ("I", _texts(e["ind"], e["key"]) + _day(e["date"]) +
                bytes([e["way"] == "out"]) + chain_hash, _texts(e["u"]) + e.get("name", "").encode())
    quarter = u32(e["quarter"])
    if kind == "level":
        return "L", _texts(e["ind"], e["u"]) + quarter, e["value"]
    if kind == "progress":
        letter, code = progress_of(e)
        return ("R", letter.encode() + _texts(code, e["u"]) + quarter,
                u32(e["pct"] + 1 if "pct" in e else 0) + e.get("note", "").encode())
    if kind == "budget":
        return ("R", b"b" + _texts(e["bpin"], "") + quarter,
                _value((e["appr"], e["comm"], e["obl"], e["paid"])) + e["u"].encode())
    return ("R", b"q" + _texts("", e["u"]) + quarter,
            b"".join(b"n" + _texts(c) for c in e.get("none", ())) +
            b"".join(b"z" + _texts(c) for c in e.get("zero", ())))
