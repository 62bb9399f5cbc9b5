"""The daemon's end of a strategy in another process: shows it states, takes its answers, tells it of its orders.

One state is under way at a time. Whatever is wrong with the other end (not there, late, a broken chain, an answer
against the contract) becomes a fault in the next observation: then nothing leaves. A good answer in time lifts it; a
broken chain ends the connection, and only another connection's good answer lifts that.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import grpc
from google.protobuf.message import DecodeError

from hedgerow.api.strategy.v1 import bridge_pb2, bridge_pb2_grpc
from hedgerow.domain.errors import FailedPrecondition, InvalidValue
from hedgerow.domain.link_chain import DAEMON, STRATEGY, BrokenChain, LinkChain
from hedgerow.rpc.streams import SLOW_CONSUMER
from hedgerow.strategy.codes import IntentAction
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.observation import (
    NO_ORDER,
    NOT_OUTSIDE,
    Observation,
    ObservationCause,
    OrderView,
    OutsideFault,
)
from hedgerow.telemetry.logs import get_logger
from hedgerow.wire.bridge import answer_from_wire, link_to_wire, order_event_to_wire, state_to_wire, take_link
from hedgerow.wire.common import closing_to_wire, heartbeat_to_wire, note_from_wire
from services.strategy.inputs import Inputs

SERVICE = "hedgerow.api.strategy.v1.StrategyBridgeService"
MOST_UNREAD = 1024
"""Messages the other end may leave unread before it is let go."""

Evaluate = Callable[[ObservationCause], None]


class Shown(NamedTuple):
    """The state under way: its sequence, its link's hash, and when it was shown, time.monotonic."""

    sequence: int
    head: bytes
    at: float


class Peer:
    """One connection: both chains, and what is still to be sent."""

    def __init__(self, client: str) -> None:
        self.client = client
        self.seed = secrets.token_bytes(32)
        self.sent = LinkChain.begin(self.seed, DAEMON)
        self.taken = LinkChain.begin(self.seed, STRATEGY)
        self.out: deque[bridge_pb2.ConnectResponse] = deque()
        self.wake = asyncio.Event()
        self.shown: Shown | None = None
        self.fresh: tuple[Observation, Decision] | None = None
        self.closing = ""

    def send(self, kind: bridge_pb2.LinkKind, follows: bytes, message: Any) -> bytes:
        """Queues the next link; its hash."""
        link = link_to_wire(self.sent, kind, follows, message.SerializeToString())
        self.out.append(bridge_pb2.ConnectResponse(link=link))
        if len(self.out) > MOST_UNREAD:
            self.closing = SLOW_CONSUMER
        self.wake.set()
        return link.hash


class Bridge:
    """What the daemon knows of the other process, and its standing in the inputs (`Inputs.outside`)."""

    def __init__(self, strategy: str, run_id: str, answer_ms: float, inputs: Inputs, evaluate: Evaluate) -> None:
        self.strategy = strategy
        self.run_id = run_id
        self.answer_ms = answer_ms
        self._inputs = inputs
        self._evaluate = evaluate
        self._peer: Peer | None = None
        self._late: asyncio.TimerHandle | None = None
        self._order: OrderView = NO_ORDER
        self._wish = b""  # hash of the link that asked for what is being worked
        self._by_number: tuple[int, bytes] = (0, b"")
        self._counts = {"answers": 0, "late": 0, "invalid": 0, "breaks": 0}
        self._break = ""
        self._log = get_logger(stream="bridge")
        inputs.outside = NOT_OUTSIDE._replace(fault=OutsideFault.NOT_CONNECTED.value)

    def evaluated(self, observation: Observation, decision: Decision) -> None:
        """Tells the other process of an evaluation: order events at once, the newest state once it is its turn."""
        peer = self._peer
        if decision.intent.action == IntentAction.SUBMIT:
            self._by_number = (decision.intent.number, self._wish)
        if observation.order != self._order:
            self._order = observation.order
            if peer is not None and observation.order.phase:
                number, asked = self._by_number
                follows = asked if number == observation.order.intent_number else b""
                peer.send(bridge_pb2.LINK_KIND_ORDER_EVENT, follows, order_event_to_wire(observation))
        if peer is not None and observation.cause != ObservationCause.OUTSIDE:
            peer.fresh = (observation, decision)
            self._show(peer)

    def _show(self, peer: Peer) -> None:
        if peer.shown is not None or peer.fresh is None:
            return
        observation, decision = peer.fresh
        peer.fresh = None
        head = peer.send(bridge_pb2.LINK_KIND_STATE, b"", state_to_wire(observation, decision))
        peer.shown = Shown(observation.sequence, head, time.monotonic())
        if self._late is not None:
            self._late.cancel()
        self._late = asyncio.get_running_loop().call_later(self.answer_ms / 1000, self._too_late, peer, head)

    def _too_late(self, peer: Peer, head: bytes) -> None:
        if peer is self._peer and peer.shown is not None and peer.shown.head == head:
            self._counts["late"] += 1
            peer.shown = None
            self._fault(OutsideFault.LATE)
            self._show(peer)

    def _fault(self, fault: OutsideFault) -> None:
        """A fault stands from now on; a broken chain is not made less by what follows from it."""
        standing = self._inputs.outside
        if standing.fault == fault or (standing.fault == OutsideFault.BROKEN_CHAIN and fault is not OutsideFault.NONE):
            return
        self._inputs.outside = NOT_OUTSIDE._replace(sequence=standing.sequence, fault=fault.value)
        self._log.warning("bridge fault", fault=fault.name)
        self._evaluate(ObservationCause.OUTSIDE)

    def take(self, peer: Peer, link: bridge_pb2.ChainLink) -> None:
        """Takes one answer; raises FailedPrecondition when the chain broke."""
        try:
            take_link(peer.taken, link)
            shown = peer.shown
            intent = bridge_pb2.BridgeIntent.FromString(link.payload)
            if shown is not None and intent.sequence == shown.sequence and link.follows != shown.head:
                raise BrokenChain(f"link {link.index} answers state {intent.sequence}, and follows another link")
        except BrokenChain as broken:
            self._counts["breaks"] += 1
            self._break = str(broken)
            self._fault(OutsideFault.BROKEN_CHAIN)
            raise FailedPrecondition(str(broken), "BROKEN_CHAIN") from broken
        except DecodeError:
            self._refuse(peer, "payload: no BridgeIntent")
            return
        if shown is None or intent.sequence != shown.sequence:
            return  # late: counted when its time was over
        try:
            answer = answer_from_wire(intent)
        except InvalidValue as error:
            self._refuse(peer, str(error))
            return
        self._counts["answers"] += 1
        peer.shown = None
        before = self._inputs.outside
        self._inputs.outside = NOT_OUTSIDE._replace(
            sequence=answer.sequence, action=answer.action.value, quantity=answer.quantity,
            limit_price=answer.limit_price,
        )  # fmt: skip
        if answer.action is IntentAction.SUBMIT:
            self._wish = link.hash
        if answer.action is not IntentAction.NONE or before.fault:
            self._evaluate(ObservationCause.OUTSIDE)
        self._show(peer)

    def _refuse(self, peer: Peer, why: str) -> None:
        self._counts["invalid"] += 1
        self._log.warning("answer refused", why=why)
        peer.shown = None
        self._fault(OutsideFault.INVALID)
        self._show(peer)

    def join(self, hello: bridge_pb2.BridgeHello) -> Peer:
        """Takes a connection; FailedPrecondition while there is one, InvalidValue for another strategy's."""
        if hello.strategy != self.strategy:
            raise InvalidValue("hello.strategy", hello.strategy, f"this daemon's strategy, {self.strategy}")
        if self._peer is not None:
            raise FailedPrecondition(f"{self._peer.client} is connected; one at a time", "ALREADY_CONNECTED")
        self._wish, self._by_number = b"", (0, b"")  # another connection's links are no part of this one's chains
        peer = self._peer = Peer(note_from_wire("hello.client", hello.client, 64) or "unnamed")
        welcome = bridge_pb2.BridgeWelcome(run_id=self.run_id, seed=peer.seed, answer_ms=self.answer_ms)
        peer.out.append(bridge_pb2.ConnectResponse(welcome=welcome))
        self._log.info("connected", client=peer.client)
        return peer

    def leave(self, peer: Peer, why: str) -> None:
        """The connection is over."""
        if peer is not self._peer:
            return
        self._peer = None
        self._log.info("gone", client=peer.client, why=why)
        self._fault(OutsideFault.NOT_CONNECTED)

    def close(self, reason: str) -> None:
        """Lets the other end go, telling it why."""
        if self._peer is not None:
            self._peer.closing = reason
            self._peer.wake.set()

    @property
    def snapshot(self) -> dict[str, Any]:
        """The bridge as the daemon's snapshot shows it; `intact` says that no link since the last hello is amiss."""
        peer = self._peer
        return {
            "connected": peer is not None,
            "client": peer.client if peer is not None else None,
            "fault": OutsideFault(self._inputs.outside.fault).name,
            "intact": self._inputs.outside.fault != OutsideFault.BROKEN_CHAIN,
            "links_sent": peer.sent.index if peer is not None else 0,
            "links_taken": peer.taken.index if peer is not None else 0,
            "head_sent": peer.sent.head.hex() if peer is not None else None,
            "head_taken": peer.taken.head.hex() if peer is not None else None,
            "last_break": self._break or None,
            **self._counts,
        }


class BridgeServicer(bridge_pb2_grpc.StrategyBridgeServiceServicer):
    """StrategyBridgeService over a Bridge; `market_now` for heartbeats, every `heartbeat_s` of silence."""

    def __init__(
        self, bridge: Bridge, wall_now: Callable[[], int], market_now: Callable[[], int], heartbeat_s: float
    ) -> None:
        self._bridge = bridge
        self._wall_now = wall_now
        self._market_now = market_now
        self._heartbeat_s = heartbeat_s

    async def Connect(  # noqa: D102
        self, requests: AsyncIterator[bridge_pb2.ConnectRequest], context: grpc.aio.ServicerContext[object, object]
    ) -> AsyncIterator[bridge_pb2.ConnectResponse]:
        first = await anext(aiter(requests), None)
        if first is None or first.WhichOneof("event") != "hello":
            raise InvalidValue("event", "" if first is None else first.WhichOneof("event"), "hello comes first")
        peer = self._bridge.join(first.hello)
        listening = asyncio.create_task(self._listen(peer, requests))
        why = "ended by the client"
        try:
            while not peer.closing and not listening.done():
                while peer.out:
                    yield peer.out.popleft()
                peer.wake.clear()
                waking = asyncio.create_task(peer.wake.wait())
                await asyncio.wait((waking, listening), timeout=self._heartbeat_s, return_when=asyncio.FIRST_COMPLETED)
                quiet = not waking.done()
                waking.cancel()
                if quiet and not listening.done():
                    beat = heartbeat_to_wire(self._wall_now(), self._market_now())
                    yield bridge_pb2.ConnectResponse(heartbeat=beat)
            if peer.closing:
                why = peer.closing
                yield bridge_pb2.ConnectResponse(closing=closing_to_wire(peer.closing))
            else:
                listening.result()
        finally:
            listening.cancel()
            self._bridge.leave(peer, why)

    async def _listen(self, peer: Peer, requests: AsyncIterator[bridge_pb2.ConnectRequest]) -> None:
        async for request in requests:
            if request.WhichOneof("event") != "link":
                raise InvalidValue("event", request.WhichOneof("event"), "a link: hello came before")
            self._bridge.take(peer, request.link)
