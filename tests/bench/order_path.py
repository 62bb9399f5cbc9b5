"""A whole system at speed 1 whose hedge threshold is crossed by one tick, as often as one asks."""

from __future__ import annotations

import json
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict
from prometheus_client.parser import text_string_to_metric_families

from hedgerow.api.strategy.v1 import strategy_pb2, strategy_pb2_grpc
from hedgerow.cli.supervisor import Supervisor
from hedgerow.cli.system import System, demo_system, start_ibsim, write_plan
from hedgerow.cli.tape import SYNTHETIC_DAY
from hedgerow.ibsim.admin import admin_call
from hedgerow.ibsim.messages.ids import Request
from hedgerow.ibsim.wirelog import Direction, WireTail
from hedgerow.state_dir import StateDir
from hedgerow.tape.format import Tape
from hedgerow.tape.reader import read_tape
from hedgerow.tape.synth import synth_tape
from hedgerow.tape.writer import write_tape

CONTRACTS = 20
MOVE_USD = 0.3
"""How far a tick lies from the day's price, up and down in turn: some 170 shares of net delta apart."""

HALF_SPREAD_USD = 0.01
INTERVAL_MS = 60_000
"""The tape's own rows come once a minute and leave the rounds alone."""

BEGIN_S = 90
"""Market seconds into the session when the clock starts: the first rows are known."""

# Everything that holds a hedge back besides the threshold: a round is one tick, one order.
SETS = (
    "gates.intent.hedge.cooldown_seconds=0",
    "gates.intent.hedge.min_price_move_pct=0",
    "gates.guard.risk.max_daily_hedge_count=1000000",
    "gates.guard.risk.max_daily_loss_usd=1000000000",
    "gates.state.market.high_vol=1000000",
    "gates.state.market.gap_pct=100",
    "gates.state.liquidity.wide_spread_pct=10",
    "gates.state.liquidity.extreme_spread_pct=20",
    "risk.max_orders_per_minute=1000000",
)
IDLE = ("EXEC_IDLE", "FILLED")
FOLLOWERS = 2
"""Risk and portfolio."""
READY_S, ROUND_S, POLL_S, LOOK_S = 120.0, 10.0, 0.01, 0.01


class OrderPath:
    """The running system; made by `order_path`. `gateway_port` is that of its HTTP gateway."""

    def __init__(self, system: System, supervisor: Supervisor, admin_port: int, channel: grpc.Channel) -> None:
        self.gateway_port = system.settings.endpoints["gateway"].port
        self._supervisor = supervisor
        self._execution = system.settings.endpoints["execution"]
        self._admin_port = admin_port
        self._stub = strategy_pb2_grpc.StrategyServiceStub(channel)
        self._symbol = system.settings.strategies[0].underlying.symbol
        self._market_data = system.settings.broker.client_ids.market_data
        self._admin = socket.create_connection(("127.0.0.1", admin_port))
        self._answers = self._admin.makefile("rb")
        self._tail = WireTail(system.state.wire_log)
        self._spot = 0.0
        self._up = False

    def open(self) -> None:
        """Waits for the daemon, lets market time run, and for the first hedge, that of the legs it adopts.

        Execution's reports are followed by then: risk denies what it has not caught up with.
        """
        self._until(lambda now: now["daemon_state"].startswith("RUNNING") and now.get("spot"), READY_S)
        self._until(lambda _: self._followers() >= FOLLOWERS, READY_S)
        admin_call(self._admin_port, "resume")
        self._until(lambda now: now["option_legs"] == 2 and now["daemon_state"] == "RUNNING", READY_S)
        self._spot = round(float(self.snapshot()["spot"]), 2)

    def round(self) -> float:
        """One tick that crosses the threshold: ms from its frame out to its order's frame in, by the byte tap.

        The first stamp is taken when the tick is handed to market-data's connection, the second when execution's
        frame is read. Until the order is there nothing is asked of the processes on its way; returns when the hedge
        is filled and the daemon idle again. Raises TimeoutError when there is no order.
        """
        self._up = not self._up
        middle = self._spot + (MOVE_USD if self._up else -MOVE_USD)
        bid, ask = round(middle - HALF_SPREAD_USD, 2), round(middle + HALF_SPREAD_USD, 2)
        self._tail.new()
        self._emit(bid, ask)
        latency_ms = self._order_of(repr(bid))
        self._until(lambda now: now["hedge_fsm_state"] in IDLE, ROUND_S)
        return latency_ms

    def _emit(self, bid: float, ask: float) -> None:
        """One tick, and then nothing for longer than an order takes: whoever measures is out of the way."""
        tick = {"command": "emit_tick", "instrument_id": self._symbol, "bid": bid, "ask": ask}
        self._admin.sendall(json.dumps(tick).encode() + b"\n")
        time.sleep(LOOK_S)
        answer = json.loads(self._answers.readline())
        if not answer["ok"]:
            raise RuntimeError(answer["error"])

    def _order_of(self, bid: str) -> float:
        """Waits for the order that follows the tick with that bid; ms between their frames."""
        deadline = time.monotonic() + ROUND_S
        tick_ns = 0
        while time.monotonic() < deadline:
            for record in self._tail.new():
                if record.client_id == self._market_data and record.direction is Direction.OUT:
                    if not tick_ns and record.fields[4:5] == [bid]:
                        tick_ns = record.monotonic_ns
                elif tick_ns and record.direction is Direction.IN and record.message_id == Request.PLACE_ORDER:
                    return (record.monotonic_ns - tick_ns) / 1e6
            time.sleep(LOOK_S)
        raise TimeoutError(f"no order within {ROUND_S:g} s: {self._words(self.snapshot())}")

    def close(self) -> None:
        """Closes the connection ticks are asked for on."""
        self._answers.close()
        self._admin.close()

    def _followers(self) -> float:
        """Streams of execution's reports that are open."""
        address = f"http://{self._execution.host}:{self._execution.metrics_port}/metrics"
        with urllib.request.urlopen(address, timeout=5.0) as response:
            families = text_string_to_metric_families(response.read().decode())
        return sum(
            sample.value
            for family in families
            if family.name == "hedgerow_rpc_open_streams"
            for sample in family.samples
            if sample.labels["method"] == "StreamExecutionReports"
        )

    def snapshot(self) -> dict[str, Any]:
        """What the daemon knows."""
        answer = self._stub.GetStrategy(strategy_pb2.GetStrategyRequest(), timeout=5.0)
        return MessageToDict(answer.snapshot)

    def _until(self, condition: Callable[[dict[str, Any]], object], limit_s: float) -> dict[str, Any]:
        deadline = time.monotonic() + limit_s
        while True:
            self._supervisor.check()
            now = self.snapshot()
            if condition(now):
                return now
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {limit_s:g} s: {self._words(now)}")
            time.sleep(POLL_S)

    @staticmethod
    def _words(snapshot: dict[str, Any]) -> dict[str, Any]:
        keys = ("daemon_state", "hedge_fsm_state", "net_delta", "option_legs", "block_reasons", "counters")
        return {key: snapshot.get(key) for key in keys}


@contextmanager
def order_path(root: Path, sets: tuple[str, ...] = ()) -> Iterator[OrderPath]:
    """Every process as a demo starts it, with these settings more, in the state folder `root`; all end afterwards."""
    state = StateDir(root).create()
    meta, columns = synth_tape(1, SYNTHETIC_DAY, interval_ms=INTERVAL_MS)
    write_tape(state.tape_file, meta, columns)
    tape: Tape = read_tape(state.tape_file)
    system, gateway, _ = demo_system(state, tape, None, (*SETS, *sets), CONTRACTS, 1.0)
    gateway["start_ns"] = meta.session_open_ns + BEGIN_S * 1_000_000_000
    write_plan(system, gateway)
    with Supervisor(system.settings, state) as supervisor:
        admin_port = start_ibsim(supervisor, system)
        for name in system.names:
            system.start(supervisor, name)
        supervisor.wait_serving(system.names, READY_S)
        endpoint = system.settings.endpoints[f"strategy-{system.settings.strategies[0].name}"]
        with grpc.insecure_channel(f"{endpoint.host}:{endpoint.port}") as channel:
            path = OrderPath(system, supervisor, admin_port, channel)
            try:
                path.open()
                yield path
            finally:
                path.close()
