#!/usr/bin/python3
"""valija-hub tree, groups, pace: what the plan reached, from its objectives down."""

import json
import unittest

from programs import PLAN, run
from query import HOUSTON, MADRID, QueryCase, day, only, peer

Q3, Q4 = 2025 * 4 + 2, 2025 * 4 + 3
BPIN = "2018011000755"


def found(tree, kind, code):
    """The node of that kind and code."""
    if isinstance(tree, dict):
        if tree.get("kind") == kind and tree.get("code") == code:
            return tree
        tree = list(tree.values())
    for child in tree if isinstance(tree, list) else ():
        node = found(child, kind, code)
        if node:
            return node
    return None


class Tree(QueryCase):
    """Strategy 1.2 has four initiatives, with weights 40, 30, 20 and 10 %."""

    def setUp(self):
        super().setUp()
        with open(PLAN, encoding="utf-8") as f:
            self.plan = json.load(f)
        initiatives = [i for i in self.plan["initiatives"] if i["strategy"] == "1.2"]
        for initiative, weight in zip(initiatives, (4000, 3000, 2000, 1000)):
            initiative["weight"] = weight
        self.codes = [i["code"] for i in initiatives]
        self.areas = [i["area"] for i in initiatives]
        path = self.path("plan.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(self.plan, f)
        self.hub = self.hub(plan=path)
        self.area = self.device(self.hub, *sorted(set(self.areas)))
        self.houston = self.device(self.hub, HOUSTON)

    def tell(self, device, unit, quarter, **keys):
        return device.add(peer.event("progress", u=unit, quarter=quarter, **keys))

    def strategy(self):
        self.hub.sync(self.area)
        self.hub.sync(self.houston)
        return found(self.hub.ask("tree"), "strategy", "1.2")

    def test_a_strategy_adds_up_by_weights_when_all_have_told(self):
        for i, percent in enumerate((10000, 5000, 2500)):
            self.tell(self.area, self.areas[i], Q4, init=[self.codes[i]], pct=percent)
        self.assertEqual(only([self.strategy()], "percent", "why"),
                         [(None, {"percent": "no_data"})])
        self.tell(self.area, self.areas[3], Q4, init=[self.codes[3]], pct=0)
        self.assertEqual(self.strategy()["percent"], 60.0)  # 40 + 15 + 5 + 0
        self.assertIn("by the weights of the plan: 60.0 %", self.hub.command("tree", "1.2"))
        # no weight is stated elsewhere, so nothing is averaged
        self.assertEqual(found(self.hub.ask("tree"), "strategy", "1.1")["why"],
                         {"percent": "no_weights"})

    def test_the_area_that_leads_speaks_for_the_initiative(self):
        code, area = self.codes[0], self.areas[0]
        self.tell(self.houston, HOUSTON, Q3, init=[code], pct=9000, note="en Houston")
        tree = self.strategy()
        self.assertEqual(found(tree, "initiative", code)["percent"], 90.0)  # the only one
        self.tell(self.area, area, Q3, init=[code], pct=2000)
        self.tell(self.area, area, Q4, init=[code], pct=2505, note="segunda fase")
        node = found(self.strategy(), "initiative", code)
        self.assertEqual(node["percent"], 25.1)
        self.assertEqual(only(node["progress"], "unit", "quarter", "percent", "text"), [
            (area, "2025-Q4", 25.1, "segunda fase"), (HOUSTON, "2025-Q3", 90.0, "en Houston")])
        self.assertEqual(self.hub.ask("tree", code, "--cutoff", "2025-09-30")["percent"], 20.0)
        self.assertIn("2025-Q4, %s: 25.1 %%; segunda fase" % area, self.hub.command("tree", code))

    def test_a_text_takes_no_percent_away(self):
        code = self.codes[0]
        self.tell(self.houston, HOUSTON, Q3 - 2, init=[code], pct=8000)
        self.tell(self.houston, HOUSTON, Q3 - 1, init=[code], note="sigue")
        self.assertEqual(found(self.strategy(), "initiative", code)["percent"], 80.0)
        self.tell(self.houston, HOUSTON, Q4, init=[code], pct=9000)
        self.assertEqual(found(self.strategy(), "initiative", code)["percent"], 90.0)

    def test_what_two_told_apart_is_marked(self):
        madrid = self.device(self.hub, MADRID)
        for device, unit, paid in ((self.houston, HOUSTON, 1), (madrid, MADRID, 2)):
            device.add(peer.event("budget", u=unit, bpin=BPIN, quarter=Q4, appr=10, comm=5, obl=3,
                                  paid=paid))
            self.hub.sync(device)
        node = self.hub.ask("tree", BPIN)
        self.assertTrue(node["conflict"])
        self.assertIn(node["unit"], (HOUSTON, MADRID))
        self.assertIn("in conflict with what another device told", self.hub.command("tree", BPIN))

    def test_two_that_do_not_lead_speak_for_nobody(self):
        code = self.codes[0]
        madrid = self.device(self.hub, MADRID)
        self.tell(self.houston, HOUSTON, Q4, init=[code], pct=9000)
        self.tell(madrid, MADRID, Q4, init=[code], pct=1000)
        self.hub.sync(madrid)
        node = found(self.strategy(), "initiative", code)
        self.assertEqual(only([node], "percent", "why"), [(None, {"percent": "several"})])

    def test_a_project_shows_how_much_of_it_was_spent(self):
        def budget(quarter, *amounts):
            self.houston.add(peer.event("budget", u=HOUSTON, bpin=BPIN, quarter=quarter, **dict(
                zip(("appr", "comm", "obl", "paid"), amounts))))

        budget(Q3, 1000000000, 500000000, 250000000, 100000000)
        budget(Q4, 1200000000, 900000000, 300000000, 300000001)
        self.hub.sync(self.houston)
        node = self.hub.ask("tree", BPIN)
        self.assertEqual(only([node], "kind", "quarter", "appropriated", "committed_percent",
                              "obligated_percent", "paid_percent", "in_order"),
                         [("project", "2025-Q4", 1200000000, 75.0, 25.0, 25.0, False)])
        text = self.hub.command("tree", BPIN, "--cutoff", "2025-Q3")
        self.assertIn("2025-Q3, con-houston: appropriated 1.000.000.000", text)
        self.assertIn("committed 500.000.000 (50.0 %)", text)
        self.assertNotIn("more was paid", text)
        self.assertIn("more was paid", self.hub.command("tree", BPIN))

    def test_each_kind_of_code_is_found(self):
        self.tell(self.houston, HOUSTON, Q4, commit="COM-1", note="protocolo acordado")
        self.hub.sync(self.houston)
        for code, kind in (("1", "objective"), ("1.2", "strategy"), ("2.1.05", "initiative"),
                           ("IND-1", "indicator"), (BPIN, "project"), ("COM-1", "commitment")):
            self.assertEqual(only([self.hub.ask("tree", code)], "kind", "code"), [(kind, code)])
        self.assertIn("protocolo acordado", self.hub.command("tree", "COM-1"))
        self.assertRegex(self.hub.command("tree", "IND-5"), r"\bIND-5: goal 8; no data  \S")
        self.assertRegex(self.hub.command("tree", "IND-3"), r"\bIND-3: 8 of 16; no data  \S")
        self.assertIn("project, commitment or risk '9.9'",
                      run("valija-hub", "tree", "9.9", "--home", self.hub.home, status=65).stderr)

    def test_the_whole_holds_every_item_once(self):
        tree = self.hub.ask("tree")
        codes = []

        def collect(node):
            for child in node.values() if isinstance(node, dict) else node:
                if isinstance(child, (dict, list)):
                    collect(child)
            if isinstance(node, dict) and node.get("kind") in (
                    "objective", "strategy", "initiative", "project", "commitment"):
                codes.append((node["kind"], node["code"]))

        collect(tree)
        wanted = [(kind, item["code"]) for kind, section in (
            ("objective", "objectives"), ("strategy", "strategies"),
            ("initiative", "initiatives"), ("project", "projects"),
            ("commitment", "commitments")) for item in self.plan[section]]
        self.assertEqual(sorted(codes), sorted(wanted))
        self.assertEqual(sum(tree["lights"].values()), len(self.plan["indicators"]))


class Groups(QueryCase):
    def test_people_are_added_up_over_indicators_once_each(self):
        hub = self.hub()
        houston, madrid = self.device(hub, HOUSTON), self.device(hub, MADRID)
        with open(PLAN, encoding="utf-8") as f:
            actors = [a["code"] for a in json.load(f)["actors"]]
        # it names an initiative that the plan links to the indicator, too
        houston.activity(day("2025-03-01"), ind="IND-1", init=["2.1.05"],
                         group={actors[0]: 12, actors[1]: 3})
        houston.activity(day("2025-03-02"), ind="IND-1", status="planned", group={actors[0]: 99})
        madrid.activity(day("2025-06-01"), ind="IND-6", group={actors[0]: 5})
        for device in (houston, madrid):
            hub.sync(device)
        answer = hub.ask("groups")
        self.assertEqual(only(answer["groups"], "group", "indicator", "people"), [
            (actors[0], "IND-1", 12), (actors[0], "IND-6", 5), (actors[1], "IND-1", 3)])
        self.assertEqual(answer["total"], 20)
        self.assertEqual(hub.ask("groups", "--unit", MADRID)["total"], 5)
        self.assertEqual(hub.ask("groups", "--to", "2025-Q1")["total"], 15)
        self.assertIn("Total: 20 (up to the cut-off", hub.command("groups"))


class Pace(QueryCase):
    def test_pace_and_projection_tell_what_they_rest_on(self):
        hub = self.hub()
        houston = self.device(hub, HOUSTON)
        houston.activity(day("2023-05-01"), ind="IND-1", qty=430)
        houston.activity(day("2024-05-01"), ind="IND-1", qty=520)
        houston.activity(day("2025-05-01"), ind="IND-1", qty=260)
        hub.sync(houston)
        row = hub.ask("pace", "--cutoff", "2025-06-30")["indicators"][0]
        self.assertEqual(only([row], "code", "value", "pace_month", "needed_month", "projection"),
                         [("IND-1", 1210, 40.3, 43.9, 1936)])
        self.assertEqual(row["past"], {"from": "2023-01-01", "to": "2025-06-30", "months": 30})
        self.assertEqual(row["ahead"], {"from": "2025-07-01", "to": "2026-12-31", "months": 18})
        self.assertRegex(hub.command("pace", "--cutoff", "2025-06-30"),
                         r"IND-1 .* 1210 +2000 +40\.3 +43\.9 +1936 2023-01-01\.\.2025-06-30")


if __name__ == "__main__":
    unittest.main()
