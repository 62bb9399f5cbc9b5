"""Starts execution: the only place its parts are wired."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from hedgerow.api.execution.v1 import execution_pb2_grpc
from hedgerow.domain.execution_report import ExecutionReport
from hedgerow.failpoints import failpoint
from hedgerow.ib.link import IbLink, Recovery
from hedgerow.rpc.process import ProcessContext, run_process
from hedgerow.rpc.together import run_together
from hedgerow.store.engine import acquire_epoch, open_store
from hedgerow.store.head_file import HeadFile
from hedgerow.store.journal import JournalWriter
from hedgerow.store.spans import SpanStore
from hedgerow.store.writer import make_log_room
from services.execution.barrier import Barrier
from services.execution.broker import IbBroker
from services.execution.commands import POLL_S, OperatorCommands
from services.execution.config import ExecutionConfig
from services.execution.domain.ledger import Ledger
from services.execution.feed import Feed
from services.execution.flatten import Flattener
from services.execution.flatten_answers import FlattenAnswers
from services.execution.flatten_breaks import Breaks
from services.execution.flatten_orders import ClosingOrders
from services.execution.flatten_view import FlattenView
from services.execution.follow import Follower
from services.execution.holdings import PortfolioHoldings
from services.execution.order_log import OrderLog, rebuild
from services.execution.quotes import QuoteSource
from services.execution.risk_client import RiskClient
from services.execution.server import SERVICE_NAME, ExecutionServer
from services.execution.service import ExecutionService
from services.execution.submit import Submitter

ROLE = "execution"
SILENCE_BEATS = 6


async def compose(context: ProcessContext) -> None:
    """Rebuilds the book from the journal, then serves until stopped; the broker may come and go."""
    config, clock = ExecutionConfig.of(context.settings), context.clock
    failpoint("execution.open")
    # The writer's lock is the lease: a second process is refused here. A file's is held to the end; a server can lose
    # one while its process lives, and between a commit and its frame only `held` would tell.
    store = open_store(context.store, ROLE)
    writer = None
    spans = None
    link = None
    operator = None
    try:
        epoch = acquire_epoch(store, ROLE)
        failpoint("execution.epoch")
        ledger = Ledger()
        events = rebuild(store, ledger)
        context.log.info("book rebuilt", events=events, open_orders=len(ledger.book.open), epoch=epoch)
        failpoint("execution.rebuilt")
        make_log_room(store)
        journal = writer = JournalWriter(store, epoch, HeadFile(context.state.journal_head_file))
        if journal.cut_short:
            context.log.error("journal does not fit the head kept from before", problem=journal.cut_short)
        spans = SpanStore(store, lambda rows: journal.append((), rows), context.settings.telemetry)
        feed = Feed(store, ledger.book, lambda: log.published)

        def publish(reports: Sequence[ExecutionReport]) -> None:
            feed.publish(reports)
            flattener.on_reports(reports)

        log = OrderLog(writer, ledger, publish, lambda: service.on_journal_failed())
        link = IbLink(config.broker, config.broker.client_ids.execution, ROLE, clock)
        broker = IbBroker(link, lambda event: follower.on_event(event))
        barrier = Barrier(log, broker, clock, config.ack_timeout_s)
        follower = Follower(log, barrier, clock, lambda difference: service.unplaced(difference))
        risk = RiskClient(
            context.channel("risk"), config.risk_timeout_s, lambda: service.resync(),
            lambda: service.on_risk(risk.connected),
        )  # fmt: skip
        submitter = Submitter(config, clock, log, broker, risk, barrier, epoch, store.held)
        view = FlattenView(config, ledger.book, barrier, submitter)
        holdings = PortfolioHoldings(context.channel("portfolio"), config.rpc_timeout_s)
        quotes = QuoteSource(context.channel("market-data"), clock, config.replay, config.flatten_quote_s)
        answers = FlattenAnswers(log, clock, context.store)
        flattener = Flattener(
            clock, log, view, Breaks(ledger.book, barrier, view, holdings, config.break_settle_s),
            ClosingOrders(config, clock, log, submitter, quotes), holdings, answers,
            lambda name, reason: service.cancel(name, reason), lambda: service.tell_state(),
        )  # fmt: skip
        silence_s = SILENCE_BEATS * config.heartbeat_s
        operator = OperatorCommands(
            context.channel("control"), context.store, store, log, flattener, answers, silence_s
        )  # fmt: skip
        service = ExecutionService(config, clock, log, broker, submitter, barrier, feed, epoch, flattener)

        async def recover(_: Recovery) -> None:
            await service.recover()
            await risk.resync()

        link.add_recovery(recover)
        link.add_state_listener(service.on_link)
        server = context.server()
        server.add_service(
            SERVICE_NAME, execution_pb2_grpc.add_ExecutionServiceServicer_to_server,
            ExecutionServer(service, clock, config.heartbeat_s),
        )  # fmt: skip
        server.on_closing(lambda _: service.close())
        server.on_closing(feed.broadcast.close)
        listening = (operator.channel.listen(), operator.channel.follow_store(POLL_S))
        await run_together(server.serve(), _keep(link), risk.run(), service.watch(), flattener.run(), *listening)
    finally:
        if link is not None:
            await link.close()
        if operator is not None:
            operator.channel.close()
        if spans is not None:
            await spans.close()
        if writer is not None:
            await writer.close()
        store.close()


async def _keep(link: IbLink) -> None:
    """The link's supervision as one of the process's tasks: its crash is the process's."""
    task = link.start()
    await asyncio.shield(task)


def main(argv: list[str] | None = None) -> int:
    """Runs the process; returns its exit code."""
    return run_process(ROLE, compose, argv)


if __name__ == "__main__":
    sys.exit(main())
