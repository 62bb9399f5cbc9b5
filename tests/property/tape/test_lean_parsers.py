"""Whatever bytes a CSV or zip holds, the import ends in a tape or in InvalidValue, and agrees with a plain reading."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.lean import import_lean
from hedgerow.tape.lean_bars import parse_bars
from hedgerow.tape.lean_ticks import consolidate
from hedgerow.tape.reader import read_tape
from tests.unit.tape.lean_folder import DAY, OPEN_MS, bar, equity_zip, option_name, option_zip

BARS = "".join(f"{bar(OPEN_MS + n * 60_000, 1_000_000 + n, None if n % 3 else 1_000_100)}\n" for n in range(6)).encode()
TICKS = b"".join(
    b"%d,%d,100,0,0,Q,1,0\n%d,0,0,%d,100,NYSE,8,1\n" % (34_200_000 + n, 490_000 + n, 34_200_001 + n, 490_100)
    for n in range(4)
)
# Where, how much goes, what comes: bytes that mean something to a parser and bytes that mean nothing to any.
PIECES = st.one_of(
    st.sampled_from(
        [b"", b",", b"\n", b"\r", b"-", b".", b"0", b"9" * 16, b"nan", b"\x00", b"\xff", b'"', b" ", b"\n\n"]
    ),
    st.binary(max_size=3),
)
EDITS = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3), PIECES), min_size=1, max_size=3)


def edited(text: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for at, length, piece in edits:
        at %= len(text) + 1
        text = text[:at] + piece + text[at + length :]
    return text


def bars_are_whole(text: bytes) -> bool:
    """The rules of a bar file in one pattern, and rising time."""
    number = rb"0*\d{1,15}"
    side = rb"(?:" + b",".join([number] * 4) + rb"|,,,)," + number
    lines = text.removesuffix(b"\n").split(b"\n") if text else []
    if not all(re.fullmatch(number + b"," + side + b"," + side + rb"\r?", line) for line in lines):
        return False
    times = [int(line.split(b",")[0]) for line in lines]
    return times == sorted(set(times)) and all(time < 86_400_000 for time in times)


def ticks_are_whole(text: bytes) -> bool:
    """The rules of a tick file in one pattern, and time that never goes back."""
    lines = text.removesuffix(b"\n").split(b"\n") if text else []
    row = rb"(?:\d{1,15},){5}[!-+\--~]{1,7},[^,\n]*,[01]\r?"
    if not all(re.fullmatch(row, line) for line in lines):
        return False
    times = [int(line.split(b",")[0]) for line in lines]
    return times == sorted(times) and all(time < 86_400_000 for time in times)


def lines_in(text: bytes) -> int:
    return len(text.removesuffix(b"\n").split(b"\n")) if text else 0


def fault_of(attempt: Callable[[], object]) -> str | None:
    """The message of the InvalidValue the attempt ends in, None where it succeeds; anything else is a crash."""
    try:
        attempt()
    except InvalidValue as error:
        return str(error)
    return None


@settings(deadline=None, max_examples=500)
@given(EDITS)
@example([(0, 0, b"")])
def test_mutated_bars(edits: list[tuple[int, int, bytes]]) -> None:
    text = edited(BARS, edits)
    fault = fault_of(lambda: parse_bars(["good", "mutated"], [BARS, text]))
    assert (fault is None) == bars_are_whole(text)
    if fault is None:
        bars = parse_bars(["good", "mutated"], [BARS, text])
        assert np.count_nonzero(bars.file == 1) == lines_in(text)
    else:
        assert "mutated row" in fault


@settings(deadline=None, max_examples=500)
@given(EDITS)
@example([(0, 0, b"")])
def test_mutated_ticks(edits: list[tuple[int, int, bytes]]) -> None:
    text = edited(TICKS, edits)
    fault = fault_of(lambda: consolidate("mutated", [text]))
    assert (fault is None) == ticks_are_whole(text)
    if fault is None:
        assert consolidate("mutated", [text]).ticks == lines_in(text)
    else:
        assert "mutated row" in fault


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(["minute", "tick", "chain"]), EDITS)
def test_mutated_zips(kind: str, edits: list[tuple[int, int, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        rows = (TICKS if kind == "tick" else BARS).decode().splitlines()
        path = equity_zip(data, rows, "tick" if kind == "tick" else "minute")
        if kind == "chain":
            path = option_zip(data, {option_name(right, 1_000_000, "20160115"): rows for right in ("call", "put")})
        path.write_bytes(edited(path.read_bytes(), edits))
        (data / "out").mkdir()
        fault = fault_of(lambda: import_lean(data, "ABC", DAY, data / "out" / "t.parquet"))
        if fault is None:
            read_tape(data / "out" / "t.parquet")
        else:
            assert str(path) in fault
            assert list((data / "out").iterdir()) == []
