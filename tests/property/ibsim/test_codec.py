"""Framing: however the network cuts the bytes, the same frames come out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.ibsim.codec import FrameBuffer, MalformedFrame, frame, raw_frame, split
from hedgerow.ibsim.messages.order_in import place_order
from hedgerow.ibsim.requests.dispatch import HANDLERS
from hedgerow.ibsim.versions import OLDEST, SKIPPED, negotiate

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
PAYLOADS = st.lists(st.binary(max_size=40), max_size=6)


@given(st.lists(TEXT, min_size=1, max_size=20))
def test_fields_come_back_as_they_went(fields: list[str]) -> None:
    [payload] = FrameBuffer().feed(frame(fields))
    assert split(payload) == fields


@given(PAYLOADS)
def test_frames_survive_being_split_at_every_byte_boundary(payloads: list[bytes]) -> None:
    stream = b"".join(map(raw_frame, payloads))
    for cut in range(len(stream) + 1):
        buffer = FrameBuffer()
        assert buffer.feed(stream[:cut]) + buffer.feed(stream[cut:]) == payloads
        assert buffer.pending == 0
    single = FrameBuffer()
    assert [payload for byte in stream for payload in single.feed(bytes([byte]))] == payloads


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_garbage_is_buffered_no_longer_than_the_limit(chunks: list[bytes]) -> None:
    buffer = FrameBuffer(max_frame_bytes=32)
    try:
        for chunk in chunks:
            buffer.feed(chunk)
            assert buffer.pending <= 36
    except MalformedFrame:
        pass


@given(st.sampled_from(sorted(HANDLERS)), st.integers(157, 178), st.lists(TEXT, max_size=140))
def test_any_fields_decode_or_are_refused(message_id: int, version: int, fields: list[str]) -> None:
    try:
        got = HANDLERS[message_id].layout.decode([str(message_id), *fields], version)
    except MalformedFrame:
        return
    assert got["id"] == str(message_id)


@given(st.integers(157, 178), st.lists(st.sampled_from(["", "0", "1", "2", "x", "BAG", "1.5"]), max_size=160))
def test_a_place_order_is_consumed_whole_or_refused(version: int, fields: list[str]) -> None:
    try:
        got = place_order(["3", *fields], version)
    except MalformedFrame:
        return
    assert got["id"] == "3"


@given(st.one_of(st.text(max_size=30), st.from_regex(r"v\d{1,4}\.\.\d{1,4}", fullmatch=True)))
def test_any_hello_gets_a_version_in_its_range_or_none(hello: str) -> None:
    version = negotiate(hello)
    if version is not None:
        low, _, high = hello[1:].split(" ", maxsplit=1)[0].partition("..")
        assert max(int(low), OLDEST) <= version <= int(high or low)
        assert version != SKIPPED
