"""Public prints in a tape's file: rows among the quotes whose three trade columns are filled, their sides absent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.format import MAKE_AGAIN, SCHEMA, TapeColumns, Trades

SCHEMA_WITH_TRADES = pa.schema(
    [
        *SCHEMA,
        pa.field("trade_price", pa.float64()),
        pa.field("trade_size", pa.float64()),
        pa.field("trade_condition", pa.int64()),
    ]
)
TRADE_COLUMNS = tuple(SCHEMA_WITH_TRADES.names[len(SCHEMA) :])


def check_trades(where: str, trades: Trades, instruments: int) -> None:
    """Raise InvalidValue, naming `where`, the print (counted from 0) and the column, unless they can be prints.

    Prices are finite and above zero, sizes finite and not negative, time never goes back.
    """
    backwards = np.zeros(len(trades), dtype=np.bool_)
    np.less(trades.ts[1:], trades.ts[:-1], out=backwards[1:])
    unknown = (trades.instrument < 0) | (trades.instrument >= instruments)
    _refuse(where, "ts", trades.ts, (trades.ts <= 0) | backwards, "a time in ns UTC, not before the print before")
    _refuse(where, "instrument", trades.instrument, unknown, f"the metadata lists {instruments} instruments, from 0")
    bad_price = ~(trades.price > 0) | (trades.price == np.inf)
    _refuse(where, "price", trades.price, bad_price, "a price is finite and above zero")
    bad_size = ~(trades.size >= 0) | (trades.size == np.inf)
    _refuse(where, "size", trades.size, bad_size, "a size is finite and not negative")


def _refuse(where: str, name: str, values: NDArray[Any], bad: NDArray[np.bool_], rule: str) -> None:
    if bad.any():
        at = int(np.argmax(bad))
        raise InvalidValue(f"{where} trade {at} {name}", values[at].item(), rule, MAKE_AGAIN)


def merged(columns: TapeColumns, quotes: list[pa.Array], trades: Trades) -> list[pa.Array]:
    """The arrays of a file that holds both: `quotes` are `columns` as Arrow arrays; in time order, quotes first."""
    order = pa.array(np.argsort(np.concatenate((columns.ts, trades.ts)), kind="stable"))
    count = len(trades)
    of_trades = {
        "ts": pa.array(trades.ts),
        "instrument": pa.array(trades.instrument),
        "bid_size": pa.array(np.zeros(count)),
        "ask_size": pa.array(np.zeros(count)),
        "extended": pa.array(np.zeros(count, dtype=np.bool_)),
        "trade_price": pa.array(trades.price),
        "trade_size": pa.array(trades.size),
        "trade_condition": pa.array(trades.condition),
    }
    arrays = []
    for index, field in enumerate(SCHEMA_WITH_TRADES):
        first = quotes[index] if index < len(quotes) else pa.nulls(len(columns), field.type)
        second = of_trades.get(field.name, pa.nulls(count, field.type))
        arrays.append(pa.concat_arrays([first, second]).take(order))
    return arrays


def split(where: str, table: pa.Table) -> tuple[pa.Table, Trades]:
    """The quotes' rows of a file's table, and its prints; raises InvalidValue where a print is half there."""
    is_trade = pc.is_valid(table.column("trade_price"))
    rows = table.filter(is_trade)
    for name in ("trade_size", "trade_condition"):
        if rows.column(name).null_count:
            raise InvalidValue(f"{where} column {name}", None, "a print has price, size and condition", MAKE_AGAIN)

    def column(name: str) -> NDArray[Any]:
        return np.ascontiguousarray(rows.column(name).to_numpy())

    trades = Trades(
        column("ts"), column("instrument"), column("trade_price"), column("trade_size"), column("trade_condition")
    )
    return table.filter(pc.invert(is_trade)), trades
