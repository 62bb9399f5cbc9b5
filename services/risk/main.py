"""Starts risk: the only place its parts are wired."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

from hedgerow.api.portfolio.v1 import portfolio_pb2
from hedgerow.api.risk.v1 import risk_pb2_grpc
from hedgerow.domain.errors import Unavailable
from hedgerow.rpc.positions import follow_positions
from hedgerow.rpc.process import ProcessContext, run_process
from hedgerow.rpc.together import run_together
from hedgerow.store.engine import acquire_epoch, open_store
from hedgerow.store.transferred import Transferred
from services.risk.config import RiskConfig
from services.risk.domain.desk import NS_PER_S, RiskDesk
from services.risk.records import RiskRecords
from services.risk.reports import follow_reports
from services.risk.server import SERVICE_NAME, RiskServer
from services.risk.service import RiskService

SILENCE_BEATS = 10
"""Heartbeats portfolio may miss."""


async def compose(context: ProcessContext) -> None:
    """Opens risk.db, restores what it knows, serves until stopped."""
    config = RiskConfig.of(context.settings)
    clock = context.clock
    store = open_store(context.store, "risk")
    epoch = acquire_epoch(store, "risk")
    records = RiskRecords(store)
    try:
        records.keep_spans(context.settings.telemetry)
        rules = config.rule_set(records.rule_set_version(config.rule_set(1).hash))
        desk = RiskDesk(
            rules,
            epoch,
            approval_ttl_ns=int(config.limits.approval_ttl_s * NS_PER_S),
            settle_ns=int(config.approval_settle_s * NS_PER_S),
            answers_kept=config.answers_kept,
        )
        service = RiskService(desk, records, config.behind_wait_ms / 1000)
        service.restore(
            records.recent_answers(config.answers_restored), records.trading_state(), records.state_requests()
        )
        transferred = Transferred(options=True)
        with suppress(Unavailable):  # a file nobody can read: portfolio itself will tell
            await asyncio.to_thread(transferred.read, context.store)
        desk.exposure.transfer(transferred.held)

        def take(message: portfolio_pb2.StreamPositionsResponse) -> None:
            transferred.take(message)
            if message.WhichOneof("event") in ("snapshot", "position"):
                desk.exposure.transfer(transferred.held)

        context.log.info("rules in force", version=rules.version, hash=rules.hash, epoch=epoch)
        server = context.server()
        servicer = RiskServer(service, clock, config.heartbeat_s)
        server.add_service(SERVICE_NAME, risk_pb2_grpc.add_RiskServiceServicer_to_server, servicer)
        server.on_closing(servicer.close)
        server.on_closing(service.breaches.close)
        await run_together(
            server.serve(),
            service.record(),
            follow_reports(context.channel("execution"), service, config.heartbeat_s),
            follow_positions(context.channel("portfolio"), take, SILENCE_BEATS * config.heartbeat_s),
        )
        service.record_now()
    finally:
        await records.close()


def main(argv: list[str] | None = None) -> int:
    """Runs the process; returns its exit code."""
    return run_process("risk", compose, argv)


if __name__ == "__main__":
    sys.exit(main())
