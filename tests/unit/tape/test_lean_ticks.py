"""Consolidation of ticks: whose quotes they are, what withdraws one, and what is written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hedgerow.tape.lean_ticks import TickFeed, consolidate

EXCHANGES, NATIONAL_BEST = TickFeed.EXCHANGES, TickFeed.NATIONAL_BEST


def best(rows: list[str], feed: TickFeed | None = EXCHANGES, chunk: int = 1 << 20) -> list[list[int]]:
    text = "\n".join(rows).encode()
    rows_found: list[list[int]] = consolidate(
        "file", [text[at : at + chunk] for at in range(0, len(text), chunk)], feed
    ).rows.tolist()
    return rows_found


def bid(ms: int, price: int, size: int, exchange: str, suspicious: int = 0) -> str:
    return f"{ms},{price},{size},0,0,{exchange},1,{suspicious}"


def ask(ms: int, price: int, size: int, exchange: str) -> str:
    return f"{ms},0,0,{price},{size},{exchange},1,0"


def test_the_highest_bid_and_the_lowest_ask_win() -> None:
    rows = [bid(1, 100, 5, "Q"), ask(2, 110, 6, "Q"), bid(3, 101, 7, "N"), ask(4, 112, 8, "N"), ask(5, 109, 9, "P")]
    assert best(rows) == [[1, 100, 5, 0, 0], [2, 100, 5, 110, 6], [3, 101, 7, 110, 6], [5, 101, 7, 109, 9]]


def test_sizes_at_the_best_add_up() -> None:
    rows = [bid(1, 100, 5, "Q"), bid(2, 100, 7, "N"), bid(3, 99, 50, "P"), bid(4, 100, 1, "Q")]
    assert [row[1:3] for row in best(rows)] == [[100, 5], [100, 12], [100, 8]]


@pytest.mark.parametrize("withdrawal", ["2,101,0,0,0,N,1,0", "2,0,5,0,0,N,1,0", "2,0,0,0,0,N,1,0"])
def test_an_exchange_that_withdraws_leaves_the_next_best(withdrawal: str) -> None:
    rows = [bid(1, 100, 5, "Q"), bid(1, 101, 7, "N"), withdrawal]
    assert best(rows)[-1] == [2, 100, 5, 0, 0]


def test_the_last_quote_withdrawn_leaves_an_empty_side() -> None:
    assert best([bid(1, 100, 5, "Q"), bid(2, 100, 0, "Q")]) == [[1, 100, 5, 0, 0], [2, 0, 0, 0, 0]]


def test_suspicious_rows_count_for_nothing() -> None:
    assert best([bid(1, 100, 5, "Q"), bid(2, 999, 5, "Q", suspicious=1)]) == [[1, 100, 5, 0, 0]]


def test_a_row_that_changes_nothing_writes_nothing() -> None:
    assert len(best([bid(1, 100, 5, "Q"), bid(2, 100, 5, "Q"), bid(3, 98, 5, "N"), bid(4, 97, 5, "N")])) == 1


def test_a_row_of_two_sides_is_one_change() -> None:
    assert best(["1,100,5,101,6,NYSE,1,0"]) == [[1, 100, 5, 101, 6]]


def test_exchange_names_are_told_apart() -> None:
    rows = [bid(1, 100, 5, "NASDAQ"), bid(1, 101, 5, "NASDAR"), bid(2, 90, 5, "NASDAR")]
    assert best(rows)[-1][1] == 100


@pytest.mark.parametrize("chunk", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize("feed", list(TickFeed))
def test_chunks_may_cut_anywhere(chunk: int, feed: TickFeed) -> None:
    rows = [bid(1, 100, 5, "Q"), ask(1, 110, 6, "N"), bid(3, 101, 7, "N"), ask(3, 110, 6, "N"), bid(4, 99, 1, "Q")]
    assert best(rows, feed, chunk) == best(rows, feed)


def test_an_empty_file() -> None:
    assert best([], None) == []


def test_stated_best_forgets_the_exchange_that_was_best() -> None:
    """The feed says the best bid fell to 99 on N: Q's 100, never withdrawn, is not the best any more."""
    rows = [bid(1, 100, 5, "Q"), ask(1, 110, 6, "N"), bid(2, 99, 7, "N"), ask(2, 110, 6, "N")]
    assert best(rows, NATIONAL_BEST) == [[1, 100, 5, 110, 6], [2, 99, 7, 110, 6]]


def test_a_statement_is_one_change_and_alone_it_counts_too() -> None:
    rows = [bid(1, 100, 5, "Q"), ask(1, 101, 6, "N"), ask(2, 103, 6, "N"), bid(3, 102, 5, "Q"), ask(4, 104, 6, "N")]
    assert best(rows, NATIONAL_BEST) == [
        [1, 100, 5, 101, 6], [2, 100, 5, 103, 6], [3, 102, 5, 103, 6], [4, 102, 5, 104, 6],
    ]  # fmt: skip


def test_stated_best_may_be_none() -> None:
    rows = [bid(1, 100, 5, "Q"), ask(1, 101, 6, "N"), "2,0,0,0,0,N,1,0", bid(3, 100, 0, "Q"), ask(3, 101, 6, "N")]
    assert best(rows, NATIONAL_BEST) == [[1, 100, 5, 101, 6], [2, 0, 0, 0, 0], [3, 0, 0, 101, 6]]


def stated(count: int) -> list[str]:
    """Pairs of the market's best, one side moving at a time, often on two exchanges."""
    rows = []
    for n in range(count):
        rows += [bid(n, 100 + n // 2, 5, "QNP"[n // 2 % 3]), ask(n, 201 + (n + 1) // 2, 6, "QNP"[(n + 1) // 2 % 3])]
    return rows


def own_quotes(count: int) -> list[str]:
    """Pairs of each exchange's own two sides."""
    rows = []
    for n in range(count):
        rows += [bid(n, 100 + n % 7, 5, "QNP"[n % 3]), ask(n, 201 + n % 5, 6, "QNP"[n % 3])]
    return rows


def test_the_feed_is_told_from_its_rows() -> None:
    def feed(rows: list[str]) -> TickFeed:
        return consolidate("file", ["\n".join(rows).encode()]).feed

    assert feed(stated(50)) is NATIONAL_BEST
    assert feed([ask(0, 201, 5, "Q"), *stated(50)]) is NATIONAL_BEST
    assert feed(own_quotes(50)) is EXCHANGES
    assert feed([bid(n, 100 + n, 5, "QNP"[n % 3]) for n in range(50)]) is EXCHANGES
    assert feed(stated(3)) is EXCHANGES  # too few to tell: what the format says, one exchange's side per row
    assert feed([]) is EXCHANGES


def test_without_a_place_for_compiled_code_it_still_imports(repo_root: Path) -> None:
    script = """
from hedgerow.tape.lean_ticks import consolidate
print(consolidate("file", [b"1,100,5,0,0,Q,1,0\\n"]).rows.tolist())
"""
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    # The one place numba may look for is the one the environment does not name, as on a read-only install.
    environment |= {
        "PYTHONPATH": str(repo_root / "libs"),
        "NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator",
    }
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.stdout.strip() == "[[1, 100, 5, 0, 0]]", done.stderr


def test_numba_is_only_brought_by_ticks(repo_root: Path) -> None:
    script = """
import sys
import hedgerow.tape.lean, hedgerow.tape.info, hedgerow.tape.synth, hedgerow.tape.select, hedgerow.tape.writer
sys.exit("numba" in sys.modules or "exchange_calendars" in sys.modules)
"""
    environment = {**os.environ, "PYTHONPATH": str(repo_root / "libs")}
    assert subprocess.run([sys.executable, "-c", script], env=environment, timeout=60, check=False).returncode == 0
