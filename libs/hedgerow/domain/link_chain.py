"""A chain of links between two processes: each side hashes what it sends, so that the other can tell what it got."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from hedgerow.domain.errors import HedgerowError

DAEMON, STRATEGY = b"daemon", b"strategy"
"""The two senders, as their chains begin."""


class BrokenChain(HedgerowError):
    """A link was lost, doubled, reordered or altered; the message says which and where."""

    reason = "BROKEN_CHAIN"


@dataclass(slots=True)
class LinkChain:
    """One sender's chain: `index` counts its links, `head` is the newest one's hash."""

    index: int
    head: bytes

    @classmethod
    def begin(cls, seed: bytes, sender: bytes) -> LinkChain:
        """The chain before its first link."""
        return cls(0, hashlib.sha256(seed + sender).digest())

    def _hash(self, kind: int, follows: bytes, payload: bytes) -> bytes:
        head = hashlib.sha256(self.head + struct.pack(">QI", self.index + 1, kind))
        head.update(follows + payload)
        return head.digest()

    def add(self, kind: int, follows: bytes, payload: bytes) -> tuple[int, bytes]:
        """The index and hash of the next link to send."""
        self.head = self._hash(kind, follows, payload)
        self.index += 1
        return self.index, self.head

    def take(self, index: int, kind: int, follows: bytes, payload: bytes, told: bytes) -> None:
        """Takes the next link received; BrokenChain when it is not the one that was sent next."""
        expected = self.index + 1
        if index == expected - 1 and told == self.head:
            raise BrokenChain(f"link {index} came twice")
        if index > expected:
            raise BrokenChain(f"link {index} came, link {expected} is missing")
        if index < expected:
            raise BrokenChain(f"link {index} came after link {expected - 1}: out of order")
        if told != self._hash(kind, follows, payload):
            raise BrokenChain(f"link {index} is not what was sent: its hash does not match")
        self.add(kind, follows, payload)
