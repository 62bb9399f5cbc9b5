"""The log of every frame that crossed the wire."""

from __future__ import annotations

from pathlib import Path

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.ibsim.codec import frame
from hedgerow.ibsim.wirelog import Direction, WireLog, orders, read_wire_log


def written(path: Path) -> None:
    log = WireLog(path)
    log.incoming(1, -1, b"v157..176")
    log.outgoing(1, -1, [frame([176, "now"]), frame([15, 1, "SIM1"])])
    log.incoming(1, 10, b"49\x001\x00")
    # Not closed: a killed process does not close it either.


def test_every_frame_is_on_disk_at_once_in_order(tmp_path: Path) -> None:
    written(tmp_path / "wire.log")
    records = list(read_wire_log(tmp_path / "wire.log"))
    assert [record.direction for record in records] == [Direction.IN, Direction.OUT, Direction.OUT, Direction.IN]
    assert [record.message_id for record in records] == [-1, 176, 15, 49]
    assert [record.client_id for record in records] == [-1, -1, -1, 10]
    assert records[2].fields == ["15", "1", "SIM1"]
    times = [record.monotonic_ns for record in records]
    assert times == sorted(times)
    assert records[0].wall_ns > 1_600_000_000 * 10**9


def test_a_torn_tail_is_left_out_and_cut_when_writing_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "wire.log"
    written(path)
    whole = path.read_bytes()
    for cut in range(1, 33):
        path.write_bytes(whole[:-cut])
        assert len(list(read_wire_log(path))) == 3
        log = WireLog(path)
        log.incoming(2, 11, b"after")
        log.close()
        assert [record.payload for record in read_wire_log(path)][-1] == b"after"
        assert len(list(read_wire_log(path))) == 4


def test_without_a_path_nothing_is_written() -> None:
    log = WireLog(None)
    log.incoming(1, 1, b"x")
    log.outgoing(1, 1, [frame(["x"])])
    log.close()


def test_refuses_what_is_no_wire_log(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("important notes, not to be appended to")
    with pytest.raises(InvalidValue, match="written by the simulated gateway"):
        list(read_wire_log(path))
    with pytest.raises(InvalidValue, match="a new file"):
        WireLog(path)
    assert path.read_text() == "important notes, not to be appended to"
    with pytest.raises(InvalidValue, match="readable"):
        orders(tmp_path / "absent")
    with pytest.raises(InvalidValue, match="writable"):
        WireLog(path / "below-a-file")
