"""Loopback ports for systems that may lie anywhere: claimed in blocks, so that two systems never meet."""

from __future__ import annotations

import contextlib
import random
import socket

from hedgerow.domain.errors import InvalidValue, Unavailable

# Below the kernel's range for outgoing connections, which may take any port of theirs at any moment.
_OUR_PORTS = range(20_000, 32_000)
_BLOCK = 100
_claims: list[socket.socket] = []
_unused: list[int] = []


def free_ports(count: int) -> list[int]:
    """Free loopback ports, all different, that no other process of ours is given while this one lives.

    A process claims a block by listening on its first port until it ends; raises Unavailable when every block is taken.
    """
    found: list[int] = []
    while len(found) < count:
        if not _unused:
            _unused.extend(reversed(_claim_block()))
        port = _unused.pop()
        if is_free(port):
            found.append(port)
    return found


def neighbouring_ports(count: int) -> list[int]:
    """Free loopback ports in a row, as a simulated gateway with its admin and metrics ports takes them."""
    while True:
        found = free_ports(count)
        if found == list(range(found[0], found[0] + count)):
            return found


def _claim_block() -> range:
    for start in random.sample(_OUR_PORTS[::_BLOCK], len(_OUR_PORTS) // _BLOCK):
        claim = socket.socket()
        with contextlib.suppress(OSError):
            claim.bind(("127.0.0.1", start))
            claim.listen()
            _claims.append(claim)
            return range(start + 1, start + _BLOCK)
        claim.close()
    raise Unavailable(f"no free loopback ports from {_OUR_PORTS.start} to {_OUR_PORTS.stop - 1}")


def is_free(port: int) -> bool:
    """Whether nothing listens on that loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def require_free(port: int, key: str) -> None:
    """Raises InvalidValue naming the key when the loopback port is taken."""
    if not is_free(port):
        raise InvalidValue(key, port, "a free port", f"end what listens there, or --set {key}=PORT")
