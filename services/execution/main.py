"""Starts execution: the only place its parts are wired."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial

from hedgerow.api.execution.v1 import execution_pb2_grpc
from hedgerow.catalog import GUARD
from hedgerow.clock import Clock
from hedgerow.domain.errors import Unavailable
from hedgerow.domain.execution_report import ExecutionReport
from hedgerow.failpoints import failpoint
from hedgerow.ib.kill import cancel_everything
from hedgerow.ib.link import IbLink, Recovery
from hedgerow.rpc.process import ProcessContext, run_process
from hedgerow.rpc.server import RpcServer
from hedgerow.rpc.standby import until_free
from hedgerow.rpc.together import run_together
from hedgerow.store.engine import acquire_epoch
from hedgerow.store.head_file import HeadFile
from hedgerow.store.journal import JournalWriter
from hedgerow.store.lease import Lease
from hedgerow.store.spans import SpanStore
from hedgerow.store.writer import make_log_room
from services.execution.barrier import Barrier
from services.execution.broker import IbBroker
from services.execution.caution import Caution
from services.execution.commands import POLL_S, OperatorCommands
from services.execution.config import ExecutionConfig
from services.execution.domain.ledger import Ledger
from services.execution.egress_latch import GUARD as EGRESS
from services.execution.egress_latch import EgressLatches
from services.execution.feed import Feed
from services.execution.flatten import Flattener
from services.execution.flatten_answers import FlattenAnswers
from services.execution.flatten_breaks import Breaks
from services.execution.flatten_orders import ClosingOrders
from services.execution.flatten_view import FlattenView
from services.execution.follow import Follower
from services.execution.frame_evidence import GuardEvidence
from services.execution.holdings import PortfolioHoldings
from services.execution.kill import Killer
from services.execution.latch_calls import LatchCalls
from services.execution.latch_file import LatchFile
from services.execution.latching import LatchDesk
from services.execution.order_log import OrderLog, rebuild
from services.execution.ports import FrameEvidence, NoFrameEvidence
from services.execution.quotes import QuoteSource
from services.execution.resolving import Resolver
from services.execution.risk_client import RiskClient
from services.execution.server import SERVICE_NAME, ExecutionServer
from services.execution.service import ExecutionService
from services.execution.submit import Submitter
from services.execution.writer import ROLE, Writing, keep, mark_beside, mark_of, open_as_writer

SILENCE_BEATS = 6


async def compose(context: ProcessContext) -> None:
    """Rebuilds the book from the journal, then serves until stopped; the broker may come and go."""
    config, clock = ExecutionConfig.of(context.settings), context.clock
    failpoint("execution.open")
    store = await open_as_writer(context)
    if store is None:
        return
    lease = Lease(store, context.settings.lease.seconds)
    writing = Writing(lease)
    keeping = asyncio.create_task(keep(lease), name="lease")
    writer = None
    spans = None
    link = None
    operator = None
    latch_file = None
    try:
        epoch = acquire_epoch(store, ROLE)
        failpoint("execution.epoch")
        ledger = Ledger()
        events = await asyncio.to_thread(rebuild, store, ledger)  # the lease is kept meanwhile, however long it takes
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
            killer.on_reports(reports)

        log = OrderLog(writer, ledger, publish, lambda: service.on_journal_failed())
        mark = partial(mark_of, epoch) if context.settings.guard.enabled else None
        beside = None if mark is None else partial(mark_beside, epoch)
        link = IbLink(config.broker, config.broker.client_ids.execution, ROLE, clock, mark=mark)
        link.last_look = writing.last_look
        link.add_error_listener(writing.on_broker_error)
        broker = IbBroker(link, lambda event: follower.on_event(event))
        caution = Caution(
            config.broker, context.channel("portfolio"), config.break_settle_s, lambda: service.tell_state(),
            SILENCE_BEATS * config.heartbeat_s,
        )  # fmt: skip
        with suppress(Unavailable):  # a file nobody can read: portfolio itself will tell
            await asyncio.to_thread(caution.transferred.read, context.store)
        evidence = _evidence(context, config)
        barrier = Barrier(
            log, broker, clock, config.ack_timeout_s, evidence, lambda name, reason: service.cancel(name, reason),
            lambda: caution.restart is not None,
        )  # fmt: skip
        follower = Follower(
            log, barrier, clock, lambda difference: service.unplaced(difference),
            lambda name: submitter.cancel_now(name),
        )  # fmt: skip
        risk = RiskClient(
            context.channel("risk"), config.risk_timeout_s, lambda: service.resync(),
            lambda: service.on_risk(risk.connected),
        )  # fmt: skip
        submitter = Submitter(config, clock, log, broker, risk, barrier, epoch, lease.held, caution)
        view = FlattenView(config, ledger.book, barrier, submitter, caution.transferred)
        holdings = PortfolioHoldings(context.channel("portfolio"), config.rpc_timeout_s)
        quotes = QuoteSource(context.channel("market-data"), clock, config.replay, config.flatten_quote_s)
        answers = FlattenAnswers(log, clock, context.store)
        flattener = Flattener(
            clock, log, view, Breaks(ledger.book, barrier, view, holdings, config.break_settle_s),
            ClosingOrders(config, clock, log, submitter, quotes), holdings, answers,
            lambda name, reason: service.cancel(name, reason), lambda: service.tell_state(),
        )  # fmt: skip
        service = ExecutionService(config, clock, log, broker, submitter, barrier, feed, epoch, flattener, caution)
        latch_file = LatchFile(context.state.latch_file)
        egress = _egress(context, config, log, lambda latch_id: desk.kept(latch_id, EGRESS))

        def latches_changed() -> None:
            service.tell_state()
            if egress is not None:
                egress.changed()

        desk = LatchDesk(clock, log, latch_file, broker, latches_changed)
        answered = answers.given(store)
        killer = Killer(
            clock, log, broker, barrier, submitter, desk, config.ack_timeout_s, answered,
            _everything(config, clock, beside) if config.kill_global_cancel else None,
        )  # fmt: skip
        calls = LatchCalls(log, desk, killer, flattener, service.require_known, lambda: service.reconciled)
        service.latches = calls.standing
        desk.restore()
        operator = OperatorCommands(
            context.channel("control"), context.store, log, flattener, answers, desk, killer, answered,
            lambda: service.reconciled, SILENCE_BEATS * config.heartbeat_s,
        )  # fmt: skip
        await operator.catch_up()

        async def recover(_: Recovery) -> None:
            await service.recover()
            await risk.resync()

        link.add_recovery(recover)
        link.add_state_listener(service.on_link)
        server = context.server()
        server.add_service(
            SERVICE_NAME, execution_pb2_grpc.add_ExecutionServiceServicer_to_server,
            ExecutionServer(service, calls, Resolver(clock, log, feed), clock, config.heartbeat_s),
        )  # fmt: skip
        server.on_closing(lambda _: service.close())
        server.on_closing(feed.broadcast.close)
        listening = (operator.channel.listen(), operator.channel.follow_store(POLL_S), operator.watch_stops())
        working = (service.watch(), caution.run(), flattener.run(), killer.run())
        guarding = () if egress is None else (egress.run(),)
        await run_together(
            _serve(context, server), *guarding, _join(keeping), _keep(link), risk.run(), *working, *listening
        )
    finally:
        keeping.cancel()
        if link is not None:
            await link.close()
        if operator is not None:
            operator.close()
        if latch_file is not None:
            latch_file.close()
        if spans is not None:
            await spans.close()
        if writer is not None:
            await writer.close()
        store.close()


def _everything(
    config: ExecutionConfig, clock: Clock, mark: Callable[[int], str] | None
) -> Callable[[], Awaitable[str]]:
    """The account-wide cancel by a connection of its own."""
    return lambda: cancel_everything(config.broker, clock, config.broker.request_timeout_s, mark)


def _egress(
    context: ProcessContext, config: ExecutionConfig, log: OrderLog, on_kept: Callable[[str], None]
) -> EgressLatches | None:
    """Account-wide kills at the guard, where there is one."""
    if not context.settings.guard.enabled:
        return None
    return EgressLatches(context.channel(GUARD), log, config.rpc_timeout_s, on_kept)


def _evidence(context: ProcessContext, config: ExecutionConfig) -> FrameEvidence:
    """The guard's frame log where there is a guard."""
    if not context.settings.guard.enabled:
        return NoFrameEvidence()
    return GuardEvidence(context.channel(GUARD), config.broker.client_ids.execution, config.rpc_timeout_s)


async def _serve(context: ProcessContext, server: RpcServer) -> None:
    """Serves, once the port is free: the writer before may be stopped and hold it."""
    if context.standby or context.settings.lease.standby:
        await until_free(context.endpoint())
    await server.serve()


async def _keep(link: IbLink) -> None:
    """The link's supervision as one of the process's tasks: its crash is the process's."""
    await _join(link.start())


async def _join(task: asyncio.Task[None]) -> None:
    await asyncio.shield(task)


def main(argv: list[str] | None = None) -> int:
    """Runs the process; returns its exit code."""
    return run_process(ROLE, compose, argv)


if __name__ == "__main__":
    sys.exit(main())
