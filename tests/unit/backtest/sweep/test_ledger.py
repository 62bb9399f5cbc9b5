"""Finished rows survive a kill; a torn line does not count."""

import pytest

from hedgerow.backtest.sweep.ledger import NAME, Ledger
from hedgerow.domain.errors import InvalidValue
from tests import sweep_world
from tests.sweep_world import HEADER

ROWS = [sweep_world.row(number, [[1.0, 2.0 + number]] * 4) for number in range(3)]


@pytest.fixture
def plan():
    return sweep_world.plan()


def test_what_was_added_is_there_again(tmp_path, plan):
    with Ledger(tmp_path / "out", plan, HEADER) as ledger:
        assert ledger.finished == {}
        for row in ROWS[:2]:
            ledger.add(row)
    with Ledger(tmp_path / "out", plan, HEADER) as ledger:
        assert ledger.finished == {0: ROWS[0], 1: ROWS[1]}


@pytest.mark.parametrize("kept", range(1, 40, 7))
def test_a_line_torn_by_a_kill_is_cut_off_and_written_over(tmp_path, plan, kept):
    with Ledger(tmp_path, plan, HEADER) as ledger:
        ledger.add(ROWS[0])
        whole = (tmp_path / NAME).stat().st_size
        ledger.add(ROWS[1])
    data = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(data[: whole + kept])
    with Ledger(tmp_path, plan, HEADER) as ledger:
        assert ledger.finished == {0: ROWS[0]}
        ledger.add(ROWS[2])
    with Ledger(tmp_path, plan, HEADER) as ledger:
        assert ledger.finished == {0: ROWS[0], 2: ROWS[2]}


def test_a_torn_first_line_begins_anew(tmp_path, plan):
    (tmp_path / NAME).write_bytes(b'{"sweep": "ab')
    with Ledger(tmp_path, plan, HEADER) as ledger:
        ledger.add(ROWS[0])
    with Ledger(tmp_path, plan, HEADER) as ledger:
        assert ledger.finished == {0: ROWS[0]}


@pytest.mark.parametrize(
    "other",
    [
        (sweep_world.plan(("gates.state.delta.hedge_threshold=20,41",)), HEADER),
        (sweep_world.plan(spec=sweep_world.spec_of("fills.latency_ms=5")), HEADER),
        (sweep_world.plan(), HEADER._replace(tape_hash="others")),
        (sweep_world.plan(), HEADER._replace(code_version="newer")),
    ],
)
def test_the_folder_of_another_sweep_is_refused(tmp_path, plan, other):
    with Ledger(tmp_path, plan, HEADER):
        pass
    with pytest.raises(InvalidValue, match="this very sweep"):
        Ledger(tmp_path, *other)


def test_a_damaged_line_is_named(tmp_path, plan):
    with Ledger(tmp_path, plan, HEADER) as ledger:
        ledger.add(ROWS[0])
        ledger.add(ROWS[1])
    lines = (tmp_path / NAME).read_text().splitlines()
    lines[1] = lines[1].replace('"pnl"', '"pnk"')
    (tmp_path / NAME).write_text("\n".join(lines) + "\n")
    with pytest.raises(InvalidValue, match="line 2 is damaged"):
        Ledger(tmp_path, plan, HEADER)


def test_a_file_of_something_else_is_left_alone(tmp_path, plan):
    (tmp_path / NAME).write_text("my notes\n")
    with pytest.raises(InvalidValue, match="take another folder"):
        Ledger(tmp_path, plan, HEADER)
    assert (tmp_path / NAME).read_text() == "my notes\n"
