"""StrategyService: shows the snapshot and the decisions; decides nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import grpc

from hedgerow.api.strategy.v1 import strategy_pb2, strategy_pb2_grpc
from hedgerow.clock import Clock, wall_now
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.trading_state import StatusLamp
from hedgerow.rpc.streams import ConflatingBroadcast
from hedgerow.store.location import Place
from hedgerow.store.read import read_decisions
from hedgerow.wire.common import closing_to_wire, heartbeat_to_wire
from hedgerow.wire.enums import status_lamp_to_wire
from hedgerow.wire.strategy import decision_to_wire, snapshot_to_wire
from services.strategy.service import Daemon

MAX_PAGE = 1000


class StrategyServicer(strategy_pb2_grpc.StrategyServiceServicer):
    """One daemon's face."""

    def __init__(
        self, daemon: Daemon, strategy: str, place: Place, live: ConflatingBroadcast[dict[str, object]],
        clock: Clock, heartbeat_s: float,
    ) -> None:  # fmt: skip
        self._daemon = daemon
        self._strategy = strategy
        self._place = place
        self._live = live
        self._clock = clock
        self._heartbeat_s = heartbeat_s

    async def GetStrategy(  # noqa: D102
        self, request: strategy_pb2.GetStrategyRequest, context: grpc.aio.ServicerContext[object, object]
    ) -> strategy_pb2.GetStrategyResponse:
        latest = self._daemon.latest
        return strategy_pb2.GetStrategyResponse(
            strategy=self._strategy,
            run_id=self._daemon.run_id,
            daemon_state=self._daemon.daemon.value,
            status_lamp=status_lamp_to_wire(StatusLamp(latest["status_lamp"])),
            snapshot=snapshot_to_wire(latest),
            leg_instrument_ids=sorted(self._daemon.inputs.legs),
        )

    async def ListDecisions(  # noqa: D102
        self, request: strategy_pb2.ListDecisionsRequest, context: grpc.aio.ServicerContext[object, object]
    ) -> strategy_pb2.ListDecisionsResponse:
        size = request.page_size or 100
        if not 1 <= size <= MAX_PAGE:
            raise InvalidValue("page_size", size, f"1 to {MAX_PAGE}, 0 for 100")
        token = request.page_token
        if token and not token.isdigit():
            raise InvalidValue("page_token", token, "the next_page_token of the answer before")
        rows = await asyncio.to_thread(
            read_decisions, self._place, self._strategy, intents_only=request.intents_only,
            block_reason=request.block_reason or None, limit=size, before=int(token or 0),
        )  # fmt: skip
        records = [json.loads(row["record"]) if isinstance(row["record"], str) else row["record"] for row in rows]
        return strategy_pb2.ListDecisionsResponse(
            decisions=[decision_to_wire(record) for record in records],
            next_page_token=str(records[-1]["sequence"]) if len(records) == size else "",
        )

    async def StreamDecisions(  # noqa: D102
        self, request: strategy_pb2.StreamDecisionsRequest, context: grpc.aio.ServicerContext[object, object]
    ) -> AsyncIterator[strategy_pb2.StreamDecisionsResponse]:
        with self._live.subscribe() as reader:
            async for batch in reader.batches(self._heartbeat_s):
                if batch.dropped:
                    yield strategy_pb2.StreamDecisionsResponse(dropped=batch.dropped)
                for record in batch.items:
                    yield strategy_pb2.StreamDecisionsResponse(decision=decision_to_wire(record))
                if batch.idle:
                    beat = heartbeat_to_wire(wall_now(), self._clock.market_now())
                    yield strategy_pb2.StreamDecisionsResponse(heartbeat=beat)
                if batch.closing:
                    yield strategy_pb2.StreamDecisionsResponse(closing=closing_to_wire(batch.closing))
