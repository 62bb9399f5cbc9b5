"""The current snapshot, polled: the newest one, whoever wrote it and whatever became of the database since."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.store.location import Place, StoreLocation
from hedgerow.store.status_reader import StatusReader, document
from hedgerow.store.writes import Write, WriteMode
from tests.store_places import lose

Fill = Callable[[Place, str, list[Write]], None]


def current(ts: int, **snapshot: Any) -> Write:
    values = {"strategy": "goog", "ts": ts, "snapshot": {"ts": ts, **snapshot}}
    return Write("status_current", values, WriteMode.UPSERT)


def test_the_newest_snapshot_is_read(location: StoreLocation, fill: Fill) -> None:
    reader = StatusReader(location, "goog")
    assert reader.read() is None
    fill(location, "strategy-goog", [])
    assert reader.read() is None
    for ts in (5, 9, 7):  # a clock may be set back
        fill(location, "strategy-goog", [current(ts, spot=700.5, config={"a": [1]})])
        assert reader.read() == {"ts": ts, "spot": 700.5, "config": {"a": [1]}}
        assert reader.read() == {"ts": ts, "spot": 700.5, "config": {"a": [1]}}
    reader.close()


def test_a_database_that_is_lost_takes_its_snapshot_along(location: StoreLocation, fill: Fill) -> None:
    reader = StatusReader(location, "goog")
    fill(location, "strategy-goog", [current(5)])
    assert reader.read() == {"ts": 5}
    lose(location, "strategy-goog")
    assert reader.read() is None
    fill(location, "strategy-goog", [current(5, anew=True)])
    assert reader.read() == {"ts": 5, "anew": True}
    reader.close()


@pytest.mark.parametrize("text", ["{", "[1]", "7"])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="a JSON object"):
        document(text, "here")
