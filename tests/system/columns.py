"""The columns of a batch (SPEC.md, section 7), written from there a second time."""

import msgpack

COLUMNS_MAX, HOLES_MAX = 64, 8192
VALUES, INTEGERS = 0, 1


class Wrong(Exception):
    """Columns that are none."""


# Out of columns -------------------------------------------------------------------

class _Bytes:
    """Bytes to be taken off the beginning."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        if count > self.left():
            raise Wrong("it ends early")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self):
        n = shift = 0
        while True:
            byte = self.take(1)[0]
            n |= (byte & 0x7f) << shift
            shift += 7
            if n >= 1 << 64 or shift > 70:
                raise Wrong("a number of more than 64 bits, or 10 bytes")
            if byte < 0x80:
                return n

    def value(self):
        return self.take(self.number())


class _Column:
    def __init__(self, kind, numbers, data):
        self.kind, self.numbers = kind, _Bytes(numbers)
        self.values, self.told, self.last = [], 0, 0
        rest = _Bytes(data)
        while rest.left():
            self.values.append(rest.value())

    def next(self):
        n = self.numbers.number()
        if self.kind == INTEGERS:
            self.last += -(n >> 1) - 1 if n & 1 else n >> 1
            self.last = (self.last + (1 << 63)) % (1 << 64) - (1 << 63)
            return msgpack.packb(self.last)
        if n > self.told or (n == 0 and self.told == len(self.values)):
            raise Wrong("a value that was not told")
        if n:
            return self.values[n - 1]
        self.told += 1
        return self.values[self.told - 1]

    def used_up(self):
        return not self.numbers.left() and self.told == len(self.values)


def unpack(data, count):
    """The bodies, framed one after the other."""
    rest = _Bytes(data)
    heads = [(rest.number(), rest.number(), rest.number()) for _ in range(rest.number())]
    if not 1 <= len(heads) <= COLUMNS_MAX or any(
            kind not in (VALUES, INTEGERS) or (kind == INTEGERS and size)
            for kind, _, size in heads) or heads[0][0] != VALUES:
        raise Wrong("the head of the columns")
    columns = [_Column(kind, rest.take(numbers), rest.take(size))
               for kind, numbers, size in heads]
    if sum(_Bytes(shape).number() for shape in columns[0].values) > HOLES_MAX:
        raise Wrong("too many holes")
    out = bytearray()
    for _ in range(count):
        shape = _Bytes(columns[0].next())
        holes = shape.number()
        if holes == 0:
            out += shape.take(shape.left())
            continue
        body = bytearray()
        for _ in range(holes):
            body += shape.value()
            which = shape.number()
            if not 1 <= which < len(columns):
                raise Wrong("a column that is not there")
            body += columns[which].next()
        if shape.left():
            raise Wrong("a shape with more than its holes")
        out += msgpack.packb(bytes(body))
    if rest.left() or not all(c.used_up() for c in columns):
        raise Wrong("more than the bodies take")
    return bytes(out)


# Into columns ---------------------------------------------------------------------

def _number(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7f | 0x80)
        n >>= 7
    return bytes(out) + bytes([n])


def _map_head(count):
    return msgpack.Packer().pack_map_header(count)


def _holes(value, path=(), before=b""):
    """(bytes before it, path, value) of each hole of a map."""
    before += _map_head(len(value))
    for key, inner in value.items():
        before += msgpack.packb(key)
        if isinstance(inner, dict) and inner:
            yield from _holes(inner, path + (key,), before)
        else:
            yield before, path + (key,), inner
        before = b""


class _Filling:
    def __init__(self, kind):
        self.kind, self.numbers, self.list = kind, b"", b""
        self.seen, self.last = {}, 0

    def put(self, value):
        if self.kind == INTEGERS:
            by = (value - self.last + (1 << 63)) % (1 << 64) - (1 << 63)
            self.last = value
            self.numbers += _number(by << 1 if by >= 0 else ~(by << 1))
        elif value in self.seen:
            self.numbers += _number(self.seen[value])
        else:
            self.seen[value] = 1 + len(self.seen)
            self.numbers += _number(0)
            self.list += _number(len(value)) + value


def _taken_apart(body):
    """Its holes; none when it is no map, or one that msgpack would write in another way."""
    try:
        value = msgpack.unpackb(body)
        holes = list(_holes(value)) if isinstance(value, dict) else []
    except (ValueError, TypeError, msgpack.UnpackException):
        return []
    again = b"".join(before + msgpack.packb(value) for before, _, value in holes)
    return holes if again == body else []


def pack(bodies):
    """Of bodies, each as bytes, or what stands for an erased one, as msgpack packs it."""
    columns, places = [_Filling(VALUES)], {}
    for body in bodies:
        holes = _taken_apart(body) if isinstance(body, bytes) else []
        if not holes:
            columns[0].put(_number(0) + msgpack.packb(body))
            continue
        shape = _number(len(holes))
        for before, path, value in holes:
            kind = INTEGERS if type(value) is int and value < 1 << 63 else VALUES
            which = places.setdefault((path, kind), len(columns))
            if which == len(columns):
                columns.append(_Filling(kind))
            columns[which].put(value if kind == INTEGERS else msgpack.packb(value))
            shape += _number(len(before)) + before + _number(which)
        columns[0].put(shape)
    heads = b"".join(_number(c.kind) + _number(len(c.numbers)) + _number(len(c.list))
                     for c in columns)
    return _number(len(columns)) + heads + b"".join(c.numbers + c.list for c in columns)
