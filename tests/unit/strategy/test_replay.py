"""Folding a log again: what was altered, by whatever hand, is found at its tick; other code is told of or refused."""

from __future__ import annotations

import random
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from hedgerow.strategy.replay import Tick, differences, replay, same_bits, verify
from hedgerow.strategy.session_log import DECISION, OBSERVATION, RECORD_SIZE, SessionLog, SessionLogError
from tests.strategy_world import World
from tests.unit.strategy.test_session_log import header, some_day, written

FRAME = struct.Struct("<IIB")
AT = 30
"""The record that is altered."""


@pytest.fixture(scope="module")
def world() -> World:
    return some_day()


def offset_of(log: bytes | bytearray, index: int) -> int:
    """Where the payload of record `index` (from 0) begins."""
    (header_size, _, _) = FRAME.unpack_from(log)
    return FRAME.size + int(header_size) + index * (FRAME.size + RECORD_SIZE) + FRAME.size


def altered(folder: Path, index: int, at: int, data: bytes, forge: bool) -> None:
    """Writes `data` into a record's payload; `forge` makes its checksum hold again."""
    path = folder / "chunk-000000.log"
    log = bytearray(path.read_bytes())
    begin = offset_of(log, index)
    log[begin + at : begin + at + len(data)] = data
    if forge:
        payload = bytes(log[begin : begin + RECORD_SIZE])
        FRAME.pack_into(log, begin - FRAME.size, RECORD_SIZE, zlib.crc32(payload, zlib.crc32(b"\2")), 2)
    path.write_bytes(log)


def places() -> list[tuple[str, int, str]]:
    """Every scalar of a decision: its name, where it begins and its struct code."""
    found, at = [], OBSERVATION.size
    for name, code in zip(DECISION.names, DECISION.codes, strict=True):
        found.append((name, at, code))
        at += struct.calcsize(f"<{code}")
    return found


def other(payload: bytes, at: int, code: str) -> bytes:
    """Another value of the same kind: the next integer, the next float, the other flag; 1.5 for NaN."""
    (value,) = struct.unpack_from(f"<{code}", payload, at)
    if code == "?":
        return struct.pack("<?", not value)
    if code == "q":
        return struct.pack("<q", value + 1)
    return (
        struct.pack("<d", 1.5)
        if value != value
        else struct.pack("<q", struct.unpack("<q", struct.pack("<d", value))[0] ^ 1)
    )


def test_an_honest_log_comes_out_the_same(tmp_path: Path, world: World) -> None:
    written(tmp_path, world, 20 * RECORD_SIZE)
    report = verify(tmp_path)
    assert (report.ok, report.decisions, report.divergences, report.first) == (True, len(world.log), 0, None)
    (run,) = report.runs
    assert run.same_code
    assert run.refused == ""


@pytest.mark.parametrize("forge", [True, False])
def test_every_field_of_a_decision_altered_by_its_last_bit_is_found_at_its_tick(
    tmp_path: Path, world: World, forge: bool
) -> None:
    written(tmp_path, world)
    honest = (tmp_path / "chunk-000000.log").read_bytes()
    payload = honest[offset_of(honest, AT) :][:RECORD_SIZE]
    for name, at, code in places():
        (tmp_path / "chunk-000000.log").write_bytes(honest)
        altered(tmp_path, AT, at, other(payload, at, code), forge)
        tick = first_divergence(tmp_path)
        assert (tick.observation.sequence, tick.position) == (world.log[AT][0].sequence, AT + 1), name
        assert [field.name for field in tick.fields] == [name]
        assert tick.intact is forge


def first_divergence(folder: Path) -> Tick:
    """The first, without folding on behind it."""
    return next(item for item in replay(folder) if isinstance(item, Tick) and item.diverges)


def test_one_altered_decision_is_one_divergence(tmp_path: Path, world: World) -> None:
    written(tmp_path, world)
    _, at, _ = next(place for place in places() if place[0] == "net_delta")
    altered(tmp_path, AT, at, struct.pack("<d", 12.5), forge=True)
    report = verify(tmp_path)
    assert (report.ok, report.divergences) == (False, 1)
    assert report.first is not None
    assert report.first.recorded.net_delta == 12.5
    assert report.first.replayed == world.log[AT][1]


@pytest.mark.parametrize(
    ("field", "value"),
    [("underlying.bid", struct.pack("<d", 700.0)), ("stock_quantity", struct.pack("<d", 4000.0)),
     ("links.broker_up", b"\0"), ("enabled", b"\0"), ("now", struct.pack("<q", 1))],
)  # fmt: skip
def test_an_altered_observation_is_found_where_it_changes_a_decision(
    tmp_path: Path, world: World, field: str, value: bytes
) -> None:
    written(tmp_path, world)
    at = struct.calcsize("<" + OBSERVATION.codes[: OBSERVATION.names.index(field)])
    altered(tmp_path, AT, at, value, forge=True)
    report = verify(tmp_path)
    assert report.first is not None
    assert report.first.position == AT + 1


def test_any_byte_flipped_anywhere_is_noticed(tmp_path: Path, world: World) -> None:
    written(tmp_path, world)
    path = tmp_path / "chunk-000000.log"
    honest = path.read_bytes()
    dice = random.Random(5)
    begin = offset_of(honest, 0)
    for _ in range(60):
        at = dice.randrange(begin, len(honest))
        data = bytearray(honest)
        data[at] ^= 1 << dice.randrange(8)
        path.write_bytes(data)
        index = (at - begin) // (RECORD_SIZE + FRAME.size)
        into_frame = (at - begin) % (RECORD_SIZE + FRAME.size)
        if into_frame < RECORD_SIZE:  # the record itself; behind it begins the next one's frame
            assert first_divergence(tmp_path).position == index + 1
            continue
        frame_at = into_frame - RECORD_SIZE
        if 4 <= frame_at < 8:  # the next record's checksum
            found = first_divergence(tmp_path)
            assert (found.position, found.fields) == (index + 2, ())
        else:  # length and kind cannot be read past
            with pytest.raises(SessionLogError, match=f"last decision before is {world.log[index][0].sequence}"):
                verify(tmp_path)


def test_a_flag_that_is_neither_0_nor_1_was_altered(tmp_path: Path, world: World) -> None:
    written(tmp_path, world)
    _, at, _ = next(place for place in places() if place[0] == "in_session")
    altered(tmp_path, AT, at, b"\5", forge=True)
    tick = first_divergence(tmp_path)
    assert (tick.position, tick.fields, tick.intact) == (AT + 1, (), False)


def test_other_code_is_told_of_and_unknown_strategies_are_refused(tmp_path: Path, world: World) -> None:
    for run in ({"code_version": "older"}, {"kind": "not_there"}, {"params": {"no": 1}}):
        log = SessionLog(tmp_path, header(**run))
        for record in world.log[:10]:
            log.append(*record)
        log.close()
    report = verify(tmp_path)
    older, unknown, misfit = report.runs
    assert (older.decisions, older.same_code, older.refused) == (10, False, "")
    assert "'not_there'" in unknown.refused
    assert "unexpected keyword" in misfit.refused
    assert (report.decisions, report.refused, report.ok) == (10, 2, False)


def test_bits_and_not_values_are_compared() -> None:
    assert same_bits(float("nan"), -float("nan"))
    assert not same_bits(0.0, -0.0)
    assert same_bits(True, 1)


def test_differences_name_every_field(world: World) -> None:
    decision: Any = world.log[AT][1]
    changed = decision._replace(spot=1.0, intent=decision.intent._replace(quantity=7.0))
    assert [each.name for each in differences(decision, changed)] == ["spot", "intent.quantity"]
