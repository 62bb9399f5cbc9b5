"""Checking a tape's file as it is: what is wrong is counted, even where it keeps the tape from being read."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.examine import examine
from hedgerow.tape.format import MAKE_AGAIN, TapeColumns
from hedgerow.tape.quality import DEFAULTS, Action, Defect, Policy, Report, Source
from hedgerow.tape.reader import read_table
from hedgerow.tape.sessions import midnight_ns

# What a reader does not take: a tape that holds one of these is no tape, whatever a policy would make of it.
_UNREADABLE = (
    Defect.NOT_A_NUMBER, Defect.ZERO_PRICE, Defect.BAD_SIZE, Defect.TIME_REVERSAL,
)  # fmt: skip


def check_tape(path: Path, policy: Policy = DEFAULTS) -> tuple[Report, list[str]]:
    """The report on a tape's quotes, and the kinds in it that make the tape unusable.

    These are what no reader takes and what `policy` refuses. The day is the metadata's; recordings may go a little
    past its midnight. Raises InvalidValue where the file is no tape at all.
    """
    meta, table, _ = read_table(path)
    numbers = table.column("instrument")
    known = pc.and_(pc.greater_equal(numbers, 0), pc.less(numbers, len(meta.instruments)))
    if not pc.all(pc.fill_null(known, False)).as_py() or table.column("ts").null_count:
        rule = f"a time and one of {len(meta.instruments)} instruments in every row"
        raise InvalidValue(f"tape {path}", "instrument, ts", rule, MAKE_AGAIN)
    floats = {
        name: np.ascontiguousarray(table.column(name).to_numpy()) for name in ("bid", "ask", "bid_size", "ask_size")
    }
    extended = pc.fill_null(table.column("extended"), False)
    columns = TapeColumns(
        ts=np.ascontiguousarray(table.column("ts").to_numpy()),
        instrument=np.ascontiguousarray(numbers.to_numpy()),
        extended=np.ascontiguousarray(extended.to_numpy()),
        **floats,
    )
    given = tuple(np.ascontiguousarray(pc.is_valid(table.column(name)).to_numpy()) for name in ("bid", "ask"))
    source = Source(
        str(path), midnight_ns(meta.date), midnight_ns(meta.date + timedelta(days=1)) + 1, meta.session_open_ns,
        meta.session_close_ns, meta.interval_ms, meta.instruments,
    )  # fmt: skip
    # what is refused is told with the rest, not raised on the way
    counting = {
        defect: Action.DROP if action is Action.REFUSE and defect is not Defect.GAP else action
        for defect, action in policy.items()
    }
    if policy.get(Defect.GAP) is Action.REFUSE:
        counting[Defect.GAP] = Action.KEEP
    _, report = examine(source, columns, counting, (given[0], given[1]))
    negative = bool((columns.bid < 0).any() or (columns.ask < 0).any())
    refused = [
        finding.defect.value
        for finding in report.findings
        if finding.defect in _UNREADABLE
        or policy.get(finding.defect) is Action.REFUSE
        or (negative and finding.defect is Defect.ABSURD_PRICE)
    ]
    return report, refused
