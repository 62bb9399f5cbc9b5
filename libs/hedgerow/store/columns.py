"""Column types and shorthands the tables share; portable between SQLite and PostgreSQL."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator


class DecimalText(TypeDecorator[Decimal]):
    """A Decimal kept exactly, as text: no database rounds it."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> str | None:
        """The text stored; None stays NULL."""
        return None if value is None else str(value)

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> Decimal | None:
        """The Decimal read back; NULL stays None."""
        return None if value is None else Decimal(value)


# SQLite counts up only in a column typed INTEGER; elsewhere a sequence must be 64 bits wide.
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def key(name: str) -> sa.Column[str]:
    """A text column of the primary key."""
    return sa.Column(name, sa.Text, primary_key=True)


def sequence(name: str, *, counted: bool = True) -> sa.Column[int]:
    """The integer primary key; `counted` lets the database number the rows, never reusing one."""
    return sa.Column(name, SEQUENCE, primary_key=True, autoincrement=counted)


def text(name: str, *, unique: bool = False, index: bool = False) -> sa.Column[str]:
    """Text, empty when there is nothing to say; a unique one is required."""
    if unique:
        return sa.Column(name, sa.Text, nullable=False, unique=True)
    return sa.Column(name, sa.Text, nullable=False, server_default=sa.text("''"), index=index)


def whole(name: str, *, index: bool = False) -> sa.Column[int]:
    """A 64-bit integer, zero when unset; times are ns UTC and end in `_ns`."""
    return sa.Column(name, sa.BigInteger, nullable=False, server_default="0", index=index)


def flag(name: str) -> sa.Column[bool]:
    """True or false, false when unset."""
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())


def decimal(name: str) -> sa.Column[Decimal]:
    """An exact number that is always known, zero when unset."""
    return sa.Column(name, DecimalText, nullable=False, server_default="0")


def decimal_or_null(name: str) -> sa.Column[Decimal]:
    """An exact number, NULL while unknown."""
    return sa.Column(name, DecimalText, nullable=True)


def real_or_null(name: str) -> sa.Column[float]:
    """A market-data float, NULL while unknown."""
    return sa.Column(name, sa.Float, nullable=True)


def document(name: str) -> sa.Column[Any]:
    """A JSON document; an empty object when unset."""
    return sa.Column(name, sa.JSON, nullable=False, server_default="{}")
