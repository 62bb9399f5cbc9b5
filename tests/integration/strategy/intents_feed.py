"""Execution's Intents stream on a real socket, told by the test what to say; what it is told is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc

from hedgerow.api.execution.v1 import execution_pb2, execution_pb2_grpc


class IntentsFeed(execution_pb2_grpc.ExecutionServiceServicer):
    """Begins every stream with `snapshot`, then says what `say` is given; `cancels` and `hellos` are what it heard."""

    def __init__(self) -> None:
        self.snapshot = execution_pb2.ExecutionSnapshot()
        self.cancels: list[str] = []
        self.hellos = 0
        self._say: asyncio.Queue[execution_pb2.IntentsResponse | None] = asyncio.Queue()
        self._server = grpc.aio.server()
        execution_pb2_grpc.add_ExecutionServiceServicer_to_server(self, self._server)
        self.port = self._server.add_insecure_port("127.0.0.1:0")

    async def start(self) -> IntentsFeed:
        """Listens."""
        await self._server.start()
        return self

    async def stop(self) -> None:
        """Ends every stream at once."""
        await self._server.stop(None)

    def say(self, *reports: execution_pb2.ExecutionReport) -> None:
        """Tells these reports on the open stream."""
        batch = execution_pb2.ExecutionReportBatch(reports=reports)
        self._say.put_nowait(execution_pb2.IntentsResponse(reports=batch))

    def say_state(self, *block_reasons: str) -> None:
        """Tells that execution is ready but for these reasons."""
        state = execution_pb2.ExecutionState()
        state.CopyFrom(self.snapshot.state)
        del state.block_reasons[:]
        state.block_reasons.extend(block_reasons)
        self._say.put_nowait(execution_pb2.IntentsResponse(state=state))

    def say_broken(self) -> None:
        """Ends the open stream."""
        self._say.put_nowait(None)

    async def Intents(
        self, requests: AsyncIterator[execution_pb2.IntentsRequest], context: Any
    ) -> AsyncIterator[execution_pb2.IntentsResponse]:
        """The snapshot, then what the test says."""
        await anext(aiter(requests))
        self.hellos += 1
        hearing = asyncio.create_task(self._hear(requests))
        try:
            yield execution_pb2.IntentsResponse(snapshot=self.snapshot)
            while (message := await self._say.get()) is not None:
                yield message
        finally:
            hearing.cancel()

    async def _hear(self, requests: AsyncIterator[execution_pb2.IntentsRequest]) -> None:
        async for request in requests:
            self.cancels += request.cancel_client_order_ids
