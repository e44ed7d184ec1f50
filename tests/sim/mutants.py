#!/usr/bin/python3
"""Bugs that are planted on purpose, to see that the simulator finds each of them.

    mutants.py list                what there is, one name a line
    mutants.py plant NAME OUT      write NAME's file with its bug to OUT
    mutants.py hunt DIR [SECONDS]  run DIR/sim_NAME of each until it fails, and tell

A bug is a text that stands once in its file, and what stands there instead.  Where the
text is no longer there the build fails: then the row is to be written anew.  Built
by -DVALIJA_MUTANTS=ON (./dev sim --mutants).
"""

import concurrent.futures
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HUNT_S = 60  # for one that nobody catches
SEED = "1"

# name, file, and pairs of what stands there and what stands there instead
MUTANTS = [
    # a device and its store
    ("confirm-before-commit", "agent/outbox_append.c",
     "	st = kv_commit(&a.txn);\n	if (st < 0)\n		return st;\n", "	kv_abort(&a.txn);\n"),
    ("confirm-without-sync", "common/kv.c",
     "config->scratch ? MDB_NOSYNC : 0", "MDB_NOSYNC"),
    ("reuse-a-number", "agent/outbox_append.c",
     "a->stored ? outbox_put_tip(a->txn, &a->tip) : st", "a->stored ? ST_OK : st",
     "return kv_walk_append(events,", "return kv_put(events->txn, OUTBOX_EVENTS,"),
    ("forget-the-key", "agent/outbox_append.c", "		st = store_keys(a);", "		st = ST_OK;"),
    ("twins-are-one", "agent/outbox_append.c",
     "!a->stored && e.at_ms <= a->tip.at_ms", "!a->stored && 0"),
    ("correct-twice", "agent/outbox_append.c",
     "return st == ST_OK ? ST_EXISTS : st;\n	return kv_put(txn, OUTBOX_FIXED",
     "return st;\n	return kv_put(txn, OUTBOX_FIXED"),
    ("record-on-a-full-disk", "agent/outbox_append.c",
     "st = outbox_room_check(a->box, a->room_bytes);", "st = ST_OK;"),

    ("adopt-what-parted", "agent/outbox_adopt.c",
     "return memcmp(hash, at->hash, HASH_BYTES) == 0 ? ST_OK : ST_EXISTS;", "return ST_OK;",
     "if (st == ST_OK && !point_equal(&a->tip.at, at))", "if (0)"),
    ("adopt-and-forget-the-end", "agent/outbox_adopt.c",
     "st = outbox_put_tip(a->txn, &a->tip);", "st = ST_OK;"),

    # the device's side of a link
    ("skip-an-event", "protocol/device_owed.c", "s->next = end->seq + 1;", "s->next = end->seq + 2;"),
    ("never-go-back", "protocol/device_sync.c", 
     "	s->next = (m->known.seq > s->floor.seq ? m->known.seq : s->floor.seq) + 1;\n", ""),
    ("mark-only-rises", "protocol/device_sync.c",
     "	s->acked = m->known;\n",
     "	if (m->known.seq > s->acked.seq)\n		s->acked = m->known;\n"),
    ("wait-for-ever", "protocol/device_sync.c",
     "if (now_ms < device_sync_deadline(s))", "if (now_ms < INT64_MAX)"),
    ("overdraw-the-credit", "protocol/device_owed.c",
     "writer_bytes(&s->batch).len + s->flight.bytes > s->credit ||", "",
     "!flight_room(&s->flight, s->credit)", "!flight_room(&s->flight, UINT64_MAX / 2)"),

    # a device gives up what is safe
    ("give-up-what-is-acknowledged", "protocol/device_sync.c",
     "m->safe.seq > s->safe.seq && m->safe.seq <= s->acked.seq &&", "1 ||",
     "s->safe = m->safe;", "s->safe = s->acked;"),
    ("give-up-a-correction", "agent/outbox_prune.c", "keep = e.fixes.count > 0 || ", "keep = "),
    ("forget-the-floor", "agent/outbox_prune.c",
     "st == ST_OK && p->passed > 0 ? put_floor(p->txn, &p->floor) : st", "st"),

    # what a batch is
    ("chain-without-past", "protocol/chain.c",
     "memcpy(at, p->hash, HASH_BYTES);", "memset(at, 0, HASH_BYTES);"),
    ("no-signature", "protocol/batch.c",
     "if (!signature_valid(covered, sizeof(covered), b->feed, b->signature))", "if (0)"),
    ("no-chain", "protocol/batch.c",
     "return point_equal(&walk.at, &end) ? ST_OK : ST_CHAIN;", "return ST_OK;"),
    ("fold-before-verify", "hub/hub.c", "st = ahead_take(h->ahead, &entry, true, &block);",
     "st = ahead_take(h->ahead, &entry, false, &block);"),

    # the hub takes
    ("acknowledge-before-commit", "hub/link/depot.c",
     "		fail_all(d, st);\n", "", "		d->queue[0]->settled.outcome = st;\n", "",
     "			d->queue[i]->settled.outcome = st;\n			d->expected", "			d->expected"),
    ("let-a-stranger-in", "hub/hub.c",
     "return st == ST_NOT_FOUND ? ST_DENIED : fault_of_store(st);",
     "return st == ST_NOT_FOUND ? ST_OK : fault_of_store(st);"),
    ("store-twice", "hub/journal.c",
     "	st = journal_known(txn, b->feed, &end);\n	return st == ST_OK ? ST_EXISTS : st;",
     "	return ST_OK;"),
    ("count-a-repeat", "hub/hub.c", "uint64_t i = t->skipped;", "uint64_t i = 0;"),
    ("drop-the-last", "hub/hub.c",
     "i < t->skipped + t->count; i++", "i + 1 < t->skipped + t->count; i++"),
    ("forget-the-fork", "hub/journal_index.c",
     "	if (is_excluded(txn, row, s))\n		return ST_OK;",
     "	if (!s->event) {\n		s->found = true;\n		return ST_OK;\n	}"),
    ("take-behind-a-hole", "hub/journal.c",
     "if (!known && !gap && p->how != TAKE_LOOSE)", "if (0)"),

    # the hub judges and folds
    ("accept-another-unit", "hub/judge.c",
     "return !event_is_office(e->kind) && device_has_unit(device, e->unit);",
     "return !event_is_office(e->kind);"),
    ("keep-no-lost-right", "hub/rights.c",
     "if (st == ST_OK && ret_device->losses > 0)", "if (0)"),
    ("forget-the-late-leaf", "hub/hub.c",
     "st == ST_OK && device->losses > 0 && !*turn", "0"),
    ("forget-to-settle", "hub/link/depot.c", "st = hub_settle(h, txn);", "st = ST_OK;"),
    ("judge-by-the-old-plan", "hub/hub.c", "(turn || by_plan || by_locks)", "(turn || by_locks)"),
    ("fold-on-top", "hub/refold.c", "	st = ledger_clear(txn);", "	st = ST_OK;"),
    ("void-takes-nothing-out", "hub/versions.c", "if (!v->sound ||", "if (!v->sound || v->is_void ||"),
    ("both-of-a-conflict", "hub/versions.c", "best->wins = false;", "best->wins = true;"),
    ("office-gives-way", "hub/versions.c",
     "return a->offices > b->offices;", "return a->offices < b->offices;"),
    ("past-of-another-moment", "hub/past.c",
     "st = fault_of_copy(fill_up_to(&f, entries));",
     "st = fault_of_copy(fill_up_to(&f, entries > 6 ? entries - 1 : entries));"),
    ("cut-of-whole-lanes", "hub/past.c",
     "st = is_covered(f, &reach, &r->end, &covered);", "covered = true;"),
    ("cut-by-the-plan-of-today", "hub/past.c",
     "st = documents_put_only(f->to, KIND_PLAN, search->found ? &search->plan : NULL);",
     "st = ST_OK;"),
]


def planted(name):
    for mutant in MUTANTS:
        if mutant[0] == name:
            break
    else:
        sys.exit("mutants: there is no '%s'" % name)
    with open(os.path.join(ROOT, mutant[1])) as f:
        text = f.read()
    for old, new in zip(mutant[2::2], mutant[3::2]):
        if text.count(old) != 1:
            sys.exit("mutants: %s: in %s this stands %d times, not once:\n%s"
                     % (name, mutant[1], text.count(old), old))
        text = text.replace(old, new)
    return text


def hunt(place, name, seconds):
    """How many steps it took until it failed, or None, and why."""
    done = subprocess.run(
        [os.path.join(place, "sim_" + name), "--mutant", "--seed", SEED, "--for", str(seconds)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        timeout=seconds + 120)
    if done.returncode == 0:
        return None, "nothing was found in %d s" % seconds
    words = done.stdout.strip().split(" ", 2)
    if done.returncode != 1 or len(words) != 3:
        return None, "it did not run: %s" % done.stdout.strip()
    return int(words[0]), words[2]


def hunt_all(place, seconds):
    names = [mutant[0] for mutant in MUTANTS]
    width = max(map(len, names))
    missed = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, (steps, why) in zip(
                names, pool.map(lambda name: hunt(place, name, seconds), names)):
            if steps is None:
                missed.append(name)
                print("%-*s  NOT caught: %s" % (width, name, why), flush=True)
            else:
                print("%-*s  caught after %7d steps: %s" % (width, name, steps, why[:100]),
                      flush=True)
    print("%d of %d caught" % (len(names) - len(missed), len(names)))
    return 1 if missed else 0


def main(args):
    if args == ["list"]:
        print("\n".join(mutant[0] for mutant in MUTANTS))
        return 0
    if len(args) == 3 and args[0] == "plant":
        text = planted(args[1])
        with open(args[2], "w") as f:
            f.write(text)
        return 0
    if len(args) in (2, 3) and args[0] == "hunt":
        return hunt_all(args[1], int(args[2]) if len(args) == 3 else HUNT_S)
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
