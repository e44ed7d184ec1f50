#!/usr/bin/python3
"""A disk that changes what is stored: found, named, and never a wrong number."""

import json
import os
import shutil
import signal
import subprocess
import time
import unittest

import peer
from programs import BIN, Case, run

DATE = 20406  # 2025-11-14
ENROLL = b"\xa3act\xa6enroll"
JOURNAL_REGISTRY, ENTRY_HEAD_BYTES = 2, 1 + 8 + 32  # hub/journal.h


class Damage(Case):
    """A hub that two devices have synced with, and ways to break its store."""

    def setUp(self):
        super().setUp()
        self.office = self.hub()
        self.devices = [self.device(self.office, "con-houston"),
                        self.device(self.office, "con-madrid")]
        for device in self.devices:
            for n in range(30):
                device.activity(DATE + n, ind="IND-1", note="day %d" % n)
            self.office.sync(device, events=10)

    def verify(self, home=None, *args, status=0):
        return run("valija-hub", "verify", *args, "--home", home or self.office.home,
                   status=status)

    def verify_json(self, home, status):
        return json.loads(self.verify(home, "--json", status=status).stdout)

    def copy(self):
        """The home as it is, the hub being stopped."""
        self.office.stop()
        shutil.copytree(self.office.home, self.path("copy"))
        return self.path("copy")

    def change(self, home, old, new):
        """Bytes of its store, wherever they stand."""
        path = os.path.join(home, "store/data.mdb")
        with open(path, "rb") as f:
            data = f.read()
        self.assertIn(old, data)
        with open(path, "wb") as f:
            f.write(data.replace(old, new))

    def break_batch(self, home, device, first, last):
        batch = device.batch(first, last)
        self.change(home, batch, batch[:-20] + bytes([batch[-20] ^ 1]) + batch[-19:])


class Verify(Damage):
    def test_a_store_that_is_whole_is_well_also_while_the_hub_runs(self):
        said = self.verify().stdout
        self.assertIn("all is well", said)
        self.assertIn("counted again: same digest", said)
        found = self.verify_json(None, 0)
        self.assertTrue(found["ok"] and found["compared"])
        self.assertEqual(found["damages"], [])
        self.assertEqual((found["set"], found["state"]),
                         (found["counted_set"], found["counted_state"]))
        self.assertGreater(found["events"], 60)  # and those of the hub itself

    def test_each_batch_that_was_changed_is_named_with_who_has_it(self):
        copy = self.copy()
        device = self.devices[1]
        batch = device.batch(11, 20)
        self.change(copy, batch, batch[:200] + b"xx" + batch[202:])
        found = self.verify_json(copy, 1)
        self.assertFalse(found["ok"])
        self.assertEqual(len(found["damages"]), 1)
        damage = found["damages"][0]
        self.assertEqual((damage["kind"], damage["device"], damage["first"], damage["last"],
                          damage["units"], damage["refilled_by"]),
                         ("running", peer.device_name(device.feed), 11, 20, "con-madrid",
                          "device"))
        said = self.verify(copy, status=1).stdout
        name = peer.device_name(device.feed)
        self.assertIn("events %s-11 to %s-20, con-madrid" % (name, name), said)
        self.assertIn("device %s brings them again" % name, said)
        self.assertIn("'valija-hub verify --repair' mends", said)

    def test_a_number_of_the_ledger_that_was_changed_is_found(self):
        copy = self.copy()
        before = self.office.digest()
        key = b"IND-1\0con-madrid\0ES\0" + (0x80000000 + DATE).to_bytes(4, "big")
        path = os.path.join(copy, "store/data.mdb")
        with open(path, "rb") as f:
            data = bytearray(f.read())
        at = data.find(key)
        changed = 0
        while at >= 0:
            end = at + len(key) + 2  # no mode, its NUL, the status; then the sum
            if data[end] == 1:
                data[end] = 3
                changed += 1
            at = data.find(key, at + 1)
        self.assertGreater(changed, 0)
        with open(path, "wb") as f:
            f.write(data)
        found = self.verify_json(copy, 1)
        self.assertEqual([d["kind"] for d in found["damages"]], ["ledger"])
        self.assertEqual(found["damages"][0]["refilled_by"], "journal")
        self.assertNotEqual(found["state"], found["counted_state"])
        said = run("valija-hub", "rebuild", "--home", copy).stdout
        self.assertIn("before: state " + found["state"], said)
        self.assertIn("after: state " + before["state"], said)
        self.assertIn("another than before", said)
        self.verify(copy)

    def test_rebuild_makes_what_is_derived_anew(self):
        self.office.command("rebuild")
        digest = self.office.digest()
        said = self.office.command("rebuild")
        self.assertIn("before: set " + digest["set"], said)
        self.assertIn("after: state " + digest["state"], said)
        self.assertIn("the same as before", said)
        self.assertEqual(self.office.digest(), digest)
        device = self.devices[0]
        device.activity(DATE, ind="IND-1")
        self.office.sync(device)  # the running hub goes on with what was made anew
        self.assertEqual(self.office.total("IND-1"), 61)
        self.verify()

    def test_rebuild_that_is_killed_leaves_what_was(self):
        copy = self.copy()
        whole = self.office.digest()
        for n in range(12):
            process = subprocess.Popen([os.path.join(BIN, "valija-hub"), "rebuild", "--home",
                                        copy], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, start_new_session=True)
            time.sleep(n * 0.003)  # wherever it has come to
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            self.verify(copy)
        run("valija-hub", "rebuild", "--home", copy)
        state = json.loads(run("valija-hub", "state", "--json", "--home", copy).stdout)
        self.assertEqual(state["digest"], whole)

    def test_a_row_of_the_index_that_was_changed_is_found(self):
        copy = self.copy()
        device = self.devices[0]
        row = device.point(10)[1] + device.point(20)[1]  # then the tags of the ten events
        with open(os.path.join(copy, "store/data.mdb"), "rb") as f:
            tags = f.read().split(row)[1][:5]
        self.change(copy, row + tags, row + tags[:2] + bytes([tags[2] ^ 1]) + tags[3:])
        found = self.verify_json(copy, 1)
        self.assertIn("index", [d["kind"] for d in found["damages"]])
        self.assertTrue(all(d["refilled_by"] == "journal" for d in found["damages"]))
        run("valija-hub", "rebuild", "--home", copy)
        self.verify(copy)

    def test_a_file_that_was_cut_short_is_named_by_each_command(self):
        copy = self.copy()
        path = os.path.join(copy, "store/data.mdb")
        os.truncate(path, os.path.getsize(path) // 2 // 4096 * 4096)
        done = self.verify(copy, status=74)
        self.assertIn("copy/store/data.mdb", done.stderr)
        self.assertIn("put a backup in the place of the home", done.stderr)
        for words in (("state",), ("events",), ("backup", self.path("other"))):
            done = run("valija-hub", *words, "--home", copy, status=74)
            self.assertIn("copy/store/data.mdb is damaged", done.stderr)
            self.assertIn("valija-hub verify", done.stderr)
        self.assertFalse(os.path.exists(self.path("other")))

    def test_a_page_that_was_overwritten_is_found_or_of_no_moment(self):
        copy = self.copy()
        path = os.path.join(copy, "store/data.mdb")
        with open(path, "rb") as f:
            whole = f.read()
        digest, found = self.office.digest(), 0
        for page in range(2, len(whole) // 4096, 3):
            with open(path, "wb") as f:
                f.write(whole[:page * 4096] + b"\xa5" * 4096 + whole[(page + 1) * 4096:])
            done = self.verify(copy, status=None)
            self.assertIn(done.returncode, (0, 1, 65, 74), done.stderr)
            found += done.returncode != 0
            if done.returncode == 0:
                self.assertIn(digest["state"][:16], done.stdout)
        self.assertGreater(found, 5)

class Repair(Damage):
    def start_broken(self, *ranges):
        """The hub, stopped, with these batches broken, and its digest before."""
        digest = self.office.digest()
        self.office.stop()
        for device, first, last in ranges:
            self.break_batch(self.office.home, device, first, last)
        return digest

    def test_the_very_bytes_come_back_from_a_backup(self):
        self.office.command("backup", self.path("monday"))
        device = self.devices[0]
        digest = self.start_broken((device, 11, 20), (self.devices[1], 1, 10))
        done = self.verify(None, "--repair")
        self.assertIn("put back from backups: 2", done.stderr)
        self.assertIn("all is well", done.stdout)
        self.assertEqual(self.office.digest(), digest)

    def test_a_backup_elsewhere_is_named(self):
        self.office.command("backup", self.path("monday"))
        os.rename(self.path("monday"), self.path("stick"))
        digest = self.start_broken((self.devices[0], 21, 30))
        run("valija-hub", "verify", "--from", self.path("stick"), "--home", self.office.home,
            status=64)
        done = self.verify(None, "--repair", "--from", self.path("stick"))
        self.assertIn("all is well", done.stdout)
        self.assertEqual(self.office.digest(), digest)

    def test_a_device_refills_what_no_backup_has(self):
        device, other = self.devices
        digest = self.start_broken((device, 11, 20), (other, 21, 30))
        done = self.verify(None, "--repair", status=1)
        self.assertIn("given up and sought again: 2", done.stderr)
        self.assertIn("it was damaged, and its events have not come again", done.stdout)
        self.assertEqual(self.office.total("IND-1"), 60)  # they count all the while
        self.assertEqual(self.office.digest()["state"], digest["state"])
        self.assertNotEqual(self.office.digest()["set"], digest["set"])
        self.office.start()
        with self.office.link(device) as link:
            welcome = link.hello()
            self.assertEqual(welcome["known"], device.tip)
            self.assertEqual(welcome["gaps"], [device.point(20)])
            told = [(u["gaps"], u["note"]) for u in self.office.ask("units")["units"] if u["gaps"]]
            self.assertEqual([gaps for gaps, note in told], [[20]])
            self.assertIn("entries are missing here, up to number 20:", told[0][1])
            link.push(device.batch(16, 20))  # backwards, as large as the link allows
            self.assertEqual(link.hello()["gaps"], [device.point(15)])
            link.push(device.batch(8, 15))
            self.assertEqual(link.hello()["gaps"], [])
        with self.office.link(other) as link:  # its end was damaged: it simply goes on
            welcome = link.hello()
            self.assertEqual(welcome["gaps"], [])
            self.assertLessEqual(welcome["known"][0], 20)
            link.push(other.batch(welcome["known"][0] + 1, 30))
        self.assertEqual(self.office.digest(), digest)
        self.assertEqual(self.office.total("IND-1"), 60)
        self.verify()
        self.office.command("rebuild")
        self.assertEqual(self.office.digest(), digest)

    def test_what_is_counted_again_meanwhile_counts_once_when_it_comes(self):
        device = self.devices[0]
        digest = self.start_broken((device, 1, 10))
        self.verify(None, "--repair", status=1)
        self.office.command("rebuild")
        self.assertEqual(self.office.total("IND-1"), 50)
        self.office.start()
        with self.office.link(device) as link:
            self.assertEqual(link.hello()["gaps"], [device.point(10)])
            link.push(device.batch(1, 10))
        self.assertEqual(self.office.total("IND-1"), 60)
        self.assertEqual(self.office.digest(), digest)

    def test_a_running_hub_tells_its_devices_at_once(self):
        device = self.devices[0]
        digest = self.start_broken((device, 11, 20))
        self.office.start()
        with self.office.link(device) as link:
            boot = link.hello()["boot"]
            self.verify(None, "--repair", status=1)
            self.assertNotEqual(link.expect("PONG")["boot"], boot)  # unasked
            welcome = link.hello()
            self.assertNotEqual(welcome["boot"], boot)
            self.assertEqual(welcome["gaps"], [device.point(20)])
            link.push(device.batch(11, 20))
        self.assertEqual(self.office.digest(), digest)

    def test_only_a_backup_has_what_the_hub_itself_said(self):
        self.office.command("backup", self.path("monday"))
        self.office.stop()
        path = os.path.join(self.office.home, "store/data.mdb")
        with open(path, "rb") as f:
            data = bytearray(f.read())
        act, changed = data.find(ENROLL), 0
        while act >= 0:  # on pages that are in use, and on those that were
            if data[act - 1 - ENTRY_HEAD_BYTES] == JOURNAL_REGISTRY:
                data[act + 39] ^= 1
                changed += 1
            act = data.find(ENROLL, act + 1)
        self.assertGreater(changed, 0)
        with open(path, "wb") as f:
            f.write(data)
        shutil.move(self.path("monday"), self.path("stick"))
        found = self.verify_json(None, 1)
        self.assertEqual({d["refilled_by"] for d in found["damages"]}, {"backup"})
        self.verify(None, "--repair", status=1)
        self.verify(None, "--repair", "--from", self.path("stick"))


class Safe(Damage):
    def setUp(self):
        super().setUp()
        self.houston = self.devices[0]

    def safe(self, device):
        """What the next ACK says."""
        device.activity(DATE, ind="IND-1")
        with self.office.link(device) as link:
            known = link.hello()["known"][0]
            return link.push(device.batch(known + 1, device.tip[0]))["safe"]

    def test_what_is_in_a_verified_backup_is_told_as_safe(self):
        device = self.houston
        self.assertEqual(self.safe(device), device.point(0))
        self.office.command("backup", self.path("monday"))
        self.assertEqual(self.safe(device), device.point(31))
        self.assertEqual(self.safe(device), device.point(31))
        self.office.command("backup", self.path("tuesday"))
        self.assertEqual(self.safe(device), device.point(33))

    def test_a_hub_that_was_put_back_claims_no_more_than_the_copy_before(self):
        device = self.houston
        self.office.command("backup", self.path("monday"))
        self.safe(device)
        self.office.command("backup", self.path("tuesday"))
        self.office.stop()
        shutil.rmtree(self.office.home)
        shutil.copytree(self.path("tuesday"), self.office.home)
        self.office.start()
        self.assertEqual(self.safe(device), device.point(30))  # monday's
        self.office.stop()
        shutil.rmtree(self.office.home)
        shutil.copytree(self.path("monday"), self.office.home)
        self.office.start()
        self.assertEqual(self.safe(device), device.point(0))

    def test_only_points_of_the_own_chain_are_told(self):
        device = self.houston
        clone = device.clone(20)
        self.office.command("backup", self.path("monday"))
        clone.activity(DATE, ind="IND-1")
        self.office.sync(clone)
        safe = self.safe(clone)
        self.assertTrue(clone.has(safe))
        self.assertLessEqual(safe[0], 20)
        self.assertEqual(self.safe(device), device.point(30))

    def test_nothing_is_safe_that_is_not_here_now(self):
        device = self.houston
        self.office.command("backup", self.path("monday"))
        os.rename(self.path("monday"), self.path("stick"))
        self.office.stop()
        self.break_batch(self.office.home, device, 11, 20)
        self.verify(None, "--repair", status=1)
        self.office.start()
        self.assertEqual(self.safe(device), device.point(0))

    def test_a_backup_of_what_is_damaged_makes_nothing_safe(self):
        device = self.houston
        self.office.stop()
        self.break_batch(self.office.home, device, 11, 20)
        done = run("valija-hub", "backup", self.path("monday"), "--home", self.office.home,
                   status=1)
        self.assertIn("what it holds is damaged", done.stderr)


if __name__ == "__main__":
    unittest.main()
