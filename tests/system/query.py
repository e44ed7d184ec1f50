"""What the tests of the questions to a hub share."""

import datetime
import json

import peer
from programs import PLAN, Case

HOUSTON, MADRID, BILBAO = "con-houston", "con-madrid", "con-bilbao"


def day(text):
    """The date number of "2025-11-14"."""
    return (datetime.date.fromisoformat(text) - datetime.date(1970, 1, 1)).days


class QueryCase(Case):
    """A running hub; devices of the independent client."""

    def plan(self, **changes):
        """A copy of the plan with other values: its path.  A change is made to
        each indicator by code ("IND-1": {...}) or to the document."""
        with open(PLAN, encoding="utf-8") as f:
            document = json.load(f)
        indicators = {i["code"]: i for i in document["indicators"]}
        for key, value in changes.items():
            code = key.replace("_", "-")
            if code in indicators:
                indicators[code].update(value)
            else:
                document[key] = value
        path = self.path("plan-%d.json" % document["version"])
        with open(path, "w", encoding="utf-8") as f:
            json.dump(document, f, ensure_ascii=False)
        return path

    def records(self, hub, unit, *records):
        """A device that has sent these activities, each a date and keys."""
        device = self.device(hub, unit)
        for date, keys in records:
            device.activity(day(date), **{"ind": "IND-1", **keys})
        hub.sync(device)
        return device


def only(rows, *keys):
    """Rows reduced to some of their keys."""
    return [tuple(row[k] for k in keys) for row in rows]


__all__ = ["BILBAO", "HOUSTON", "MADRID", "QueryCase", "day", "only", "peer"]
