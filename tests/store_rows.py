"""Rows of a strategy's histories, and their tables on PostgreSQL."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from hedgerow.store.tables import METADATA

SCHEMA = "test-strategy"


def make_tables(url: str) -> None:
    """A strategy's tables in `SCHEMA`."""
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(SCHEMA))
        made = connection.execution_options(schema_translate_map={None: SCHEMA})
        METADATA["strategy"].create_all(made)
    engine.dispose()


def decision(number: int) -> dict[str, Any]:
    """The `number`-th decision record."""
    return {
        "sequence": number,
        "wall_ns": number,
        "market_ns": number,
        "cause": "QUOTE",
        "net_delta": None,
        "spot": 100.5,
        "record": {"text": "première", "sequence": number},
    }


def snapshot(number: int) -> dict[str, Any]:
    """A snapshot taken at `number` ns; the table counts it."""
    return {
        "strategy": "gamma-scalper",
        "ts": number,
        "market_ns": number,
        "status_lamp": "green",
        "daemon_state": "RUNNING",
        "spot": 100.5,
        "net_delta": -3,
        "snapshot": {"ts": number, "daemon_state": "RUNNING"},
    }
