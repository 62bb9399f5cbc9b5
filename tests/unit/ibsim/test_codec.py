"""Frames and fields, whole or in pieces."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgerow.ibsim.codec import FrameBuffer, MalformedFrame, frame, split, text


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        ("x", "x"), (None, ""), (True, "1"), (False, "0"), (7, "7"), (1.5, "1.5"), (100.0, "100.0"),
        (Decimal("100"), "100"), (Decimal("100.50"), "100.5"), (Decimal("1E+3"), "1000"), (Decimal("0.00"), "0"),
        (Decimal("0.0000001"), "0.0000001"),
    ],
)  # fmt: skip
def test_spells_values_in_plain_notation(value: str | float | Decimal | None, wire: str) -> None:
    assert text(value) == wire


def test_a_frame_is_its_length_and_its_fields() -> None:
    assert frame([4, 2, "héllo"]) == b"\0\0\0\x0b4\x002\x00h\xc3\xa9llo\x00"


def test_refuses_a_frame_over_the_limit_before_it_is_buffered() -> None:
    buffer = FrameBuffer(max_frame_bytes=10)
    with pytest.raises(MalformedFrame, match="11 bytes announced, at most 10"):
        buffer.feed(b"\0\0\0\x0b")


def test_refuses_bytes_that_are_no_text() -> None:
    with pytest.raises(MalformedFrame, match="at byte 2"):
        split(b"1\0\xff\xfe")


def test_keeps_empty_fields_and_takes_an_unended_last_one() -> None:
    assert split(b"1\0\0\0x\0") == ["1", "", "", "x"]
    assert split(b"71\0x") == ["71", "x"]
