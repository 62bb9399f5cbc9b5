"""The servicer: wire to service to wire, no decisions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from hedgerow.api.execution.v1 import execution_pb2, execution_pb2_grpc
from hedgerow.clock import Clock
from hedgerow.domain.errors import InvalidValue
from hedgerow.wire.common import broker_link_to_wire, operator_from_wire, text_from_wire
from hedgerow.wire.execution import intent_from_wire
from services.execution import messages
from services.execution.latch_calls import LatchCalls
from services.execution.messages import flatten_from_wire
from services.execution.resolving import Resolver
from services.execution.service import ExecutionService
from services.execution.streams import IntentStreams, report_stream

SERVICE_NAME = "hedgerow.api.execution.v1.ExecutionService"
DEFAULT_PAGE, LARGEST_PAGE = 100, 1000
LONGEST_REASON = 256


class ExecutionServer(execution_pb2_grpc.ExecutionServiceServicer):
    """ExecutionService over gRPC."""

    def __init__(
        self, service: ExecutionService, latches: LatchCalls, resolver: Resolver, clock: Clock, heartbeat_s: float
    ) -> None:
        self._service = service
        self._latches = latches
        self._resolver = resolver
        self._clock = clock
        self._heartbeat_s = heartbeat_s
        self._intents = IntentStreams(service, latches.desk, clock, heartbeat_s)

    async def SubmitIntent(
        self, request: execution_pb2.SubmitIntentRequest, context: Any
    ) -> execution_pb2.SubmitIntentResponse:
        """One intent by hand."""
        answer = await self._service.submit(intent_from_wire("intent", request.intent))
        return execution_pb2.SubmitIntentResponse(acknowledgement=messages.acknowledgement(answer))

    async def CancelOrder(
        self, request: execution_pb2.CancelOrderRequest, context: Any
    ) -> execution_pb2.CancelOrderResponse:
        """An operator's cancel."""
        name = text_from_wire("client_order_id", request.client_order_id)
        text_from_wire("operator.request_id", request.operator.request_id)
        actor = text_from_wire("operator.actor", request.operator.actor)
        reason = text_from_wire("operator.reason", request.operator.reason, LONGEST_REASON)
        order = await self._service.cancel(name, f"{actor}: {reason}")
        return execution_pb2.CancelOrderResponse(order=messages.order(order))

    async def GetOrder(self, request: execution_pb2.GetOrderRequest, context: Any) -> execution_pb2.GetOrderResponse:
        """One order."""
        order = await self._service.durable_order(text_from_wire("client_order_id", request.client_order_id))
        return execution_pb2.GetOrderResponse(order=messages.order(order))

    async def ListOrders(
        self, request: execution_pb2.ListOrdersRequest, context: Any
    ) -> execution_pb2.ListOrdersResponse:
        """A page of orders; the token names the last order of the page before."""
        if not 0 <= request.page_size <= LARGEST_PAGE:
            raise InvalidValue("page_size", request.page_size, f"1 to {LARGEST_PAGE}, or 0 for {DEFAULT_PAGE}")
        size = request.page_size or DEFAULT_PAGE
        page, more = await self._service.page(request.strategy, request.open_only, request.page_token, size)
        return execution_pb2.ListOrdersResponse(
            orders=[messages.order(order) for order in page],
            next_page_token=page[-1].client_order_id if more else "",
        )

    async def Reconcile(self, request: execution_pb2.ReconcileRequest, context: Any) -> execution_pb2.ReconcileResponse:
        """A comparison with the broker now."""
        request_id = text_from_wire("operator.request_id", request.operator.request_id)
        text_from_wire("operator.actor", request.operator.actor)
        text_from_wire("operator.reason", request.operator.reason, LONGEST_REASON)
        recovered, differences = await self._service.reconcile(request_id)
        return execution_pb2.ReconcileResponse(
            state=self._service.state(), fills_recovered=recovered, differences=differences
        )

    async def Flatten(self, request: execution_pb2.FlattenRequest, context: Any) -> execution_pb2.FlattenResponse:
        """A flatten, begun or as far as it has come."""
        ask = replace(flatten_from_wire(request), sequence=self._latches.desk.newest_heard)
        flatten, positions = await self._service.flatten(ask)
        return execution_pb2.FlattenResponse(flatten=messages.flatten(flatten, positions))

    async def Kill(self, request: execution_pb2.KillRequest, context: Any) -> execution_pb2.KillResponse:
        """A kill, begun or as far as it has come."""
        return await self._latches.kill(request)

    async def ListLatches(
        self, request: execution_pb2.ListLatchesRequest, context: Any
    ) -> execution_pb2.ListLatchesResponse:
        """What stands."""
        return execution_pb2.ListLatchesResponse(latches=self._latches.standing(request.strategy))

    async def LiftLatch(self, request: execution_pb2.LiftLatchRequest, context: Any) -> execution_pb2.LiftLatchResponse:
        """One latch lifted by its name."""
        return execution_pb2.LiftLatchResponse(latches=await self._latches.lift(request))

    async def ResolveOrder(
        self, request: execution_pb2.ResolveOrderRequest, context: Any
    ) -> execution_pb2.ResolveOrderResponse:
        """An operator's word on an UNKNOWN order."""
        return execution_pb2.ResolveOrderResponse(order=await self._resolver.resolve(request))

    async def RetryBrokerLink(
        self, request: execution_pb2.RetryBrokerLinkRequest, context: Any
    ) -> execution_pb2.RetryBrokerLinkResponse:
        """The broker connection tried now."""
        operator_from_wire("operator", request.operator)
        link = await self._service.retry_link()
        return execution_pb2.RetryBrokerLinkResponse(link=broker_link_to_wire(link))

    def Intents(
        self, request_iterator: AsyncIterator[execution_pb2.IntentsRequest], context: Any
    ) -> AsyncIterator[execution_pb2.IntentsResponse]:
        """A strategy's stream."""
        return self._intents.serve(request_iterator)

    def StreamExecutionReports(
        self, request: execution_pb2.StreamExecutionReportsRequest, context: Any
    ) -> AsyncIterator[execution_pb2.StreamExecutionReportsResponse]:
        """Every report in sequence."""
        return report_stream(self._service, self._clock, self._heartbeat_s, request)
