"""A world of cases: a simulated gateway behind the tap, real processes, and a person with intents."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import sqlite3
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.execution.v1 import execution_pb2, execution_pb2_grpc
from hedgerow.api.risk.v1 import risk_pb2_grpc
from hedgerow.clock import ReplayClock
from hedgerow.domain.errors import Unavailable
from hedgerow.domain.instrument import Instrument
from hedgerow.domain.order import Intent, OrderType, Side, TimeInForce
from hedgerow.state_dir import StateDir
from hedgerow.torture.market import ACCOUNT, ASK, BID, GOOG, Market
from hedgerow.torture.nursery import Child, Nursery
from hedgerow.torture.registry import CaseFailed
from hedgerow.torture.setup import settings_of
from hedgerow.torture.switch import Switch
from hedgerow.torture.tap import Tap
from hedgerow.wire.execution import intent_to_wire
from hedgerow.wire.risk import check_of_intent, check_to_wire
from services.execution.domain.intents import client_order_id_of

LIMIT_S = 20.0
"""Wall seconds anything here is waited for."""
NOT_BLOCKING = ("UNKNOWN_ORDER", "FLATTENING", "FLATTENED", "PAUSED", "STOPPED", "KILLED", "LATCHED")
"""Block reasons that hold one strategy only."""
FRESH = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0))
"""A channel that shares nothing: another one's waiting for a process that has died would be its own."""

Condition = Callable[[], object | Awaitable[object]]


async def until(condition: Condition, what: str, limit_s: float = LIMIT_S) -> Any:
    """Waits until `condition` gives something true and returns it; raises CaseFailed naming `what`."""
    end = time.monotonic() + limit_s
    while True:
        found = condition()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        if time.monotonic() > end:
            raise CaseFailed(f"not within {limit_s:g} s: {what}")
        await asyncio.sleep(0.004)


def name_of(status: int) -> str:
    """`FILLED` for the wire's number of it."""
    return common_pb2.OrderStatus.Name(status).removeprefix("ORDER_STATUS_")


class World:
    """Processes by name; made for a group of cases and removed after it."""

    def __init__(
        self, folder: Path, tape: Path, nursery: Nursery, ports: dict[str, int], guarded: bool = False, **gateway: Any
    ) -> None:
        self.folder, self._nursery, self._ports = folder, nursery, ports
        self._guarded = guarded
        self.execution_port = ports["execution"]
        self._switch = Switch(ports["execution"]) if guarded else None
        folder.mkdir(parents=True)
        self.market = Market(folder, tape, **gateway)
        self.tap = Tap(lambda: self.market.port, self.journaled)
        self.state = StateDir(folder / "state").create()
        self.children: dict[str, Child] = {}
        self.channels: dict[str, grpc.aio.Channel] = {}
        self._started: list[Child] = []
        self.stub: Any = None
        self.clock: ReplayClock
        self.case = 0
        self.order_ids: dict[int, str] = {}
        self._journal: sqlite3.Connection | None = None
        self._numbers = itertools.count(1)
        self._notes: list[str] = []
        self._retired: list[grpc.aio.Channel] = []

    async def start(self, *names: str) -> World:
        """Brings up gateway, tap and the processes named, and waits until an order could leave."""
        await self.market.start()
        await self.tap.start()
        self.market.restore_quotes()
        self.clock = self.market.clock
        if self._switch is not None:
            await self._switch.start()
        for name in names or ("risk", "execution"):
            await self.run(name)
        await self.ready()
        return self

    async def next_case(self) -> None:
        """Everything passes again, quotes are whole, names are new."""
        self.case += 1
        self.tap.calm()
        self.tap.held.clear()
        self.market.heal()
        self.market.restore_quotes()
        await self.go_on()  # what was not struck is not the next case's
        while self._retired:
            await self._retired.pop().close()

    # Processes.

    async def run(self, name: str, failpoints: str = "", serves: bool = True) -> Child:
        """Starts a process of the service; waits until it answers, unless told that it may not get so far."""
        own = {}
        if name == "execution" and self._switch is not None:
            ports = [self._ports["first"], self._ports["second"]]
            own = {name: ports[self.execution_port == ports[0]]}
            self.execution_port = own[name]
        told = settings_of(self._ports | own, self.tap.port, self.market.clock_file, self._guarded)
        told.dump(self.state.settings_file)
        child = self.children[name] = self._nursery.start(name, self.state.root, failpoints)
        self._started = [each for each in self._started if each.status is None] + [child]
        if name in self.channels:
            self._retired.append(self.channels.pop(name))  # calls of this case may still be on it
        if serves:
            await until(lambda: self.serves(name) or self._must_live(child), f"{name} serves")
        channel = self.channels[name] = grpc.aio.insecure_channel(f"127.0.0.1:{self._ports[name]}", options=FRESH)
        if own:
            channel = self.channels[name] = grpc.aio.insecure_channel(f"127.0.0.1:{own[name]}", options=FRESH)
            if serves:
                self.lead_to(own[name])
        if name == "execution":
            self.stub = execution_pb2_grpc.ExecutionServiceStub(channel)
        return child

    def lead_to(self, port: int) -> None:
        """Where everybody who asks for execution is led to."""
        if self._switch is not None:
            self._switch.lead_to(port)

    def serves(self, name: str) -> bool:
        """Whether the process started last has begun to serve."""
        try:
            said = (self.state.run_dir / f"{name}.json").read_text()
        except FileNotFoundError:
            return False
        return f'"pid": {self.children[name].pid},' in said

    def _must_live(self, child: Child) -> bool:
        if not child.alive:
            raise CaseFailed(f"{child.name} ended with {child.status} at its start\n{self.story()}")
        return False

    @property
    def execution(self) -> Child:
        """The execution process started last."""
        return self.children["execution"]

    async def restart(self, name: str = "execution", failpoints: str = "") -> None:
        """Kills the process if it still lives and starts it anew."""
        await self.children[name].kill()
        await self.run(name, failpoints)

    async def go_on(self) -> None:
        """Disarms execution, or starts it anew where it has ended, or is stopped, after all."""
        try:
            self.execution.arm("")
        except Unavailable:
            await self.restart()

    async def snapshot(self) -> execution_pb2.ExecutionSnapshot:
        """Execution's book and readiness, asked on a fresh report stream."""
        call = self.stub.StreamExecutionReports(
            execution_pb2.StreamExecutionReportsRequest(snapshot=True), timeout=LIMIT_S
        )
        try:
            message = await call.read()
        finally:
            call.cancel()
        if message is grpc.aio.EOF:
            raise CaseFailed("the report stream ended without a snapshot")
        snapshot: execution_pb2.ExecutionSnapshot = message.snapshot
        return snapshot

    async def ready(self) -> None:
        """Waits until nothing but orders that are UNKNOWN, and latches, keeps execution from sending."""

        async def free() -> bool:
            try:
                snapshot = await self.snapshot()
                blocked = [each for each in snapshot.state.block_reasons if not each.startswith(NOT_BLOCKING)]
                self.note(f"blocked: {blocked}")
                return not blocked and await self._risk_follows(snapshot.sequence)
            except grpc.aio.AioRpcError as error:
                if not self.execution.alive:
                    raise CaseFailed(f"execution ended with {self.execution.status}") from error
                self.note(f"asked whether it is ready: {error.code().name} {error.details()}")
                return False

        await until(free, "nothing blocks execution")

    async def _risk_follows(self, sequence: int) -> bool:
        """Whether risk has folded execution's reports so far: asked with an order that its rules refuse."""
        if "risk" not in self.children:
            return True
        probe = replace(self.intent(), intent_id=f"probe-{next(self._numbers)}", quote_delayed=True)
        check = check_of_intent(probe, 0.0, 1000.0, sequence, self.clock.market_now())
        stub: Any = risk_pb2_grpc.RiskServiceStub(self.channels["risk"])
        verdict = (await stub.CheckOrder(check_to_wire(check), timeout=2.0)).verdict
        return not any(rule.reason == "RISK_BEHIND" for rule in verdict.rules)

    def note(self, text: str) -> None:
        """Keeps a line for the story of a case that fails; what repeats the line before it stands once."""
        if text not in self._notes[-1:]:
            self._notes.append(text)
            del self._notes[:-12]

    # Intents.

    def strategy(self, number: int = 0) -> str:
        """A strategy name of this case's own."""
        return f"s{self.case}-{number}"

    def intent(
        self, quantity: int = 10, side: Side = Side.BUY, limit: str | None = None, instrument: Instrument = GOOG,
        **changes: Any,
    ) -> Intent:  # fmt: skip
        """A fresh intent, decided on the gateway's present quote."""
        now = self.clock.market_now()
        fields: dict[str, Any] = {
            "intent_id": f"i{self.case}-{next(self._numbers)}", "strategy": self.strategy(), "account": ACCOUNT,
            "instrument": instrument, "side": side, "quantity": Decimal(quantity),
            "order_type": OrderType.MARKET if limit is None else OrderType.LIMIT,
            "limit_price": None if limit is None else Decimal(limit), "time_in_force": TimeInForce.DAY,
            "reduce_only": False, "decision_sequence": 1, "reason": "HEDGE_NEEDED", "bid": BID, "ask": ASK,
            "quote_time": now, "quote_age_ms": 0.0, "created_at": now,
        }  # fmt: skip
        return Intent(**(fields | changes))

    async def submit(
        self, intent: Intent, timeout_s: float = 8.0, stub: Any = None
    ) -> execution_pb2.IntentAcknowledgement | None:
        """One intent by the unary call; None when nobody answered, which proves nothing. `stub`: another's door."""
        stub = stub or self.stub
        request = execution_pb2.SubmitIntentRequest(intent=intent_to_wire(intent))
        try:
            answer: execution_pb2.SubmitIntentResponse = await stub.SubmitIntent(request, timeout=timeout_s)
            return answer.acknowledgement
        except grpc.aio.AioRpcError as error:
            self.note(f"{intent.intent_id}: {error.code().name} {error.details()}")
            return None

    async def order(self, client_order_id: str) -> execution_pb2.Order | None:
        """One order as execution has it, None when it has none."""
        try:
            request = execution_pb2.GetOrderRequest(client_order_id=client_order_id)
            answer: execution_pb2.GetOrderResponse = await self.stub.GetOrder(request, timeout=LIMIT_S)
            return answer.order
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return None
            raise CaseFailed(f"GetOrder: {error.code().name} {error.details()}") from error

    async def cancel(self, client_order_id: str) -> None:
        """An operator's cancel; that nobody answered is nobody's fault."""
        request = execution_pb2.CancelOrderRequest(client_order_id=client_order_id)
        request.operator.request_id = f"c-{client_order_id}"
        request.operator.actor = request.operator.reason = "torture"
        try:
            await self.stub.CancelOrder(request, timeout=8.0)
        except grpc.aio.AioRpcError as error:
            self.note(f"cancel {client_order_id}: {error.code().name}")

    async def call(self, method: str, request: Any, timeout_s: float = 8.0) -> Any:
        """One call of execution's service; None when nobody answered, or it was refused."""
        try:
            return await getattr(self.stub, method)(request, timeout=timeout_s)
        except grpc.aio.AioRpcError as error:
            self.note(f"{method}: {error.code().name} {error.details()}")
            return None

    async def resolve(self, client_order_id: str) -> None:
        """An operator's word that an UNKNOWN order never reached the broker."""
        request = execution_pb2.ResolveOrderRequest(
            client_order_id=client_order_id, resolution=execution_pb2.RESOLUTION_NOT_SENT
        )
        request.operator.request_id = f"u-{client_order_id}"
        request.operator.actor = request.operator.reason = "torture"
        await self.call("ResolveOrder", request)

    async def reconcile(self) -> None:
        """An operator's comparison with the broker."""
        request = execution_pb2.ReconcileRequest()
        request.operator.request_id = f"r-{next(self._numbers)}"
        request.operator.actor = request.operator.reason = "torture"
        try:
            await self.stub.Reconcile(request, timeout=8.0)
        except grpc.aio.AioRpcError as error:
            self.note(f"reconcile: {error.code().name} {error.details()}")

    # What is seen from outside.

    @staticmethod
    def named(intent: Intent) -> str:
        """The name its order has, at the broker too."""
        return client_order_id_of(intent)

    def journaled(self, client_order_id: str) -> dict[str, Any] | None:
        """The order's row as committed now, read by a connection of another process; None when there is none."""
        return next(iter(self.rows(f"SELECT * FROM orders WHERE client_order_id = '{client_order_id}'")), None)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Committed rows of execution's database."""
        if self._journal is None:
            path = self.state.store_dir / "execution.db"
            self._journal = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
            self._journal.row_factory = sqlite3.Row
        return [dict(row) for row in self._journal.execute(query)]

    def net_positions(self) -> dict[str, Decimal]:
        """Positions by instrument as execution's database has them, zeros left out."""
        net: dict[str, Decimal] = {}
        for row in self.rows("SELECT instrument, quantity FROM positions"):
            net[row["instrument"]] = net.get(row["instrument"], Decimal(0)) + Decimal(row["quantity"])
        return {name: quantity for name, quantity in net.items() if quantity}

    def story(self, lines: int = 12) -> str:
        """What the processes said last."""
        told = [f"notes: {self._notes}"] if self._notes else []
        for name in self.children:
            for path in (self.state.logs_dir / f"{name}.log", self.state.logs_dir / f"{name}.out"):
                if path.exists():
                    told += [f"{path.name}: {_plain(line)}" for line in path.read_text().splitlines()[-lines:]]
        return "\n".join(told)

    async def close(self) -> None:
        """Ends everything; the folder stays."""
        for child in self._started:  # those another one has replaced, too
            child.signal(signal.SIGKILL)
        for child in self._started:
            await child.ended(10.0)
        for channel in (*self.channels.values(), *self._retired):
            await channel.close()
        await self.tap.close()
        if self._switch is not None:
            await self._switch.close()
        await self.market.stop()
        if self._journal is not None:
            self._journal.close()


def _plain(line: str) -> str:
    """A log line without what a reader of a failure does not need."""
    try:
        said = json.loads(line)
    except ValueError:
        return line[:400]
    for key in ("timestamp", "process", "level", "pid"):
        said.pop(key, None)
    return str(said)[:600]
