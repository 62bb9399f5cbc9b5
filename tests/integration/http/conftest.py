"""The system this folder asks over HTTP: one per module, its market standing still."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hedgerow.ibsim.admin import admin_call
from tests.system import System, until


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """`hedgerow up --sim` that has hedged once; then market time is stopped, so that two answers can be compared."""
    with System(tmp_path_factory.mktemp("http") / "home", "--sim", "--speed", "60") as system:
        system.await_state("RUNNING")
        until(lambda: system.query("execution", "select * from orders where order_status = 'FILLED'"), "a hedge", 90)
        admin_call(system.admin_port, "pause")
        until(lambda: settled(system), "no order is under way")
        yield system


def settled(system: System) -> bool:
    """Whether every order has ended, and risk and portfolio have written what they know of it."""
    ended = "('FILLED', 'CANCELED', 'REJECTED', 'DENIED')"
    if system.query("execution", f"select * from orders where order_status not in {ended}"):
        return False

    def rows(owner: str, table: str) -> int:
        return int(system.query(owner, f"select count(*) as n from {table}")[0]["n"])

    return rows("portfolio", "fills") == rows("execution", "fills") and rows("risk", "verdicts") >= rows(
        "execution", "orders"
    )
