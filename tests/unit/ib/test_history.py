"""How far back bars are asked for."""

from __future__ import annotations

import pytest

from hedgerow.ib.history import duration


@pytest.mark.parametrize(
    ("bar_seconds", "max_bars", "text"),
    [
        (60, 1, "60 S"),
        (60, 390, "23400 S"),
        (60, 391, "2 D"),
        (1, 1800, "1800 S"),
        (3600, 100, "16 D"),
        (86400, 1, "6 D"),
        (86400, 252, "2 Y"),
        (86400, 10_000, "40 Y"),
    ],
)
def test_duration(bar_seconds: int, max_bars: int, text: str) -> None:
    assert duration(bar_seconds, max_bars) == text
