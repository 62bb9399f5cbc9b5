"""Failpoints: enough of them, each named once, after its area, where something is written, committed or sent."""

from __future__ import annotations

import re
from collections import Counter

from hedgerow.torture.points import SENDING, STARTING, points, points_of

AREAS_OF_FILES = {
    "services/execution/submit.py": "submit",
    "services/execution/order_log.py": "log",
    "libs/hedgerow/ib/orders.py": "ib",
    "libs/hedgerow/store/writer.py": "writer",
    "libs/hedgerow/store/journal.py": "journal",
    "libs/hedgerow/store/sqlite.py": "sqlite",
    "libs/hedgerow/store/postgres_session.py": "postgres",
}


def test_there_are_enough_and_each_has_a_name_of_its_own() -> None:
    found = points()
    assert len(found) >= 120
    assert [name for name, count in Counter(point.name for point in found).items() if count > 1] == []
    assert [point.name for point in found if not re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", point.name)] == []


def test_the_order_path_is_full_of_them() -> None:
    areas = Counter(point.area for point in points())
    for file, area in AREAS_OF_FILES.items():
        assert areas[area] >= 3, f"{file} has {areas[area]} failpoints named {area}.*"
    assert {"submit.committed", "submit.place", "submit.placed", "sqlite.commit"} <= set(points_of(SENDING))
    assert {"barrier.ask", "epoch.acquire"} <= set(points_of(STARTING))


def test_what_a_case_cannot_reach_is_left_out() -> None:
    assert "submit.place" not in points_of(SENDING, frozenset({"submit.place"}))
