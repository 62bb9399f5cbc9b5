"""PortfolioService on the wire: no decisions here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from hedgerow.api.portfolio.v1 import portfolio_pb2, portfolio_pb2_grpc
from hedgerow.clock import wall_now
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.trading_state import BrokerLink
from hedgerow.wire.common import (
    broker_link_to_wire,
    closing_to_wire,
    decimal_from_wire,
    heartbeat_to_wire,
    instrument_id_from_wire,
    operator_from_wire,
    text_from_wire,
    timestamp_to_wire,
)
from services.portfolio import messages
from services.portfolio.domain.adoption import Adopt
from services.portfolio.domain.break_assignment import AssignBreak
from services.portfolio.domain.views import PositionView, exposures
from services.portfolio.service import Event, PortfolioService

SERVICE_NAME = "hedgerow.api.portfolio.v1.PortfolioService"
USUAL_PAGE, LONGEST_PAGE = 100, 1000


class PortfolioServer(portfolio_pb2_grpc.PortfolioServiceServicer):
    """Answers questions, books adoptions and assigned breaks, streams positions."""

    def __init__(self, service: PortfolioService) -> None:
        self._service = service

    async def GetPortfolio(
        self, request: portfolio_pb2.GetPortfolioRequest, context: Any
    ) -> portfolio_pb2.GetPortfolioResponse:
        """Everything, as of one moment."""
        service, wanted = self._service, request.account
        positions = service.positions(wanted)
        response = portfolio_pb2.GetPortfolioResponse(
            accounts=[
                messages.account(each) for name, each in sorted(service.accounts.items()) if wanted in ("", name)
            ],
            positions=[messages.position(view) for view in positions],
            exposures=[messages.exposure(view) for view in exposures(positions)],
            breaks=self._breaks(wanted),
            link=broker_link_to_wire(service.link),
        )
        if service.accounts_fetched_at:
            response.accounts_fetch_time.CopyFrom(timestamp_to_wire(service.accounts_fetched_at))
        return response

    async def ListAccounts(
        self, request: portfolio_pb2.ListAccountsRequest, context: Any
    ) -> portfolio_pb2.ListAccountsResponse:
        """Accounts as last fetched."""
        accounts = [messages.account(each) for _, each in sorted(self._service.accounts.items())]
        return portfolio_pb2.ListAccountsResponse(accounts=accounts, link=broker_link_to_wire(self._service.link))

    async def RefreshAccounts(
        self, request: portfolio_pb2.RefreshAccountsRequest, context: Any
    ) -> portfolio_pb2.RefreshAccountsResponse:
        """Accounts fetched now."""
        request_id, _, _ = operator_from_wire("operator", request.operator)
        accounts = await self._service.refresh(request_id)
        return portfolio_pb2.RefreshAccountsResponse(accounts=[messages.account(each) for each in accounts])

    async def ListPositions(
        self, request: portfolio_pb2.ListPositionsRequest, context: Any
    ) -> portfolio_pb2.ListPositionsResponse:
        """Positions per account, instrument and owner."""
        views = self._service.positions(request.account, request.owner)
        return portfolio_pb2.ListPositionsResponse(
            positions=[messages.position(view) for view in views], breaks=self._breaks(request.account)
        )

    async def AdoptPosition(
        self, request: portfolio_pb2.AdoptPositionRequest, context: Any
    ) -> portfolio_pb2.AdoptPositionResponse:
        """A strategy takes over what MANUAL has."""
        request_id, actor, reason = operator_from_wire("operator", request.operator)
        adopt = Adopt(
            request_id,
            text_from_wire("account", request.account),
            instrument_id_from_wire("instrument_id", request.instrument_id, 0).instrument_id,
            text_from_wire("strategy", request.strategy),
            decimal_from_wire("quantity", request.quantity),
            decimal_from_wire("price", request.price) if request.HasField("price") else None,
            actor,
            reason,
        )
        view = await self._service.adopt(adopt)
        return portfolio_pb2.AdoptPositionResponse(position=messages.position(view))

    async def AssignBreak(
        self, request: portfolio_pb2.AssignBreakRequest, context: Any
    ) -> portfolio_pb2.AssignBreakResponse:
        """An owner gets the difference that stands."""
        request_id, actor, reason = operator_from_wire("operator", request.operator)
        assign = AssignBreak(
            request_id,
            text_from_wire("account", request.account),
            instrument_id_from_wire("instrument_id", request.instrument_id, 0).instrument_id,
            text_from_wire("owner", request.owner),
            decimal_from_wire("quantity", request.quantity),
            decimal_from_wire("price", request.price) if request.HasField("price") else None,
            actor,
            reason,
        )
        view = await self._service.assign_break(assign)
        return portfolio_pb2.AssignBreakResponse(position=messages.position(view))

    async def ListTransfers(
        self, request: portfolio_pb2.ListTransfersRequest, context: Any
    ) -> portfolio_pb2.ListTransfersResponse:
        """Transfers, newest first."""
        size = request.page_size or USUAL_PAGE
        if not 0 < size <= LONGEST_PAGE:
            raise InvalidValue("page_size", request.page_size, f"1 to {LONGEST_PAGE}, 0 = {USUAL_PAGE}")
        page, token = self._service.transfers(request.account, request.instrument_id, size, request.page_token)
        return portfolio_pb2.ListTransfersResponse(
            transfers=[messages.transfer(each) for each in page], next_page_token=token
        )

    async def RetryBrokerLink(
        self, request: portfolio_pb2.RetryBrokerLinkRequest, context: Any
    ) -> portfolio_pb2.RetryBrokerLinkResponse:
        """The broker connection tried now."""
        operator_from_wire("operator", request.operator)
        link = await self._service.retry_link()
        return portfolio_pb2.RetryBrokerLinkResponse(link=broker_link_to_wire(link))

    async def StreamPositions(
        self, request: portfolio_pb2.StreamPositionsRequest, context: Any
    ) -> AsyncIterator[portfolio_pb2.StreamPositionsResponse]:
        """All positions and the link, then what changes; all again when completeness or the breaks change."""
        service, owner = self._service, request.owner

        def accepts(event: Event) -> bool:
            return not (owner and isinstance(event, PositionView) and event.owner != owner)

        with service.events.subscribe(accepts) as reader:
            yield self._snapshot(owner)
            yield portfolio_pb2.StreamPositionsResponse(link=broker_link_to_wire(service.link))
            async for batch in reader.batches(service.config.heartbeat_s):
                for event in batch.items:
                    yield self._message(event, owner)
                if batch.idle:
                    beat = heartbeat_to_wire(wall_now(), service.clock.market_now())
                    yield portfolio_pb2.StreamPositionsResponse(heartbeat=beat)
                if batch.closing:
                    yield portfolio_pb2.StreamPositionsResponse(closing=closing_to_wire(batch.closing))

    def _message(self, event: Event, owner: str) -> portfolio_pb2.StreamPositionsResponse:
        if isinstance(event, PositionView):
            return portfolio_pb2.StreamPositionsResponse(position=messages.position(event))
        if isinstance(event, BrokerLink):
            return portfolio_pb2.StreamPositionsResponse(link=broker_link_to_wire(event))
        return self._snapshot(owner)

    def _snapshot(self, owner: str) -> portfolio_pb2.StreamPositionsResponse:
        snapshot = portfolio_pb2.PositionSnapshot(
            positions=[messages.position(view) for view in self._service.positions(owner=owner)],
            complete=self._service.complete,
            breaks=self._breaks(),
        )
        return portfolio_pb2.StreamPositionsResponse(snapshot=snapshot)

    def _breaks(self, account: str = "") -> list[portfolio_pb2.PositionBreak]:
        comparison = self._service.comparison
        told = [messages.position_break(each) for each in comparison.breaks]
        told += [messages.position_break(each, settling=True) for each in comparison.settling]
        return [each for each in told if account in ("", each.account)]
