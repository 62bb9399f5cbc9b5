"""Control and portfolio as real gRPC servers that say what a test has them say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import struct_pb2

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.control.v1 import control_pb2, control_pb2_grpc
from hedgerow.api.portfolio.v1 import portfolio_pb2, portfolio_pb2_grpc
from hedgerow.catalog import SERVICES
from hedgerow.clock import wall_now
from hedgerow.rpc.interceptor import CallInterceptor
from hedgerow.rpc.streams import ConflatingBroadcast, LosslessBroadcast
from hedgerow.settings import Settings, parse
from hedgerow.state_dir import StateDir
from hedgerow.wire.common import heartbeat_to_wire, timestamp_to_wire
from tests.integration.gateway.gateway_process import GatewayProcess
from tests.integration.service_process import state_with

STRATEGIES = """
strategies:
  - {name: goog, kind: gamma_scalper, account: SIM0000001, underlying: {symbol: GOOG}}
"""
TWO = STRATEGIES + "  - {name: aapl, kind: gamma_scalper, account: SIM0000001, underlying: {symbol: AAPL}}\n"
HEARTBEAT_S = 0.2


class Control(control_pb2_grpc.ControlServiceServicer):
    """Streams the statuses published; `silent` holds back everything, as a process that hangs does."""

    def __init__(self) -> None:
        self.changes: ConflatingBroadcast[control_pb2.Status] = ConflatingBroadcast(lambda _: "status")
        self.current = status()
        self.watchers = 0
        self.watched = 0
        self.silent = False

    def publish(self, message: control_pb2.Status) -> None:
        """Says it to every watcher."""
        self.current = message
        self.changes.publish(message)

    async def WatchStatus(self, request: Any, context: Any) -> AsyncIterator[control_pb2.WatchStatusResponse]:
        """As control does."""
        self.watchers += 1
        self.watched += 1
        try:
            with self.changes.subscribe(initial=(self.current,)) as reader:
                async for batch in reader.batches(HEARTBEAT_S):
                    if self.silent:
                        continue
                    for message in batch.items:
                        yield control_pb2.WatchStatusResponse(status=message)
                    if batch.idle:
                        yield control_pb2.WatchStatusResponse(heartbeat=heartbeat_to_wire(wall_now(), 5))
        finally:
            self.watchers -= 1


class Portfolio(portfolio_pb2_grpc.PortfolioServiceServicer):
    """One account, and the positions it is told of."""

    def __init__(self) -> None:
        self.events: LosslessBroadcast[portfolio_pb2.StreamPositionsResponse] = LosslessBroadcast()
        self.portfolio = portfolio_pb2.GetPortfolioResponse(
            accounts=[portfolio_pb2.Account(account="SIM0000001", currency="USD")],
            accounts_fetch_time=timestamp_to_wire(7),
        )
        self.positions = [position("GOOG", -100)]

    async def GetPortfolio(self, request: Any, context: Any) -> portfolio_pb2.GetPortfolioResponse:
        """Accounts as they are."""
        return self.portfolio

    async def StreamPositions(self, request: Any, context: Any) -> AsyncIterator[portfolio_pb2.StreamPositionsResponse]:
        """All positions, then what is published."""
        snapshot = portfolio_pb2.PositionSnapshot(positions=self.positions, complete=True)
        with self.events.subscribe() as reader:
            yield portfolio_pb2.StreamPositionsResponse(snapshot=snapshot)
            async for batch in reader.batches(HEARTBEAT_S):
                for message in batch.items:
                    yield message
                if batch.idle:
                    yield portfolio_pb2.StreamPositionsResponse(heartbeat=heartbeat_to_wire(wall_now(), 5))


def status(lamp: str = "GREEN", size: int = 0, spot: float = 700.0) -> control_pb2.Status:
    """A status; `size` bytes of it are filler."""
    snapshot = struct_pb2.Struct()
    snapshot.update(
        {"symbol": "GOOG", "spot": spot, "ts": str(2**60 + 1), "daily_hedge_count": 3, "net_delta": -1.5,
         "filler": "x" * size, "legs": {"GOOG 20160122 750 C": 2}, "last_ack_ts": None, "run_id": "older"}
    )  # fmt: skip
    return control_pb2.Status(
        status_lamp=f"STATUS_LAMP_{lamp}",
        self_check="CHECK_RESULT_OK" if lamp == "GREEN" else "CHECK_RESULT_BLOCKED",
        reasons=[] if lamp == "GREEN" else ["DATA_STALE: the underlying's quote is too old", "NO_MEANING"],
        strategies=[
            control_pb2.StrategyStatus(
                strategy="goog", run_id="run-1", status_lamp=f"STATUS_LAMP_{lamp}", self_check="CHECK_RESULT_OK",
                heartbeat_time=timestamp_to_wire(2**60), snapshot=snapshot,
            )
        ],
        services=[control_pb2.ServiceStatus(service="risk", serving=True, last_seen_time=timestamp_to_wire(9))],
        create_time=timestamp_to_wire(2**60 + 7),
        market_time=timestamp_to_wire(2**59),
        broker_mode="sim",
    )  # fmt: skip


def position(instrument: str, quantity: int, mark: str = "700.25") -> portfolio_pb2.Position:
    """A stock position of the strategy."""
    return portfolio_pb2.Position(
        account="SIM0000001",
        instrument=common_pb2.Instrument(
            instrument_id=instrument, symbol="GOOG", sec_type="SEC_TYPE_STK", multiplier=1
        ),
        owner="goog",
        quantity={"value": str(quantity)},
        mark_price={"value": mark},
    )


class ScriptedSystem:
    """A gateway process in front of a scripted control and portfolio."""

    def __init__(self, gateway: GatewayProcess, control: Control, portfolio: Portfolio) -> None:
        self.gateway, self.control, self.portfolio = gateway, control, portfolio
        self.servers: dict[str, grpc.aio.Server] = {}

    async def serve(self, name: str, settings: Settings) -> None:
        """Serves control or portfolio on its endpoint."""
        server = grpc.aio.server(interceptors=(CallInterceptor(),))
        if name == "control":
            control_pb2_grpc.add_ControlServiceServicer_to_server(self.control, server)
        else:
            portfolio_pb2_grpc.add_PortfolioServiceServicer_to_server(self.portfolio, server)
        server.add_insecure_port(f"127.0.0.1:{settings.endpoints[name].port}")
        await server.start()
        self.servers[name] = server


def gateway_state(root: Path, strategies: str = STRATEGIES, **sections: Any) -> StateDir:
    """A state folder for a gateway and all it may ask, on free ports."""
    configured = parse(strategies, "test").strategies
    daemons = [f"strategy-{each.name}" for each in configured]
    services = [name for name in SERVICES if name != "strategy"]
    return state_with(root, "gateway", *services, *daemons, strategies=configured, **sections)


@asynccontextmanager
async def scripted_system(root: Path) -> AsyncIterator[ScriptedSystem]:
    """Everything started, and ended after."""
    async with AsyncExitStack() as stack:
        state = gateway_state(root)
        system = ScriptedSystem(GatewayProcess(state), Control(), Portfolio())
        stack.push_async_callback(system.gateway.close)
        settings = Settings.read(state.settings_file)
        for name in ("control", "portfolio"):
            await system.serve(name, settings)
        stack.push_async_callback(stop_all, system)
        await system.gateway.start()
        yield system


async def stop_all(system: ScriptedSystem) -> None:
    """Ends the servers at once."""
    await asyncio.gather(*(server.stop(None) for server in system.servers.values()))
