"""Composition root of one strategy daemon."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Awaitable
from datetime import UTC, datetime

from hedgerow.api.strategy.v1 import bridge_pb2_grpc, strategy_pb2_grpc
from hedgerow.clock import wall_now
from hedgerow.rpc.process import ProcessContext, run_process
from hedgerow.store.engine import open_store
from hedgerow.store.history import open_history
from hedgerow.store.location import prefix_of
from hedgerow.store.spans import SpanStore
from hedgerow.store.status_sink import open_status_sink
from hedgerow.store.writer import AsyncWriter
from hedgerow.strategy import bridge as bridge_kind
from hedgerow.strategy.hosted import Hosted
from hedgerow.strategy.hosting import load_kernel
from hedgerow.strategy.kinds import load
from hedgerow.strategy.kit.config import params as common_params
from hedgerow.strategy.observation import ObservationCause
from hedgerow.strategy.protocol import CONTEXT, LIVE, check_context, params_tree
from hedgerow.strategy.session_log import SessionHeader, SessionLog
from services.strategy.answers import Answers
from services.strategy.bridge import SERVICE as BRIDGE
from services.strategy.bridge import Bridge, BridgeServicer
from services.strategy.command_inputs import CommandInputs
from services.strategy.config import StrategyProcessConfig
from services.strategy.execution_stream import ExecutionStream
from services.strategy.inputs import Inputs
from services.strategy.market_stream import MarketStream
from services.strategy.observe import Observer
from services.strategy.portfolio_stream import PortfolioStream
from services.strategy.records import Records, keep_within
from services.strategy.restore import restore
from services.strategy.risk_stream import RiskStream
from services.strategy.server import StrategyServicer
from services.strategy.service import Daemon

SERVICE = "hedgerow.api.strategy.v1.StrategyService"
SILENCE_BEATS = 6
FLUSH_S = 0.5
LINGER_S = 0.02
"""Records and snapshots wait so long for others to share a commit."""


async def compose(context: ProcessContext) -> None:
    """Wires the daemon and runs it until it is told to stop."""
    clock, settings = context.clock, context.settings
    config = StrategyProcessConfig.of(settings, context.name, clock.interval_ns / 1e6)
    name = config.strategy.name
    run_id = f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    kind = load(config.strategy.kind)
    bridged = isinstance(config.strategy, bridge_kind.Config)
    check_context(kind.NEEDS, CONTEXT if bridged else LIVE, "the strategy daemon")
    kernel = load_kernel("compiled" if config.kernel_mode == "compiled" else "plain", config.strategy.kind)
    parameters = kind.params(config.strategy, config.limits)
    hosted = Hosted(kernel, parameters)
    with open_store(context.store, f"strategy-{name}") as store:
        restored, last_sequence = restore(store, name, config.strategy.underlying.symbol)
        writer = AsyncWriter(store, linger_s=LINGER_S)
        spans = SpanStore(store, writer.write, settings.telemetry)
        history = open_history(context.store, f"strategy-{name}", writer)
        sink = open_status_sink(config.status.sink, name, writer, history, prefix_of(context.state, settings))
        records = Records(sink, history, config.status.history_interval_s)
        inputs = Inputs(config.strategy.underlying.symbol, restored=restored)
        observer = Observer(
            clock, config.replay, config.strategy.gates.strategy.earnings, config.limits["stale_ts_threshold_ms"],
            config.strategy.enabled, last_sequence,
        )  # fmt: skip
        header = SessionHeader(
            strategy=name, kind=config.strategy.kind, run_id=run_id, code_version=kernel.code_version,
            config_hash=config.hash, params=params_tree(parameters), config=config.strategy.model_dump(mode="json"),
            effective=config.limits,
        )  # fmt: skip
        recorder = SessionLog(context.state.session_log_dir(name), header)
        if recorder.torn is not None:
            context.log.warning("session log: torn tail cut", offset=recorder.torn.offset, bytes=recorder.torn.length)
        daemon = Daemon(
            config, run_id, clock, hosted, kernel.code_version, inputs, observer, recorder, records, context.log
        )
        silence_s = SILENCE_BEATS * config.timing.stream_heartbeat_s
        market = MarketStream(context.channel("market-data"), inputs, daemon.evaluate, silence_s)
        execution = ExecutionStream(
            context.channel("execution"), name, inputs, daemon.evaluate, clock.market_now,
            config.timing.rpc_timeout_s, silence_s, run_id,
        )  # fmt: skip
        common = common_params(config.strategy, config.limits)
        portfolio = PortfolioStream(
            context.channel("portfolio"), config.strategy, common, run_id, inputs, daemon.evaluate, market.want,
            clock.market_now, config.timing.rpc_timeout_s, silence_s,
        )  # fmt: skip
        operator = CommandInputs(
            context.channel("control"), name, run_id, context.store, context.state.control_file(name),
            inputs, daemon.evaluate, Answers(store, writer, run_id, clock.market_now), silence_s, context.stop,
        )  # fmt: skip
        risk = RiskStream(context.channel("risk"), inputs, daemon.evaluate, silence_s)
        daemon.orders = execution
        daemon.after_evaluation = portfolio.consider_adoption
        daemon.ending = lambda: context.ending
        server = context.server()
        servicer = StrategyServicer(daemon, name, context.store, records.live, clock, config.timing.stream_heartbeat_s)
        server.add_service(SERVICE, strategy_pb2_grpc.add_StrategyServiceServicer_to_server, servicer)
        server.on_closing(records.live.close)
        if isinstance(config.strategy, bridge_kind.Config):
            bridge = Bridge(name, run_id, config.strategy.rule.answer_ms, inputs, daemon.evaluate)
            face = BridgeServicer(bridge, wall_now, clock.market_now, config.timing.stream_heartbeat_s)
            server.add_service(BRIDGE, bridge_pb2_grpc.add_StrategyBridgeServiceServicer_to_server, face)
            server.on_closing(bridge.close)
            daemon.evaluated, daemon.more = bridge.evaluated, lambda: {"bridge": bridge.snapshot}
        daemon.evaluate(ObservationCause.START)
        serving = asyncio.create_task(server.serve())
        streams: list[Awaitable[None]] = [
            market.run(),
            execution.run(),
            portfolio.run(),
            operator.channel.listen(),
            risk.run(),
        ]
        tasks = [asyncio.ensure_future(stream) for stream in streams]
        tasks += [asyncio.create_task(keep_within(config.status, each)) for each in sink.writers]
        tasks.append(asyncio.create_task(operator.channel.follow_store(config.status.heartbeat_interval_s)))
        tasks.append(asyncio.create_task(_beat(daemon, operator, config.status.heartbeat_interval_s)))
        try:
            await _until_stop(context.stop, [serving, *tasks])
            daemon.stop()
            await execution.flushed(FLUSH_S)
            await operator.stops_held()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            daemon.stopped()
            operator.stopped()
            await serving
            operator.close()
            recorder.close()
            await spans.close()
            await sink.close()
            await history.close()
            if history.dropped:
                context.log.error("history rows lost", rows=history.dropped, error=history.failed)
            await writer.close()


async def _until_stop(stop: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Until the stop, or until a task fails: then its error ends the process."""
    waiting = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait((waiting, *tasks), return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        waiting.cancel()
        stop.set()


async def _beat(daemon: Daemon, operator: CommandInputs, interval_s: float) -> None:
    """One heartbeat each interval: look at the control file, evaluate, write the snapshot."""
    while True:
        operator.poll()
        daemon.evaluate(ObservationCause.TIMER)
        await asyncio.sleep(interval_s)


def main(argv: list[str] | None = None) -> int:
    """`python -m services.strategy.main --state DIR [--name strategy-NAME]`."""
    return run_process("strategy", compose, argv)


if __name__ == "__main__":
    sys.exit(main())
