"""One row committed by the database driver itself, WAL and synchronous=FULL: `PATH` names the database."""

from __future__ import annotations

import os
import sqlite3
import sys
import time

from tests.bench.floors.child import READY, say

PAYLOAD = "x" * 1200
"""As long as the journal's row of an admitted order."""


def main(path: str) -> None:
    """Tells CLOCK_MONOTONIC ns before each transaction and after its commit."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE journal (sequence INTEGER PRIMARY KEY, payload TEXT NOT NULL)")
    say(READY)
    while os.read(0, 1):
        started = time.monotonic_ns()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO journal (payload) VALUES (?)", (PAYLOAD,))
        connection.execute("COMMIT")
        say(started, time.monotonic_ns())
    connection.close()


if __name__ == "__main__":
    main(sys.argv[1])
