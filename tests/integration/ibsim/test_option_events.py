"""What the simulated gateway does with options at their end, and what it tells of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Instrument, Right, option
from hedgerow.domain.order import Side
from hedgerow.ibsim.config import IbsimConfig, InitialPosition
from hedgerow.ibsim.simulation import Simulation
from tests.integration.ib.gateway import CLOSE_NS, GOOG, START_NS, small_tape

TODAY = date(2015, 12, 24)
CALL_IN = option("GOOG", TODAY, Decimal(740), Right.CALL)
PUT_OUT = option("GOOG", TODAY, Decimal(740), Right.PUT)
CALL_OUT = option("GOOG", TODAY, Decimal(760), Right.CALL)
PUT_IN = option("GOOG", TODAY, Decimal(760), Right.PUT)
LATER = option("GOOG", date(2016, 1, 22), Decimal(740), Right.CALL)
HELD = {CALL_IN: 3, PUT_OUT: 3, CALL_OUT: -2, PUT_IN: -5, LATER: 7}
SPOT = [(0, 749.0, 749.2, 100.0, 100.0, False)]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Any]:
    """Makes simulations of one book; the last is closed at the end."""
    tape = small_tape(tmp_path / "small.parquet", (GOOG, *HELD))
    made: list[Simulation] = []

    def make() -> Simulation:
        if made:
            made.pop().close()
        positions = tuple(
            InitialPosition(instrument_id=each.instrument_id, quantity=Decimal(n), average_price=Decimal(10))
            for each, n in HELD.items()
        )
        config = IbsimConfig(tape=tape, start_ns=START_NS, book_file=tmp_path / "book.db", positions=positions)
        made.append(Simulation(config))
        return made[0]

    yield make
    made[0].close()


def quantities(simulation: Simulation) -> dict[str, int]:
    return {name: int(held.quantity) for name, held in simulation.book.positions.items() if held.quantity}


def test_at_the_close_what_is_in_the_money_becomes_shares_and_the_rest_expires(opened: Any) -> None:
    simulation = opened()
    cash = simulation.book.cash
    simulation.play(CLOSE_NS - 1, SPOT)
    assert len(quantities(simulation)) == 5
    simulation.play(CLOSE_NS, SPOT)
    shares = 300 + 500  # 3 calls exercised, 5 short puts assigned
    assert quantities(simulation) == {"GOOG": shares, LATER.instrument_id: 7}
    assert simulation.book.cash == cash - 300 * 740 - 500 * 760
    stock = simulation.book.positions["GOOG"]
    assert stock.average_price == Decimal(300 * 740 + 500 * 760) / 800
    assert simulation.book.positions[CALL_IN.instrument_id].realized_pnl == -3 * 10 * 100
    told = simulation.book.executions
    assert {(each.instrument_id, each.side, int(each.quantity), each.price) for each in told} == {
        (CALL_IN.instrument_id, Side.SELL, 3, 0), ("GOOG", Side.BUY, 300, 740),
        (PUT_OUT.instrument_id, Side.SELL, 3, 0), (CALL_OUT.instrument_id, Side.BUY, 2, 0),
        (PUT_IN.instrument_id, Side.BUY, 5, 0), ("GOOG", Side.BUY, 500, 760),
    }  # fmt: skip
    assert {(each.client_id, each.order_id, each.order_ref, each.commission) for each in told} == {(0, 0, "", 0)}
    again = opened()
    assert (quantities(again), again.book.cash) == ({"GOOG": shares, LATER.instrument_id: 7}, simulation.book.cash)
    again.play(CLOSE_NS + 1, SPOT)
    assert len(again.book.executions) == 6


def test_an_operator_can_have_a_part_assigned_or_exercised_early(opened: Any) -> None:
    events = (simulation := opened()).option_events
    assert events.exercise(LATER.instrument_id, Decimal(2))["shares"] == "200"
    assert events.assign(CALL_OUT.instrument_id, Decimal(1))["shares"] == "-100"
    assert events.assign(PUT_IN.instrument_id)["shares"] == "500"
    events.expire(PUT_OUT.instrument_id)
    assert quantities(simulation) == {
        CALL_IN.instrument_id: 3, CALL_OUT.instrument_id: -1, LATER.instrument_id: 5, "GOOG": 600,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("event", "held", "quantity"),
    [("exercise", CALL_OUT, None), ("assign", CALL_IN, None), ("exercise", CALL_IN, 4), ("assign", PUT_IN, "0.5"),
     ("expire", GOOG, None)],
)  # fmt: skip
def test_what_is_not_held_so_cannot_end_so(
    opened: Any, event: str, held: Instrument, quantity: int | str | None
) -> None:
    simulation = opened()
    arguments = [held.instrument_id, *([Decimal(str(quantity))] if quantity is not None else [])]
    with pytest.raises(InvalidValue):
        getattr(simulation.option_events, event)(*arguments)
    assert simulation.book.executions == []
