"""Finished groups of a long run, kept as they come: a run that was ended goes on from its file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hedgerow.domain.errors import InvalidValue
from hedgerow.torture.plan import Group
from hedgerow.torture.pool import Failure, Tally


class Ledger:
    """One JSON object per line: what run it is, then each finished group; a torn last line is dropped.

    `run` says what makes cases comparable: seed and commit. Raises InvalidValue for a file of another run.
    """

    def __init__(self, path: Path, run: dict[str, Any]) -> None:
        self._path = path
        self.tallies: dict[str, Tally] = {}
        self.seconds = 0.0
        """Wall seconds of the runs before, up to their last finished group."""
        self._done: set[tuple[str, int, int]] = set()
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        whole = [line for line in lines if line.endswith("\n")]
        if whole:
            self._take_in(json.loads(whole[0]), [json.loads(line) for line in whole[1:]], run)
        else:
            whole = [json.dumps(run, sort_keys=True) + "\n"]
        if whole != lines:
            path.write_text("".join(whole))

    def _take_in(self, kept: dict[str, Any], groups: list[dict[str, Any]], run: dict[str, Any]) -> None:
        if kept != run:
            differing = ", ".join(sorted(key for key in {*kept, *run} if kept.get(key) != run.get(key)))
            rule = f"the ledger of a run with the same {differing}"
            raise InvalidValue("--ledger", str(self._path), rule, "name another file, or remove this one")
        for each in groups:
            tally = each["tally"]
            tally["failures"] = [Failure(**failure) for failure in tally["failures"]]
            self.tallies.setdefault(each["family"], Tally()).add(Tally(**tally))
            self._done.add((each["family"], each["seed"], each["count"]))
            self.seconds = each["at"]

    def still_to_do(self, groups: Iterator[Group]) -> Iterator[Group]:
        """Those that are not in the file."""
        return (group for group in groups if (group.family, group.seed, group.count) not in self._done)

    def with_those(self, tallies: dict[str, Tally]) -> dict[str, Tally]:
        """All cases: the file's, and those of this run."""
        total: dict[str, Tally] = {}
        for each in (self.tallies, tallies):
            for name, tally in each.items():
                total.setdefault(name, Tally()).add(tally)
        return total

    def keep(self, group: Group, tally: Tally, elapsed: float) -> None:
        """Appends one finished group; `elapsed` is wall seconds since this run began."""
        document = {
            "family": group.family, "seed": group.seed, "count": group.count, "at": self.seconds + elapsed,
            "tally": asdict(tally),
        }  # fmt: skip
        with self._path.open("a") as file:
            file.write(json.dumps(document) + "\n")
