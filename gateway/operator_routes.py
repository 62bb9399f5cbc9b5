"""The operator's short routes: /status, /operations and /control/*; conversions, no rules of their own."""

from __future__ import annotations

from gateway.app import Own
from gateway.http import Answer, Request
from gateway.parameters import read_parameters
from gateway.status import PortfolioFeed, StatusPage
from gateway.upstream import Upstreams
from hedgerow.rpc.process import ProcessContext


def operator_routes(
    page: StatusPage, portfolio: PortfolioFeed, upstreams: Upstreams, context: ProcessContext
) -> dict[str, Own]:
    """The short routes by path."""

    async def status(request: Request) -> Answer:
        if not request.query:
            return Answer(page.encoded())
        wanted = read_parameters(request.query, ("strategy",)).get("strategy", "")
        return Answer(page.encoded(upstreams.strategy(wanted) if wanted else ""))

    return {"/status": Own("GET", status)}
