"""Row writes as values: which table, which columns, how; compiled once per shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from hedgerow.domain.errors import InvalidValue, NotFound
from hedgerow.store.backend import Cursor
from hedgerow.store.engine import Store


class WriteMode(StrEnum):
    """What to do with the row; all but INSERT go by the table's primary key."""

    INSERT = "INSERT"  # a row of that key must not exist: AlreadyExists
    IGNORE = "IGNORE"  # leave a row that exists as it is
    UPSERT = "UPSERT"  # insert, or set the given columns of the row that exists
    UPDATE = "UPDATE"  # set the given columns; the row must exist: NotFound
    DELETE = "DELETE"  # take the row away if it is there


@dataclass(frozen=True, slots=True)
class EventSequence:
    """Stands in a row for the journal sequence of the `offset`-th event appended with it."""

    offset: int = 0


@dataclass(frozen=True, slots=True)
class Write:
    """One row of `table`, `values` by column name: Decimal and enum become text, dict and list JSON."""

    table: str
    values: Mapping[str, Any]
    mode: WriteMode = WriteMode.INSERT


@dataclass(frozen=True, slots=True)
class PreparedWrite:
    """A write checked against its table and turned into statement and parameters."""

    table: str
    statement: str
    parameters: tuple[Any, ...]
    must_exist: bool
    awaits_sequence: bool

    def execute(self, cursor: Cursor, sequences: Sequence[int] = ()) -> None:
        """Runs it inside the open transaction; raises NotFound when a row to update is missing."""
        parameters = self.parameters
        if self.awaits_sequence:
            parameters = tuple(sequences[p.offset] if type(p) is EventSequence else p for p in parameters)
        cursor.execute(self.statement, parameters)
        if self.must_exist and cursor.rowcount == 0:
            raise NotFound(f"{self.table}: no row to update")


class WriteCompiler:
    """Turns Writes into statements of one store, each shape compiled once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._dialect = store.backend.dialect
        self._plans: dict[tuple[str, WriteMode, tuple[str, ...]], tuple[str, tuple[str, ...]]] = {}

    def prepare(self, write: Write) -> PreparedWrite:
        """Checks table and columns; raises InvalidValue or NotFound before anything is queued."""
        shape = (write.table, write.mode, tuple(write.values))
        plan = self._plans.get(shape)
        if plan is None:
            plan = self._plans[shape] = self._compile(*shape)
        statement, names = plan
        values = write.values
        parameters = tuple([to_database(values[name]) for name in names])
        awaits = any(type(p) is EventSequence for p in parameters)
        return PreparedWrite(write.table, statement, parameters, write.mode is WriteMode.UPDATE, awaits)

    def _compile(self, name: str, mode: WriteMode, columns: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        table = self._store.table(name)
        keys = [column.name for column in table.primary_key]
        for column in columns:
            if column not in table.c:
                raise InvalidValue(f"{name}.{column}", column, f"one of: {', '.join(table.c.keys())}")
        needs_key = mode in (WriteMode.UPDATE, WriteMode.DELETE, WriteMode.UPSERT)
        missing = [key for key in keys if key not in columns]
        if needs_key and missing:
            raise InvalidValue(f"{name}.{missing[0]}", None, f"{mode.value} needs the whole primary key")
        statement = _statement(table, mode, columns, keys, self._dialect.name)
        compiled = statement.compile(dialect=self._dialect, column_keys=None)
        return str(compiled), tuple(bind.removeprefix("_") for bind in compiled.positiontup or ())


def _statement(
    table: sa.Table, mode: WriteMode, columns: tuple[str, ...], keys: list[str], dialect: str
) -> sa.sql.dml.UpdateBase:
    binds: dict[str, Any] = {c: sa.bindparam(f"_{c}", type_=sa.types.NullType()) for c in columns}
    rest = [column for column in columns if column not in keys]
    here = sa.and_(sa.true(), *(table.c[key] == binds[key] for key in keys if key in binds))
    if mode is WriteMode.DELETE:
        return table.delete().where(here)
    if mode is WriteMode.UPDATE:
        if not rest:
            raise InvalidValue(table.name, list(columns), "an UPDATE sets at least one column")
        return table.update().where(here).values({c: binds[c] for c in rest})
    if mode is WriteMode.INSERT:
        return table.insert().inline().values(binds)
    build: Callable[[sa.Table], Any] = postgresql.insert if dialect == "postgresql" else sqlite.insert
    insert = build(table).inline().values(binds)
    if mode is WriteMode.IGNORE or not rest:
        return insert.on_conflict_do_nothing(index_elements=keys)  # type: ignore[no-any-return]
    return insert.on_conflict_do_update(  # type: ignore[no-any-return]
        index_elements=keys, set_={column: insert.excluded[column] for column in rest}
    )


def to_database(value: Any) -> Any:
    """The value as drivers take it: Decimal and enum as text, dict and list as JSON text, NaN as NULL."""
    kind = type(value)
    if kind is str or kind is int or value is None:
        return value
    if kind is float:
        return value if value == value else None  # not a number is not known
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping | list | tuple):
        return canonical_json(value)
    return value


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values, equal text.

    Decimals become strings. Raises InvalidValue for NaN, infinities and unknown types.
    """
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise InvalidValue("payload", str(value)[:200], f"values JSON can hold: {error}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not one")
