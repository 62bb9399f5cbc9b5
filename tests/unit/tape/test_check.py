"""A tape's file is checked as it is, even where it cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.check import check_tape
from hedgerow.tape.quality import ALLOWED, DEFAULTS, Action, Defect, policy_of
from hedgerow.tape.reader import read_tape
from hedgerow.tape.writer import write_tape
from tests.unit.tape.tapes import NAN, columns, meta

ROWS = [(60.0 * n, 0, 10.0 + n / 100, 10.1 + n / 100) for n in range(1, 211)]


def tape_with(tmp_path: Path, **changed: tuple[int, Any]) -> Path:
    """A whole day's tape, one value of a column changed in its file."""
    path = tmp_path / "t.parquet"
    write_tape(path, meta(), columns(meta(), ROWS))
    table = pq.read_table(path)
    for name, (row, value) in changed.items():
        values = table[name].to_pylist()
        values[row] = value
        field = pa.field(name, table.schema.field(name).type)
        table = table.set_column(table.schema.get_field_index(name), field, pa.array(values, type=field.type))
    pq.write_table(table, path)
    return path


def test_a_good_tape_is_usable(tmp_path: Path) -> None:
    report, refused = check_tape(tape_with(tmp_path))
    assert (report.findings, refused, report.rows) == ((), [], 210)


@pytest.mark.parametrize(
    ("changed", "defect", "readable"),
    [
        ({"bid": (5, NAN)}, Defect.NOT_A_NUMBER, False),
        ({"bid": (5, None)}, Defect.ABSENT_SIDE, True),
        ({"ask": (5, 0.0)}, Defect.ZERO_PRICE, False),
        ({"ask": (5, 1e6)}, Defect.ABSURD_PRICE, True),
        ({"bid": (5, -1.0)}, Defect.ABSURD_PRICE, False),
        ({"ask": (5, 9.0)}, Defect.CROSSED, True),
        ({"ask_size": (5, -1.0)}, Defect.BAD_SIZE, False),
        ({"ask_size": (5, 0.0)}, Defect.ZERO_SIZE, True),
        ({"ts": (6, meta().session_open_ns + 60 * 10**9 * 6 - 1)}, Defect.TIME_REVERSAL, False),
    ],
)
def test_each_defect_is_found_and_says_whether_the_tape_can_be_read(
    tmp_path: Path, changed: dict[str, tuple[int, Any]], defect: Defect, readable: bool
) -> None:
    path = tape_with(tmp_path, **changed)
    report, refused = check_tape(path)
    assert dict(report.counts)[defect] == 1
    assert (refused == []) is readable
    if readable:
        read_tape(path)
        assert check_tape(path, policy_of([f"{defect}=refuse"]))[1] == [defect]
    else:
        with pytest.raises(InvalidValue):
            read_tape(path)


def test_a_gap_may_be_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_tape(path, meta(), columns(meta(), ROWS[:100] + ROWS[104:]))
    report, refused = check_tape(path, policy_of(["gap=refuse"]))
    assert (dict(report.counts), refused) == ({"GAP": 1}, ["GAP"])


def test_what_is_no_tape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="instrument, ts"):
        check_tape(tape_with(tmp_path, instrument=(3, 7)))


def test_a_policy_is_checked() -> None:
    assert policy_of([]) == DEFAULTS
    assert policy_of(["zero-price=drop"])[Defect.ZERO_PRICE] is Action.DROP
    with pytest.raises(InvalidValue, match=r"^policy: 'noise=drop' .*NOT_A_NUMBER"):
        policy_of(["noise=drop"])
    with pytest.raises(InvalidValue, match=r"^policy: 'crossed=repair' .*for CROSSED one of keep, drop, refuse"):
        policy_of(["crossed=repair"])


def test_the_document_states_the_defaults(repo_root: Path) -> None:
    rows = [
        [cell.strip(" `*") for cell in line.strip("|").split("|")]
        for line in (repo_root / "docs" / "market-data-quality.md").read_text().splitlines()
        if line.startswith("| `")
    ]
    stated = {row[0]: (row[2], row[3].split(", ")) for row in rows if row[0] in Defect.__members__}
    assert stated == {
        defect.value: (actions[0].value, [each.value for each in actions]) for defect, actions in ALLOWED.items()
    }
