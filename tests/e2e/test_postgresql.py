"""A whole system whose state is in PostgreSQL: it trades, is read from outside, and outlives its server."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from hedgerow.store.engine import open_store
from hedgerow.store.journal import verify_chain
from hedgerow.store.location import location_of
from tests.postgres import Server
from tests.system import System, until

pytestmark = pytest.mark.timeout(400)
DAEMON = "strategy-gamma-scalper"


@pytest.fixture(scope="module")
def system(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """`hedgerow up --sim` with a store.url and nothing else, after the daemon's first hedge."""
    with postgres_server.database() as url:
        home = tmp_path_factory.mktemp("postgresql") / "home"
        with System(home, "--sim", "--speed", "20", sets=(f"store.url={url}",)) as system:
            system.await_state("RUNNING", "RUNNING_SUSPENDED")
            filled = "select execution_id from fills where strategy = ?"
            until(lambda: system.query("execution", filled, system.strategy), "a hedge", 120)
            yield system


def test_every_process_writes_into_a_schema_of_its_own(system: System) -> None:
    assert list(system.state.store_dir.iterdir()) == []
    schemas = system.query("execution", "select nspname from pg_namespace where nspname like 'live_%'")
    assert sorted(row["nspname"] for row in schemas) == [
        "live_control", "live_execution", "live_portfolio", "live_risk", "live_strategy_gamma_scalper",
    ]  # fmt: skip
    (order,) = system.query("execution", "select * from orders where order_status = 'FILLED' order by sequence limit 1")
    (fill, *_) = system.query("execution", "select * from fills where client_order_id = ?", order["client_order_id"])
    assert fill["strategy"] == system.strategy
    assert system.query("portfolio", "select 1 as one from fills where sequence = ?", fill["sequence"])
    assert system.query("risk", "select 1 as one from verdicts where intent_id = ?", order["intent_id"])
    assert system.query(DAEMON, "select 1 as one from decisions where intent_id = ?", order["intent_id"])
    with open_store(location_of(system.state), "execution", read_only=True) as store:
        assert verify_chain(store) is None


def test_the_command_line_reads_it(system: System) -> None:
    status = json.loads(system.run("status", "live", "--json").stdout)
    assert [snapshot["strategy"] for snapshot in status] == [system.strategy]
    operations = json.loads(system.run("operations", "live", "--type", "FILL", "--json").stdout)
    assert "FILL" in json.dumps(operations)
    stats = system.run("stats", "live", "--json")
    assert stats.returncode == 0, stats.stderr
    assert system.strategy in stats.stdout


def test_a_server_that_dies_stops_trading_only_and_is_found_again(system: System, postgres_server: Server) -> None:
    postgres_server.crash()
    done = system.run("status", "live")
    assert done.returncode == 2
    assert "cannot be used" in done.stderr
    assert system.run("healthcheck", "live").returncode == 0  # every process lives on
    postgres_server.start()
    snapshot = system.await_snapshot("a snapshot after the outage", lambda s: s["status_lamp"] == "red")
    assert "JOURNAL_UNAVAILABLE" in snapshot["block_reasons"]  # until execution is started again
    paused = system.run("pause", "live")
    assert paused.returncode == 0, paused.stdout + paused.stderr
    system.await_state("RUNNING_SUSPENDED")
