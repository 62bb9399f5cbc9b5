"""Where each peer's environment lies, and whether it was made from the lock of today."""

from __future__ import annotations

import hashlib
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[3]


def lock_file(peer: str) -> Path:
    """The hash-pinned packages of a peer."""
    return Path(__file__).resolve().parent / "locks" / f"{peer}.txt"


def folder(peer: str) -> Path:
    """The environment `make bench-peers` makes."""
    return _ROOT / "build" / "peers" / peer


def python(peer: str) -> Path:
    """Its interpreter, whether it is there or not."""
    return folder(peer) / "bin" / "python"


def _digest(peer: str) -> str:
    return hashlib.sha256(lock_file(peer).read_bytes()).hexdigest()


def mark(peer: str) -> None:
    """Note which lock the environment was made from."""
    (folder(peer) / ".lock-sha256").write_text(_digest(peer))


def is_current(peer: str) -> bool:
    """Whether the environment is there and whole, from the lock of today."""
    note = folder(peer) / ".lock-sha256"
    return python(peer).exists() and note.is_file() and note.read_text() == _digest(peer)
