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

    Each group says which commit it was run on. Raises InvalidValue for a file of another seed.
    """

    def __init__(self, path: Path, seed: int, commit: str) -> None:
        self._path, self._commit = path, commit
        self.tallies: dict[str, Tally] = {}
        self.commits: dict[str, int] = {}
        """Cases by the commit they were run on."""
        self.seconds = 0.0
        """Wall seconds of the runs before, up to their last finished group."""
        self._done: set[tuple[str, int, int]] = set()
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        whole = [line for line in lines if line.endswith("\n")]
        if whole:
            self._take_in(json.loads(whole[0])["seed"], [json.loads(line) for line in whole[1:]], seed)
        else:
            whole = [json.dumps({"seed": seed}) + "\n"]
        if whole != lines:
            path.write_text("".join(whole))

    def _take_in(self, kept: int, groups: list[dict[str, Any]], seed: int) -> None:
        if kept != seed:
            rule = f"the ledger of a run with seed {seed}; this one has {kept}"
            raise InvalidValue("--ledger", str(self._path), rule, "name another file, or the same --seed")
        for each in groups:
            tally = each["tally"]
            tally["failures"] = [Failure(**failure) for failure in tally["failures"]]
            self.tallies.setdefault(each["family"], Tally()).add(Tally(**tally))
            self.commits[each["commit"]] = self.commits.get(each["commit"], 0) + tally["cases"]
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
            "commit": self._commit, "tally": asdict(tally),
        }  # fmt: skip
        self.commits[self._commit] = self.commits.get(self._commit, 0) + tally.cases
        with self._path.open("a") as file:
            file.write(json.dumps(document) + "\n")
