"""A break is assigned by an operator, over gRPC and on the command line; transfers are listed page by page."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

import grpc
import pytest
from click.testing import Result
from typer.testing import CliRunner

from hedgerow.api.portfolio.v1 import portfolio_pb2
from hedgerow.cli.position import app
from hedgerow.domain.errors import FailedPrecondition, HedgerowError
from hedgerow.rpc.errors import rpc_reason
from hedgerow.state_dir import StateDir
from hedgerow.wire.common import decimal_to_wire
from tests.integration.ib.gateway import Gateway
from tests.integration.portfolio.client import (
    ACCOUNT,
    CALL,
    STRATEGY,
    PositionStream,
    adopted,
    held,
    operator,
    stub_of,
)
from tests.integration.portfolio.test_ledger import rows
from tests.integration.report_feed import ReportFeed
from tests.integration.service_process import ServiceProcess, until
from tests.unit.services.portfolio.samples import fill_report


def request(quantity: int, owner: str = "MANUAL", request_id: str = "b-1") -> portfolio_pb2.AssignBreakRequest:
    """Gives the break in GOOG to an owner."""
    return portfolio_pb2.AssignBreakRequest(
        account=ACCOUNT, instrument_id="GOOG", owner=owner, quantity=decimal_to_wire(Decimal(quantity)),
        operator=operator(request_id),
    )  # fmt: skip


async def assign(portfolio: ServiceProcess, asked: portfolio_pb2.AssignBreakRequest) -> portfolio_pb2.Position:
    answer: Any = await stub_of(portfolio).AssignBreak(asked, timeout=5)
    position: portfolio_pb2.Position = answer.position
    return position


async def broken(feed: ReportFeed, portfolio: ServiceProcess, gateway: Gateway) -> PositionStream:
    """The strategy sold 100, the broker has 90 less than none; the stream that told of it."""
    stream = PositionStream(portfolio)
    await adopted(portfolio)
    feed.report([fill_report(1, -100)])
    await gateway.admin("seed_position", instrument_id="GOOG", quantity=-90, average_price="751")
    await until(lambda: [each.settling for each in stream.breaks] == [False], "the break is told")
    return stream


async def test_a_break_is_given_as_it_stands_once_and_on_the_record(
    feed: ReportFeed, portfolio: ServiceProcess, gateway: Gateway, state: StateDir
) -> None:
    stream = await broken(feed, portfolio, gateway)
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await assign(portfolio, request(9))
    assert (error.value.code(), rpc_reason(error.value)) == (grpc.StatusCode.FAILED_PRECONDITION, "BREAK_CHANGED")
    assert "+10 (ledger -100, broker -90)" in str(error.value.details())
    position = await assign(portfolio, request(10))
    assert (position.owner, position.quantity.value, position.average_price.value) == ("MANUAL", "10", "751")
    await until(lambda: not stream.breaks, "the break is gone")
    assert await held(portfolio) == {(STRATEGY, CALL): 20, (STRATEGY, "GOOG"): -100, ("MANUAL", "GOOG"): 10}
    assert await assign(portfolio, request(10)) == position
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await assign(portfolio, request(10, STRATEGY))
    assert error.value.code() is grpc.StatusCode.ALREADY_EXISTS
    (transfer,) = [row for row in rows(state, "transfers") if row.kind == "BREAK_ASSIGNED"]
    assert (transfer.actor, transfer.reason, transfer.from_owner) == ("tester", "to see", "BROKER")
    (operation,) = [row for row in rows(state, "operations") if row.type == "TRANSFER"]
    assert (operation.reason, operation.strategy, operation.quantity) == ("BREAK_ASSIGNED", "MANUAL", 10)

    seen, token = [], ""
    while not seen or token:
        page = portfolio_pb2.ListTransfersRequest(page_size=1, page_token=token)
        answer = await stub_of(portfolio).ListTransfers(page, timeout=5)
        seen += [portfolio_pb2.TransferKind.Name(each.kind)[14:] for each in answer.transfers]
        token = answer.next_page_token
    assert seen == ["BREAK_ASSIGNED", "ADOPTION", "OPENING"]
    for bad in (portfolio_pb2.ListTransfersRequest(page_token="?"), portfolio_pb2.ListTransfersRequest(page_size=1001)):
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await stub_of(portfolio).ListTransfers(bad, timeout=5)
        assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    await stream.close()


async def hedgerow(*arguments: str) -> Result:
    """`hedgerow position ARGUMENTS`, in a thread of this process."""
    return await asyncio.to_thread(CliRunner().invoke, app, list(arguments))


async def test_on_the_command_line(
    feed: ReportFeed, portfolio: ServiceProcess, gateway: Gateway, state: StateDir
) -> None:
    stream = await broken(feed, portfolio, gateway)
    where = ("--session", str(state.root))
    shown = await hedgerow("list", "--json", *where)
    (found,) = json.loads(shown.stdout)["breaks"]
    assert (shown.exit_code, found["instrument_id"], found["broker_quantity"]["value"]) == (1, "GOOG", "-90")
    assert "+10" in (await hedgerow("list", *where)).stdout
    common = ("--account", ACCOUNT, "--reason", "sold by phone", "--actor", "ann", "--request-id", "cli-1", *where)
    wrong = await hedgerow("assign-break", "GOOG", "-10", "--owner", "MANUAL", *common)
    assert isinstance(wrong.exception, FailedPrecondition)
    assert "is +10" in str(wrong.exception)
    nobody = await hedgerow("assign-break", "GOOG", "10", "--owner", "nobody", *common)
    assert isinstance(nobody.exception, HedgerowError)
    assert "nobody" in str(nobody.exception)
    for _ in range(2):
        given = await hedgerow("assign-break", "GOOG", "10", "--owner", "MANUAL", "--json", *common)
        assert json.loads(given.stdout)["position"]["quantity"]["value"] == "10"
    await until(lambda: not stream.breaks, "the break is gone")
    listed = json.loads((await hedgerow("transfers", "--limit", "1", "--json", *where)).stdout)
    (newest,) = listed["transfers"]
    assert (newest["kind"], newest["actor"], newest["reason"]) == (
        "TRANSFER_KIND_BREAK_ASSIGNED", "ann", "sold by phone",
    )  # fmt: skip
    assert listed["next_page_token"]
    assert "BREAK_ASSIGNED" in (await hedgerow("transfers", *where)).stdout
    taken = await hedgerow("adopt", "GOOG", "5", "--strategy", "nobody", *common)
    assert isinstance(taken.exception, HedgerowError)
    await stream.close()
