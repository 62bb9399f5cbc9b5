"""How commands print: one JSON document with --json, else a table for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="Override a configuration key: key=value; repeat as needed.", metavar="KEY=VALUE"),
]
ConfigOption = Annotated[Path | None, typer.Option("--config", help="YAML configuration file.")]
SessionArgument = Annotated[
    str, typer.Argument(help="latest, live, a session's name or path.", metavar="[SESSION]", show_default=True)
]

_PIPE_WIDTH = 120
"""Columns when nobody's terminal says how wide it is."""


class ReaderGone(Exception):
    """Whoever read our output has gone, as `head` does; typer would make an exit code 1 of the OSError."""


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Tells the caller instead of ending the process with 1."""
        raise ReaderGone


console = _Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
messages = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: object) -> None:
    """Prints one JSON document on stdout."""
    try:
        print(json.dumps(value, indent=1, default=plain), flush=True)
    except BrokenPipeError as error:
        raise ReaderGone from error


def plain(value: object) -> object:
    """JSON form of values json does not know."""
    return value.value if isinstance(value, Enum) else str(value)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints rows under column headings."""
    table = Table(title=title, title_justify="left", header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, no_wrap=index == 0)
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console.print(table)


def print_pairs(title: str, pairs: Mapping[str, Any]) -> None:
    """Prints names and values in two columns."""
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column()
    for name, value in pairs.items():
        table.add_row(name, "" if value is None else str(value))
    console.print(table)


def wall_text(ns: int | None) -> str:
    """A time in ns UTC as ISO text with milliseconds."""
    if not ns:
        return ""
    return datetime.fromtimestamp(ns / 1e9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def progress() -> Progress:
    """A progress bar on stderr that leaves nothing behind."""
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(),
        console=messages, transient=True, disable=not messages.is_terminal,
    )  # fmt: skip
