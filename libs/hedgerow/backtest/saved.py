"""Runs on disk: the report and, where asked, every evaluation, in a folder per run under the state root."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hedgerow import state_dir
from hedgerow.backtest.columns import Columns, verdict_of
from hedgerow.backtest.run import BacktestRun
from hedgerow.domain.errors import InvalidValue
from hedgerow.strategy.codes import Gate, IntentAction, Verdict
from hedgerow.strategy.contract import CODES
from hedgerow.strategy.observation import ObservationCause

REPORT = "report.json"
_WORDS = {"cause": ObservationCause, "action": IntentAction, **CODES}
"""Columns of codes, which the file holds as words."""


def folder_of(run_id: str) -> Path:
    """Where a run is kept."""
    return state_dir.home() / "backtests" / run_id


def check_free(run_id: str, config_hash: str, tape_hash: str = "") -> None:
    """Raises InvalidValue where the run id is kept for another configuration or other data; an empty hash is not asked.

    What was run before may be run again, by another version of the code too: its report takes the old one's place.
    """
    path = folder_of(run_id) / REPORT
    if not path.exists():
        return
    try:
        kept = json.loads(path.read_bytes())
        hashes = (kept["config_hash"], kept["tape_hash"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        rule = f"a run id whose report can be read, to compare; {path} cannot"
        raise InvalidValue("--run-id", run_id, rule, "take another run id") from error
    for what, before, now in zip(("configuration", "data"), hashes, (config_hash, tape_hash), strict=True):
        if now and now != before:
            rule = f"an id for one run; a report of another {what} is kept under it"
            raise InvalidValue("--run-id", run_id, rule, "take another run id, or --no-save")


def write_whole(path: Path, content: bytes, key: str) -> None:
    """Writes a file whole or not at all; raises InvalidValue naming `key` where it cannot be written."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        try:
            part.write_bytes(content)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        rule = f"a file that can be written ({error.strerror or error})"
        raise InvalidValue(key, str(path), rule, "name a folder that exists and has room") from error


def decisions_of(run: BacktestRun) -> pa.Table:
    """Every evaluation of every strategy as a table, codes in words.

    `strategy`, the columns of the engine's decisions, `hedged` (an order left), `side` BUY or SELL or empty, and
    `guard`: the first gate that failed, empty when none did.
    """
    tables = [_table(each.config.name, each.result.decisions) for each in run.strategies]
    return pa.concat_tables(tables).unify_dictionaries()


def write_decisions(path: Path, run: BacktestRun) -> None:
    """Writes `decisions_of` as Parquet, the same bytes for the same run; raises InvalidValue."""
    sink = pa.BufferOutputStream()
    pq.write_table(decisions_of(run), sink, compression="zstd")
    write_whole(path, sink.getvalue().to_pybytes(), "--decisions")


def _table(strategy: str, decisions: Columns) -> pa.Table:
    rows = len(decisions["now"])
    columns: dict[str, pa.Array] = {"strategy": _words(np.zeros(rows, dtype=np.int8), [strategy])}
    for name, values in decisions.items():
        if name == "side":
            columns[name] = _words((values.astype(np.int8) + 3) % 3, ["", "BUY", "SELL"])
        elif name in _WORDS:
            kind = _WORDS[name]
            words = [kind(code).name if code in set(kind) else "" for code in range(max(kind) + 1)]
            columns[name] = _words(values, words)
        elif name != "verdicts":
            columns[name] = pa.array(values)
    columns["hedged"] = pa.array(decisions["action"] == IntentAction.SUBMIT)
    columns["guard"] = _words(_first_failing(decisions), ["", *(gate.name for gate in Gate)])
    return pa.table(columns)


def _first_failing(decisions: Columns) -> np.typing.NDArray[np.int8]:
    """1 + the first failing gate of each evaluation, 0 without one."""
    found = np.zeros(len(decisions["verdicts"]), dtype=np.int8)
    for gate in reversed(Gate):
        found[verdict_of(decisions["verdicts"], gate) == Verdict.FAIL] = gate + 1
    return found


def _words(codes: np.typing.NDArray[np.int8], words: list[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(words))
