"""One simulated system, watched: its spans go to a collector, every process serves metrics, logs tell of calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from hedgerow.cli.ports import free_ports
from tests.integration.telemetry.collector import Collector, collecting
from tests.system import System, until


class Watched(NamedTuple):
    """The running system, its collector, and the first order that filled."""

    system: System
    collector: Collector
    order: dict[str, str]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """`hedgerow up --sim` until a hedge is filled, paid and booked."""
    [port] = free_ports(1)
    headers = tmp_path_factory.mktemp("otlp") / "headers"
    headers.write_text("# a token\nx-tenant: hedgerow\n")
    sets = (
        f"telemetry.otlp_endpoint=http://127.0.0.1:{port}",
        f"telemetry.otlp_headers_file={headers}",
        "telemetry.log_level=DEBUG",
    )
    home: Path = tmp_path_factory.mktemp("watched") / "home"
    with collecting(port) as collector, System(home, "--sim", sets=sets) as system:
        system.await_state("RUNNING", "RUNNING_SUSPENDED")
        order = until(lambda: _filled(system, collector), "a hedge filled and every span of it kept and exported", 90)
        yield Watched(system, collector, order)


def _filled(system: System, collector: Collector) -> dict[str, str]:
    """The first order that is filled and whose commission portfolio has kept a span of and exported."""
    rows = system.query(
        "execution",
        "select o.client_order_id, o.intent_id from orders o join fills f using (client_order_id) "
        "where o.order_status = 'FILLED' and f.commission is not null order by o.sequence limit 1",
    )
    if not rows:
        return {}
    kept = system.query("portfolio", "select * from spans where intent_id = ?", rows[0]["intent_id"])
    sent = [one for one in collector.spans if one.attributes.get("intent_id") == rows[0]["intent_id"]]
    processes = {one.process for one in sent}
    whole = {span["name"] for span in kept} >= {"book_fill", "book_commission"} and len(processes) == 5
    return rows[0] if whole else {}
