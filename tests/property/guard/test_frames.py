"""The guard's parser: the same frames however the bytes are cut, and nothing but frames or a refusal for any bytes."""

from __future__ import annotations

import contextlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.domain.egress import WriterMark
from hedgerow.guard.frames import FrameReader, MalformedFrame, framed, message_id, read_offer, read_order, read_start
from hedgerow.ibsim.codec import MalformedFrame as SimulatedMalformed
from hedgerow.ibsim.codec import split
from hedgerow.ibsim.messages.order_in import place_order

LIMIT = 300
PAYLOADS = st.lists(st.binary(min_size=1, max_size=LIMIT), max_size=12)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(marks)]


@given(PAYLOADS, st.lists(st.integers(0, 10_000), max_size=40))
@settings(max_examples=1000, deadline=None)
def test_frames_are_the_same_wherever_the_network_cuts_them(payloads: list[bytes], places: list[int]) -> None:
    reader = FrameReader(LIMIT)
    found = [payload for piece in cut(b"".join(map(framed, payloads)), places) for payload in reader.feed(piece)]
    assert found == payloads


@given(PAYLOADS, st.one_of(st.just(0), st.integers(LIMIT + 1, 2**32 - 1)), st.binary(max_size=20))
@settings(max_examples=500, deadline=None)
def test_an_empty_or_oversized_frame_is_refused_before_its_body_comes(
    payloads: list[bytes], length: int, after: bytes
) -> None:
    reader = FrameReader(LIMIT)
    assert reader.feed(b"".join(map(framed, payloads))) == payloads
    with pytest.raises(MalformedFrame):
        reader.feed(length.to_bytes(4, "big") + after)


@given(st.one_of(st.binary(max_size=200), st.lists(TEXT, max_size=40).map(lambda f: "\0".join(f).encode() + b"\0")))
@settings(max_examples=800, deadline=None)
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    for read in (message_id, read_start, read_order, read_offer):
        with contextlib.suppress(MalformedFrame):
            read(payload)


@given(
    st.lists(TEXT, min_size=3, max_size=160), st.sampled_from(["3", "4", "58", "21", "03", "3 ", "+3", "\uff13"]),
    st.integers(-5, 2**31),
)  # fmt: skip
@settings(max_examples=800, deadline=None)
def test_no_order_a_gateway_would_read_passes_as_something_else(fields: list[str], number: str, order_id: int) -> None:
    """What the simulated gateway takes for a placeOrder, leniently read, is one for the guard too, or is refused."""
    payload = "\0".join([number, str(order_id), *fields]).encode() + b"\0"
    try:
        frame = read_order(payload)
    except MalformedFrame:
        return
    assert frame is not None
    if number != "3":
        return
    with contextlib.suppress(SimulatedMalformed, KeyError):
        got = place_order(split(payload), 176)
        assert (frame.account, frame.client_order_id) == (got["account"], got["orderRef"])
        assert frame.order_id == int(got["orderId"])


@given(
    st.from_regex(r"[a-z][a-z-]{0,20}", fullmatch=True), st.integers(1, 10**18 - 1), st.integers(1, 10**6),
    st.lists(st.from_regex(r"[+A-Za-z0-9]{1,10}", fullmatch=True), max_size=3), st.integers(0, 3),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_the_mark_is_taken_out_and_the_rest_left(
    role: str, epoch: int, session: int, words: list[str], place: int
) -> None:
    mark = WriterMark(role, epoch, session)
    options = " ".join([*words[:place], str(mark), *words[place:]])
    offer = read_offer(f"v157..176 {options}".encode())
    assert offer.mark == mark
    assert offer.stripped.decode() == " ".join(["v157..176", *words])
