"""Where a session's databases are: a folder of SQLite files, or the schemas of a PostgreSQL database."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from hedgerow.settings import Settings
from hedgerow.state_dir import StateDir

PREFIX_LIMIT = 30
NAME_LIMIT = 63
"""Bytes PostgreSQL keeps of an identifier."""


@dataclass(frozen=True, slots=True)
class StoreLocation:
    """`folder` (SQLite) or `url` (PostgreSQL, no password) is set; the session's schemas begin with `prefix`."""

    folder: Path | None = None
    url: str = ""
    prefix: str = ""

    def __str__(self) -> str:
        return f"{self.url} (schemas {self.prefix}*)" if self.folder is None else str(self.folder)

    def schema(self, owner: str) -> str:
        """The schema of an owner: its name in letters, digits and underscores, another one for every owner.

        `strategy-gamma-scalper` is `<prefix>strategy_gamma_scalper`; a name that could be mistaken for another's
        or is too long ends in a hash.
        """
        plain = self.prefix + owner.replace("-", "_")
        if re.fullmatch(r"[a-z0-9-]+", owner) and len(plain) <= NAME_LIMIT:
            return plain
        return _with_hash(re.sub(r"[^a-z0-9]", "_", plain), owner, NAME_LIMIT)


Place = StoreLocation | Path
"""What the store's functions take: a location, or simply a folder of SQLite files."""


def as_location(place: Place) -> StoreLocation:
    """The location itself; a path means a folder of SQLite files."""
    return StoreLocation(folder=place) if isinstance(place, Path) else place


def location_of(state: StateDir, settings: Settings | None = None) -> StoreLocation:
    """Where a session keeps its databases; its settings.json is read when `settings` are not given.

    Raises InvalidValue when that file is damaged; a folder without one holds SQLite files.
    """
    return _at("store", state, settings)


def status_location_of(state: StateDir, settings: Settings | None = None) -> StoreLocation:
    """Where the current view and history of a session's strategies are: its store, or the database of `status.sink`."""
    return _at("status", state, settings)


def _at(what: str, state: StateDir, settings: Settings | None) -> StoreLocation:
    if settings is None:
        if not state.settings_file.is_file():
            return StoreLocation(folder=state.store_dir)
        settings = Settings.read(state.settings_file)
    url = settings.store.url
    if what == "status" and settings.status.sink.startswith("postgresql://"):
        url = settings.status.sink
    if not url:
        return StoreLocation(folder=state.store_dir)
    return StoreLocation(url=url, prefix=prefix_of(state, settings))


def prefix_of(state: StateDir, settings: Settings) -> str:
    """How a session's schemas begin: `store.prefix`, else its folder's name: `live_`, `s20260102t120000z_1a2b3c_`."""
    if settings.store.prefix:
        return settings.store.prefix
    name = state.root.name
    plain = re.sub(r"[^a-z0-9]", "_", name.lower())
    if not plain[:1].isalpha():
        plain = f"s{plain}"
    if len(plain) >= PREFIX_LIMIT:
        plain = _with_hash(plain, name, PREFIX_LIMIT - 1)
    return f"{plain}_"


def _with_hash(text: str, of: str, limit: int) -> str:
    """The text cut to `limit` characters, ending in a hash of `of`."""
    digest = hashlib.sha256(of.encode()).hexdigest()[:8]
    return f"{text[: limit - 9]}_{digest}"
