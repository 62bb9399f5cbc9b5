"""Synthetic days follow one another; what the account holds is quoted on each until it expires."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np

from hedgerow.domain.instrument import Right, option
from hedgerow.ibsim.config import IbsimConfig, InitialPosition
from hedgerow.ibsim.days import MarketDay, days_of

FIRST = dt.date(2024, 1, 16)
HELD = option("SIMX", dt.date(2024, 2, 9), Decimal(100), Right.CALL)
CONFIG = IbsimConfig(
    day=FIRST,
    positions=(InitialPosition(instrument_id=HELD.instrument_id, quantity=Decimal(20), average_price=Decimal(2)),),
)


def played(count: int, config: IbsimConfig = CONFIG) -> list[MarketDay]:
    days = days_of(config)
    found = [days.first(0, None)]
    while len(found) < count:
        following = days.following(found[-1])
        assert following is not None
        found.append(following)
    return found


def test_a_held_contract_is_quoted_every_day_until_it_expires() -> None:
    for day in played(20):
        listed = HELD in day.meta.instruments
        assert listed == (day.meta.date <= dt.date(2024, 2, 9))
        if listed:
            rows = day.rows
            own = rows.instrument == day.meta.instruments.index(HELD)
            assert np.count_nonzero(own & ~np.isnan(rows.bid) & ~np.isnan(rows.ask)) > 300


def test_no_contract_is_listed_twice() -> None:
    for day in played(5):
        assert len(set(day.meta.instruments)) == len(day.meta.instruments)


def test_a_restart_makes_the_same_day_again() -> None:
    second = played(2)[1]
    again = days_of(CONFIG).first(1, second.spot)
    assert again.meta == second.meta
    np.testing.assert_array_equal(again.rows.bid, second.rows.bid)
    np.testing.assert_array_equal(again.rows.instrument, second.rows.instrument)


def test_without_holdings_the_chain_is_the_days_own() -> None:
    assert HELD not in played(2, IbsimConfig(day=FIRST))[1].meta.instruments
