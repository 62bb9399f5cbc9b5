"""Days a scenario makes follow each other: each opens where the last one closed, by the base's own overnight move."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from hedgerow.backtest.inputs import legs_of, tapes_of
from hedgerow.backtest.scenarios import SCENARIOS
from hedgerow.backtest.spec import Spec, make_spec
from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.format import Tape
from tests.backtest_world import made_days

DAYS = 5


def spec(name: str, **keys: Any) -> Spec:
    return make_spec({"scenario": {"name": name, "days": DAYS, "interval_ms": 60_000, **keys}, "seed": 7})


@lru_cache
def made(name: str) -> tuple[Tape, ...]:
    return tapes_of(spec(name))["SIMX"]


def mids(tape: Tape) -> Any:
    rows = (tape.instrument == 0) & ~np.isnan(tape.bid) & ~np.isnan(tape.ask)
    return ((tape.bid + tape.ask) / 2)[rows]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_day_begins_where_the_last_one_ended(name: str) -> None:
    base, days = made_days(7, DAYS), made(name)
    for number in range(1, DAYS):
        overnight = mids(base[number])[0] / mids(base[number - 1])[-1]
        first = mids(days[number])[0]
        if name in ("quiet", "trend"):  # flat before the open, at the opening price
            regular = base[number].instrument == 0
            regular &= ~base[number].extended
            opening = ((base[number].bid + base[number].ask) / 2)[regular][0]
            overnight = opening / mids(base[number - 1])[-1]
        assert first / mids(days[number - 1])[-1] == pytest.approx(overnight, rel=5e-4)


def test_a_trend_of_days_goes_far() -> None:
    """Untouched nights bring it back to the base's price every morning."""
    closes = [mids(day)[-1] for day in made("trend")]
    opens = [mids(day)[0] for day in made("trend")]
    jumps = [abs(np.log(after / before)) for before, after in zip(closes, opens[1:], strict=False)]
    assert max(jumps) < 0.03


def test_what_is_held_stays_listed_however_far_the_price_goes() -> None:
    wanted = spec("crash", days=7)
    days = tapes_of(wanted)["SIMX"]
    legs = legs_of(wanted.position, wanted.strategies[0], days)
    strike = legs[0].strike
    assert mids(days[-1])[-1] < 0.7 * strike
    for day in days:
        assert {leg.instrument for leg in legs} <= set(day.meta.instruments)
    # in the money by far: worth what it would be exercised for, or a little more
    put = next(leg for leg in legs if not leg.is_call)
    rows = days[-1].instrument == days[-1].meta.instruments.index(put.instrument)
    worth = ((days[-1].bid + days[-1].ask) / 2)[rows][-1]
    assert worth == pytest.approx(strike - mids(days[-1])[-1], abs=0.6)


def test_a_price_that_leaves_the_generators_range_is_told_in_days() -> None:
    with pytest.raises(InvalidValue, match=r"^scenario\.days: 60 .*at most \d+") as refused:
        tapes_of(spec("crash", days=60, interval_ms=60_000))
    assert "between 5 and 5000" in str(refused.value)
