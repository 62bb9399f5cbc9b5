"""The restart window: around its local time on every day, summer time or not."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from hedgerow.settings import BrokerSettings
from services.execution.caution import window_of
from services.execution.domain.restart_window import NS_PER_S, RestartWindow

NEW_YORK = ZoneInfo("America/New_York")


def window(at: str, before: float = 5, after: float = 15) -> RestartWindow:
    return RestartWindow(time.fromisoformat(at), NEW_YORK, timedelta(minutes=before), timedelta(minutes=after))


def near(of: RestartWindow, moment: str) -> bool:
    return of.restart_near(int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()) * NS_PER_S) is not None


@pytest.mark.parametrize(
    ("at", "moment", "inside"),
    [
        ("23:45", "2026-01-06T04:39:59", False),
        ("23:45", "2026-01-06T04:40:00", True),
        ("23:45", "2026-01-06T04:59:59", True),
        ("23:45", "2026-01-06T05:00:00", False),
        ("23:45", "2026-07-06T03:40:00", True),
        ("23:45", "2026-07-06T04:40:00", False),
        ("23:58", "2026-01-06T05:12:00", True),  # into the next day
        ("00:02", "2026-01-06T04:58:00", True),  # from the day before
        ("01:30", "2026-11-01T05:30:00", True),  # the clock shows it twice: both count
        ("01:30", "2026-11-01T06:30:00", True),
        ("01:30", "2026-11-01T06:10:00", False),
        ("02:30", "2026-03-08T07:30:00", True),  # the clock never shows it
    ],
)
def test_the_window_lies_around_the_local_time(at: str, moment: str, inside: bool) -> None:
    assert near(window(at), moment) is inside


def test_a_real_account_has_one_unless_told_otherwise() -> None:
    assert window_of(BrokerSettings()) is None
    paper = window_of(BrokerSettings.model_validate({"mode": "paper", "port": 4002}))
    assert paper is not None
    assert (paper.at, paper.before, paper.after) == (time(23, 45), timedelta(minutes=5), timedelta(minutes=15))
    off = {"mode": "paper", "port": 4002, "restart_window": {"time": "none"}}
    assert window_of(BrokerSettings.model_validate(off)) is None
    on = {"restart_window": {"time": "05:00", "zone": "Europe/Zurich", "minutes_before": 1}}
    sim = window_of(BrokerSettings.model_validate(on))
    assert sim is not None
    assert sim.zone == ZoneInfo("Europe/Zurich")


@pytest.mark.parametrize("wrong", [{"time": "24:00"}, {"time": "9:00"}, {"zone": "Nowhere/Town"}, {"minutes_after": 0}])
def test_a_wrong_window_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="restart_window"):
        BrokerSettings.model_validate({"restart_window": wrong})
