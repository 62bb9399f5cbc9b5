"""A chain of links: what was sent is taken, and every loss, doubling, swap and altered bit is told."""

from __future__ import annotations

import pytest

from hedgerow.domain.link_chain import DAEMON, STRATEGY, BrokenChain, LinkChain

Link = tuple[int, int, bytes, bytes, bytes]
SEED = bytes(range(32))


def links(count: int) -> list[Link]:
    chain = LinkChain.begin(SEED, DAEMON)
    made = []
    for number in range(count):
        kind, follows, payload = 1 + number % 3, b"f" * (number % 2), f"payload {number}".encode()
        index, head = chain.add(kind, follows, payload)
        made.append((index, kind, follows, payload, head))
    return made


def take_all(received: list[Link], sender: bytes = DAEMON) -> LinkChain:
    chain = LinkChain.begin(SEED, sender)
    for link in received:
        chain.take(*link)
    return chain


def test_what_was_sent_is_taken() -> None:
    sent = links(20)
    chain = take_all(sent)
    assert (chain.index, chain.head) == (20, sent[-1][4])


def test_every_loss_doubling_and_swap_is_told() -> None:
    sent = links(8)
    for k in range(7):
        with pytest.raises(BrokenChain, match=f"link {k + 1} is missing"):
            take_all(sent[:k] + sent[k + 1 :])
        with pytest.raises(BrokenChain, match="is missing"):
            take_all([*sent[:k], sent[k + 1], sent[k], *sent[k + 2 :]])
    for k in range(8):
        with pytest.raises(BrokenChain, match=f"link {k + 1} came twice"):
            take_all([*sent[: k + 1], sent[k], *sent[k + 1 :]])
    with pytest.raises(BrokenChain, match="out of order"):
        take_all([*sent[:4], sent[1]])


def test_every_altered_bit_is_told() -> None:
    sent = links(3)
    index, kind, follows, payload, head = sent[1]
    altered = [(index, kind + 1, follows, payload, head), (index, kind, b"x", payload, head)]
    for byte in range(len(payload)):
        for bit in range(8):
            changed = bytearray(payload)
            changed[byte] ^= 1 << bit
            altered.append((index, kind, follows, bytes(changed), head))
    altered += [(index, kind, follows, payload, bytes(32)), (index, kind, follows, payload[:-1], head)]
    for link in altered:
        with pytest.raises(BrokenChain, match="its hash does not match"):
            take_all([sent[0], link])


def test_another_seed_or_sender_is_another_chain() -> None:
    with pytest.raises(BrokenChain):
        take_all(links(1), STRATEGY)
