"""The files of a program as a power cut may leave them.

tests/tools/cut_log.c writes down what the programs did to the files below a
folder.  Played again, a log gives at each of its records what a disk may hold
when the power goes there:

- of each sector of 512 bytes that which was synced last, or any of those that
  were written since, one independently of the other;
- of a file any size that it had since it was synced;
- of the names those that were synced with their folder, and of the later ones
  so many of the first as please: a file system keeps their order.

That the log misses nothing is checked: played to its end it must give what lies
there (Disk.differences()).
"""

import os
import shutil
import struct

SECTOR = 512
HEAD = struct.Struct("<HHHHQQQ")
(WRITE, WRITE_SYNC, SYNC, SYNC_DIR, SIZE, CREATE, MKDIR, RENAME, LINK, REMOVE,
 PRINTED) = range(1, 12)
MARK = 100  # what a test put in: all that it knows of was printed before
SYNC_RANGE = 101  # the second half of a WRITE_SYNC
NAMES = (CREATE, MKDIR, RENAME, LINK, REMOVE)

# How much of what was not synced is there: none, all, or each piece with that chance.
SHARES = (0.0, 1.0, 0.5, 0.9, 0.1)


class Record:
    def __init__(self, what, file, offset, name, other, data):
        self.what = what
        self.file = file
        self.offset = offset
        self.name = name
        self.other = other
        self.data = data


def environment(root, log, library):
    """For programs that are to be watched."""
    return dict(os.environ, VALIJA_CUT_ROOT=root, VALIJA_CUT_LOG=log, LD_PRELOAD=library,
                ASAN_OPTIONS="verify_asan_link_order=0")


def mark(log, number, printed):
    """What the test knows now came to be before here; printed: by the first flush of
    standard output since the mark before."""
    with open(log, "ab") as f:
        f.write(HEAD.pack(MARK, 0, 0, 0, int(printed), number, 0))


def read_log(path):
    with open(path, "rb") as f:
        text = f.read()
    records, at = [], 0
    while at < len(text):
        what, name, other, _, file, offset, size = HEAD.unpack_from(text, at)
        at += HEAD.size
        ends = [at + name, at + name + other]
        data = b""
        if what in (WRITE, WRITE_SYNC):
            data = text[ends[1]:ends[1] + size]
        names = text[at:ends[0]].decode(), text[ends[0]:ends[1]].decode()
        records.append(Record(WRITE if what == WRITE_SYNC else what, file, offset, *names, data))
        if what == WRITE_SYNC:
            records.append(Record(SYNC_RANGE, file, offset, *names, data))
        at = ends[1] + len(data)
    return records


class File:
    """What was written to it, sector by sector: first that which is synced."""

    def __init__(self):
        self.now = bytearray()
        self.synced_size = 0
        self.sizes = []    # since it was synced
        self.sectors = {}  # number -> [synced, later, later...]
        self.changed = set()

    def _sector(self, number):
        piece = bytes(self.now[number * SECTOR:(number + 1) * SECTOR])
        return piece + bytes(SECTOR - len(piece))

    def _touch(self, first, last, change):
        """Sectors first to last get another version by change()."""
        for n in range(first, last + 1):
            self.sectors.setdefault(n, [self._sector(n)])
        change()
        for n in range(first, last + 1):
            self.sectors[n].append(self._sector(n))
            self.changed.add(n)

    def resize(self, size):
        def change():
            if size < len(self.now):
                del self.now[size:]
            else:
                self.now.extend(bytes(size - len(self.now)))
        self._touch(size // SECTOR, max(len(self.now) - 1, size) // SECTOR, change)
        self.sizes.append(size)

    def write(self, offset, data):
        if not data:
            return
        end = offset + len(data)
        if end > len(self.now):
            self.now.extend(bytes(end - len(self.now)))

        def change():
            self.now[offset:end] = data
        self._touch(offset // SECTOR, (end - 1) // SECTOR, change)
        self.sizes.append(len(self.now))

    def _settle(self, numbers):
        for n in numbers:
            self.sectors[n] = self.sectors[n][-1:]
            self.changed.discard(n)

    def sync(self):
        self._settle(list(self.changed))
        self.synced_size, self.sizes = len(self.now), []

    def sync_range(self, offset, size):
        """That much, and with it the size of the file."""
        self._settle(range(offset // SECTOR, (offset + size - 1) // SECTOR + 1))
        self.synced_size = max(self.synced_size, offset + size)

    def found(self, chance, share):
        """Its content after the cut."""
        size = self.synced_size
        if self.sizes and chance.random() < share:
            size = chance.choice(self.sizes)
        found = bytearray(self.now[:size])
        found.extend(bytes(size - len(found)))
        for n in sorted(self.changed):
            versions = self.sectors[n]
            kept = chance.random() < share
            piece = versions[0]
            if kept:
                piece = versions[-1] if share == 1 else chance.choice(versions[1:])
            if kept and size < (n + 1) * SECTOR:
                size = max(size, min((n + 1) * SECTOR, len(self.now)))
                found.extend(bytes(size - len(found)))
            end = min((n + 1) * SECTOR, size)
            if end > n * SECTOR:
                found[n * SECTOR:end] = piece[:end - n * SECTOR]
        return bytes(found)


class Disk:
    """All below the folder root, as far as the log was played."""

    def __init__(self, root):
        self.root = root
        self.files = {}
        self.names = []  # (what, name, other, File)
        self.synced_names = 0

    def play(self, r):
        if r.what in NAMES:
            if r.what == CREATE:
                self.files[r.file] = File()
            self.names.append((r.what, r.name, r.other, self.files.get(r.file)))
        elif r.what == SYNC_DIR:
            mine = [i for i, op in enumerate(self.names, 1)
                    if r.name in (os.path.dirname(op[1]), os.path.dirname(op[2]))]
            self.synced_names = max([self.synced_names, *mine])
        elif r.what == WRITE:
            self.files[r.file].write(r.offset, r.data)
        elif r.what == SYNC_RANGE:
            self.files[r.file].sync_range(r.offset, len(r.data))
        elif r.what == SYNC:
            self.files[r.file].sync()
        elif r.what == SIZE:
            self.files[r.file].resize(r.offset)

    def _tree(self, count):
        """Name -> File, or None for a folder, after so many changes of names."""
        tree = {}
        for what, name, other, file in self.names[:count]:
            if what in (CREATE, MKDIR):
                tree[name] = file
            elif what == LINK:
                tree[other] = tree[name]
            elif what == REMOVE:
                tree.pop(name, None)
            else:
                for old in [n for n in tree if n == name or n.startswith(name + "/")]:
                    tree[other + old[len(name):]] = tree.pop(old)
        return tree

    def found(self, chance, share):
        """Name below the root -> content, or None for a folder, after the cut."""
        count = self.synced_names
        if chance.random() < share:
            count = chance.randint(count, len(self.names)) if share < 1 else len(self.names)
        return {os.path.relpath(name, self.root): file and file.found(chance, share)
                for name, file in self._tree(count).items()}

    def differences(self, home):
        """Names below a folder that are not there as the log has it.  LMDB's lock file is a map that
        is written without a call, and not what a cut is survived by."""
        expected = {name: file and bytes(file.now)
                    for name, file in self._tree(len(self.names)).items()
                    if name.startswith(home + "/")}
        real = {}
        for folder, folders, files in os.walk(home):
            real.update({os.path.join(folder, name): None for name in folders})
            for name in files:
                with open(os.path.join(folder, name), "rb") as f:
                    real[os.path.join(folder, name)] = f.read()
        return sorted(name for name in expected.keys() | real.keys()
                      if not name.endswith("/lock.mdb") and
                      (name not in real or name not in expected or
                       expected[name] != real[name]))


def put_down(found, folder):
    """What was found, as files of a fresh folder."""
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    for name in sorted(found):
        path = os.path.join(folder, name)
        if found[name] is None:
            os.mkdir(path, 0o700)
        else:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as f:
                f.write(found[name])


def cuts(records, chance, most):
    """At most so many cuts, as (number of the last record that was played, share):
    half of them at syncs.  None: all there are."""
    every = [(i, share) for i, r in enumerate(records) if r.what not in (PRINTED, MARK)
             for share in SHARES]
    if most is None or len(every) <= most:
        return every
    syncs = (SYNC, SYNC_DIR, SYNC_RANGE)
    near = [cut for cut in every if records[cut[0]].what in syncs or
            cut[0] + 1 < len(records) and records[cut[0] + 1].what in syncs]
    chosen = set(chance.sample(near, min(len(near), most // 2)))
    others = [cut for cut in every if cut not in chosen]
    return sorted(chosen.union(chance.sample(others, most - len(chosen))))


def claims(records):
    """For each record the last mark whose word was out when it was played."""
    claimed, printed = [], None
    for i, r in enumerate(records):
        if r.what == PRINTED and printed is None:
            printed = i
        elif r.what == MARK:
            claimed.append((printed if r.file and printed else i, r.offset))
            printed = None
    result, last = [], -1
    for i in range(len(records)):
        while claimed and claimed[0][0] <= i:
            last = claimed.pop(0)[1]
        result.append(last)
    return result


def images(records, root, chance, most):
    """(last mark, what is found) of each cut, and at the end the disk as it then is."""
    disk, known, wanted = Disk(root), claims(records), {}
    for at, share in cuts(records, chance, most):
        wanted.setdefault(at, []).append(share)
    for i, r in enumerate(records):
        disk.play(r)
        for share in wanted.get(i, ()):
            yield known[i], disk.found(chance, share)
