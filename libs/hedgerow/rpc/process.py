"""How a process starts, says what is wrong, and ends: the only way a service's main runs."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import cached_property
from pathlib import Path

import grpc
import uvloop

from hedgerow.catalog import ENTRIES
from hedgerow.clock import Clock, ClockFileError, ReplayClock, WallClock
from hedgerow.domain.errors import HedgerowError, InvalidValue
from hedgerow.rpc.channel import open_channel
from hedgerow.rpc.lifetime import RunFile, end_with_parent, end_within
from hedgerow.rpc.server import RpcServer
from hedgerow.settings import Endpoint, Settings
from hedgerow.state_dir import StateDir
from hedgerow.store.location import StoreLocation, location_of
from hedgerow.telemetry.logs import configure_logs, get_logger
from hedgerow.telemetry.metrics import MetricsServer, serve_metrics
from hedgerow.telemetry.otlp import open_otlp
from hedgerow.telemetry.traces import add_sink, configure_traces, remove_sink

EXIT_OK, EXIT_CRASH, EXIT_REFUSED = 0, 1, 2
STOP_GRACE_S = 2.5
"""Wall seconds `compose` has after the stop to drain and close; then it is canceled."""
HARD_LIMIT_S = 5
"""Wall seconds after the stop when the kernel ends the process whatever it does."""

Compose = Callable[["ProcessContext"], Awaitable[None]]


class ProcessContext:
    """What a composition root is given: settings, state folder, clock, server, channels, and the stop event."""

    def __init__(self, name: str, settings: Settings, state: StateDir, standby: bool = False) -> None:
        self.name = name
        self.standby = standby
        self.settings = settings
        self.state = state
        self.stop = asyncio.Event()
        self.signaled = False
        self.log = get_logger()
        self.metrics: MetricsServer | None = None
        self.ready = False
        self._run_file = RunFile(state.run_dir / f"{name}.json")
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._servers: list[RpcServer] = []

    @property
    def ending(self) -> bool:
        """Whether the process was told to stop: true from the signal itself on, before anyone awaits `stop`."""
        return self.signaled or self.stop.is_set()

    @cached_property
    def clock(self) -> Clock:
        """Market time: the replay's where settings name a clock file, else the wall clock."""
        path = self.settings.replay.clock_file
        return WallClock() if path is None else ReplayClock(path)

    @property
    def store(self) -> StoreLocation:
        """Where the session's databases are."""
        return location_of(self.state, self.settings)

    def endpoint(self, name: str = "") -> Endpoint:
        """Where a process listens (this one by default): the settings, or else the catalog."""
        return endpoint_of(self.settings, name or self.name)

    def server(self) -> RpcServer:
        """This process's gRPC server, not yet bound."""
        endpoint = self.endpoint()
        server = RpcServer(self.name, endpoint.host, endpoint.port, self.stop)
        server.on_bound(self.serve_metrics)  # after the port: that is the one people know by name
        server.on_serving(self.mark_ready)
        self._servers.append(server)
        return server

    def serve_metrics(self) -> None:
        """Serves /metrics where the endpoint has a metrics port; a server does it by itself. Idempotent."""
        endpoint = self.endpoint()
        if self.metrics is None and endpoint.metrics_port:
            key = f"endpoints.{self.name}.metrics_port"
            self.metrics = serve_metrics(endpoint.metrics_port, endpoint.host, key)

    def mark_ready(self, port: int) -> None:
        """Tells the run file that this process answers on `port`; a server does it by itself."""
        self.ready = True
        # what exists now lives as long as the process: collecting it stops the loop for 35 ms, frozen for none
        gc.collect()
        gc.freeze()
        self._run_file.write(port, self.metrics.port if self.metrics is not None else 0)

    def channel(self, name: str) -> grpc.aio.Channel:
        """The channel to another process, one per process; connects lazily and by itself again."""
        channel = self._channels.get(name)
        if channel is None:
            endpoint = self.endpoint(name)
            channel = self._channels[name] = open_channel(endpoint.host, endpoint.port)
        return channel

    async def close(self) -> None:
        """Closes servers that were not drained, channels and metrics, and removes the run file."""
        for server in self._servers:
            await server.grpc.stop(None)
        for channel in self._channels.values():
            await channel.close()
        if self.metrics is not None:
            self.metrics.close()
        self._run_file.remove()


def endpoint_of(settings: Settings, name: str) -> Endpoint:
    """Where a process listens: the settings, or else the catalog; raises InvalidValue for an unknown name."""
    configured = settings.endpoints.get(name, Endpoint())
    if configured.port:
        return configured
    entry = ENTRIES.get(name)
    if entry is None:
        raise InvalidValue(f"endpoints.{name}", name, f"one of {', '.join(ENTRIES)}", f"set endpoints.{name}.port")
    return Endpoint(host=configured.host, port=entry.port, metrics_port=configured.metrics_port or entry.metrics_port)


def run_process(name: str, compose: Compose, argv: list[str] | None = None) -> int:
    """Runs a process until it is told to stop; returns its exit code: 0 ended, 1 crashed, 2 refused to start.

    Options: `--state DIR` (the session's folder with settings.json), `--parent PID` (end when that process
    ends), `--name NAME` (another name for endpoints, log and run file: several strategies on one host),
    `--standby` (where another process does its work, wait to take its place).
    """
    parser = argparse.ArgumentParser(prog=name)
    parser.add_argument("--state", type=Path, required=True, help="the session's folder")
    parser.add_argument("--parent", type=int, default=0, help="end when this process ends")
    parser.add_argument("--name", default=name, help="name for endpoints, log and run file")
    parser.add_argument("--standby", action="store_true", help="wait to take the place of the process at work")
    options = parser.parse_args(argv)
    try:
        state = StateDir(options.state)
        settings = Settings.read(state.settings_file)
        configure_logs(options.name, state.logs_dir / f"{options.name}.log", settings.telemetry.log_level)
        configure_traces(options.name, settings.telemetry.sample_ratio)
    except HedgerowError as error:
        return _refused(error)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(options.name, compose, settings, state, options.parent, options.standby))


async def _run(name: str, compose: Compose, settings: Settings, state: StateDir, parent: int, standby: bool) -> int:
    context = ProcessContext(name, settings, state, standby)
    loop = asyncio.get_running_loop()
    collector = None

    def told(*_: object) -> None:
        context.signaled = True
        end_within(HARD_LIMIT_S)
        loop.call_soon_threadsafe(context.stop.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        # not the loop's own handlers: those wait for a loop that may be stuck
        signal.signal(number, told)
    try:
        if parent:
            end_with_parent(parent, told)
        context.log.info("starting", pid=os.getpid(), state=str(state.root))
        collector = open_otlp(settings.telemetry)
        if collector is not None:
            add_sink(collector)
        await _until_stopped(compose, context)
    except (HedgerowError, ClockFileError) as error:
        if not context.ready:
            context.log.error("refused to start", error=str(error))
            return _refused(error)
        return _crashed(context, error)
    except Exception as error:  # noqa: BLE001 the outermost loop of the process: log and exit
        return _crashed(context, error)
    finally:
        end_within(HARD_LIMIT_S)
        await context.close()
        if collector is not None:
            remove_sink(collector)
            await asyncio.to_thread(collector.close)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
    context.log.info("ended")
    return EXIT_OK


async def _until_stopped(compose: Compose, context: ProcessContext) -> None:
    """Runs `compose` to its end; after the stop it has STOP_GRACE_S, then it is canceled."""

    async def composed() -> None:
        await compose(context)

    work = asyncio.create_task(composed(), name=context.name)
    stopping = asyncio.create_task(context.stop.wait(), name="stop")
    try:
        await asyncio.wait((work, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            await asyncio.wait((work,), timeout=STOP_GRACE_S)
    finally:
        stopping.cancel()
        if not work.done():
            context.log.warning("canceled: did not end in time", grace_s=STOP_GRACE_S)
            work.cancel()
            await asyncio.wait((work,))
    if not work.cancelled():
        work.result()
    elif not context.ending:
        # a cancellation that leaked out of some part: ending with 0 would look as if someone had wanted it
        raise RuntimeError("canceled from inside, though nobody told it to stop")


def _crashed(context: ProcessContext, error: Exception) -> int:
    context.log.error("crashed", exc_info=error)
    log = context.state.logs_dir / f"{context.name}.log"
    print(f"error: {context.name} crashed: {error!r}; see {log}", file=sys.stderr)
    return EXIT_CRASH


def _refused(error: Exception) -> int:
    print(f"error: {error}", file=sys.stderr)
    return EXIT_REFUSED
