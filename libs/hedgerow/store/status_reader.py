"""The current snapshot of a strategy, polled: read again only when it may have changed."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from hedgerow.domain.errors import HedgerowError, InvalidValue, NotFound
from hedgerow.store.backend import Version
from hedgerow.store.engine import open_store, watch
from hedgerow.store.location import Place
from hedgerow.store.tables import METADATA


class StatusReader:
    """One strategy's row of `status_current`, whether its daemon lives or not."""

    def __init__(self, place: Place, strategy: str) -> None:
        self._place = place
        self._strategy = strategy
        self._owner = f"strategy-{strategy}"
        self._watch = watch(place, self._owner, "status_current", "ts")
        self._version: Version | None = None
        self._snapshot: dict[str, Any] | None = None

    def read(self) -> dict[str, Any] | None:
        """The snapshot, None before the first; raises Unavailable or InvalidValue when it cannot be read."""
        try:
            version = self._watch.version()
            if version is None or version != self._version:
                self._snapshot = None if version is None else self._row()
        except HedgerowError:
            self._version = None
            raise
        self._version = version
        return self._snapshot

    def close(self) -> None:
        """Lets go of the database."""
        self._watch.close()

    def _row(self) -> dict[str, Any] | None:
        current = METADATA["strategy"].tables["status_current"]
        # As text where the driver gives text: what does not decode is told of here.
        query = sa.select(sa.type_coerce(current.c.snapshot, sa.Text)).where(current.c.strategy == self._strategy)
        try:
            with open_store(self._place, self._owner, read_only=True) as store, store.read() as connection:
                row = connection.execute(query).first()
        except NotFound:
            return None
        return None if row is None else document(row[0], f"{self._owner} of {self._place}")


def document(value: Any, source: str) -> dict[str, Any]:
    """A JSON object, decoded or not; raises InvalidValue naming its source for anything else."""
    try:
        decoded = json.loads(value) if isinstance(value, str) else value
    except json.JSONDecodeError as error:
        raise InvalidValue("snapshot", source, "a JSON object") from error
    if not isinstance(decoded, dict):
        raise InvalidValue("snapshot", source, "a JSON object")
    return decoded
