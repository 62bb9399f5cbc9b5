"""Operations of all stores, merged over a real socket: newest first, filtered, paged, validated."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import grpc
import pytest

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.control.v1 import control_pb2
from hedgerow.domain.order import Side
from hedgerow.rpc.errors import error_info
from hedgerow.state_dir import StateDir
from hedgerow.store.engine import open_store
from hedgerow.store.operations import OperationType, operation_row
from hedgerow.store.writer import AsyncWriter
from hedgerow.wire.common import timestamp_to_wire
from tests.integration.control.conftest import stub_of
from tests.integration.service_process import ServiceProcess

S = 1_000_000_000


async def write(state: StateDir, owner: str, *rows: Any) -> None:
    with open_store(state.store_dir, owner) as store:
        writer = AsyncWriter(store)
        await writer.write(rows)
        await writer.close()


async def filled(state: StateDir) -> None:
    """A fill at 3 s in execution's store, an adoption at 2 s in the strategy's, another's denial at 1 s."""
    fill = operation_row(
        OperationType.FILL, wall_ns=3 * S, market_ns=30 * S, strategy="goog", instrument="GOOG", side=Side.SELL,
        quantity=Decimal(60), price=Decimal("750.10"), state="FILLED", reason="HEDGE_NEEDED", client_order_id="hr-1",
        text="words",
    )  # fmt: skip
    denied = operation_row(OperationType.DENIED, wall_ns=1 * S, market_ns=0, strategy="twx", reason="ORDER_RATE")
    adopted = operation_row(OperationType.ADOPTION, wall_ns=2 * S, market_ns=20 * S, strategy="goog")
    await write(state, "execution", denied, fill)
    await write(state, "strategy-goog", adopted)


async def listed(control: ServiceProcess, **filters: Any) -> control_pb2.ListOperationsResponse:
    answer: control_pb2.ListOperationsResponse = await stub_of(control).ListOperations(
        control_pb2.ListOperationsRequest(**filters)
    )
    return answer


async def test_operations_of_all_stores_are_one_list(state: StateDir, control: ServiceProcess) -> None:
    assert list((await listed(control)).operations) == []
    await filled(state)
    answer = await listed(control)
    fill, adopted, denied = answer.operations
    assert answer.next_page_token == ""
    assert [fill.type, adopted.type, denied.type] == ["FILL", "ADOPTION", "DENIED"]
    assert len({one.operation_id for one in answer.operations}) == 3
    assert (fill.create_time.seconds, fill.event_time.seconds) == (3, 30)
    assert (fill.side, fill.quantity.value, fill.price.value) == (common_pb2.SIDE_SELL, "60", "750.10")
    assert (fill.instrument_id, fill.state, fill.reason, fill.client_order_id, fill.text) == (
        "GOOG", "FILLED", "HEDGE_NEEDED", "hr-1", "words",
    )  # fmt: skip
    assert not denied.HasField("event_time")
    assert not denied.HasField("quantity")
    assert denied.side == common_pb2.SIDE_UNSPECIFIED


async def test_filters_and_pages(state: StateDir, control: ServiceProcess) -> None:
    await filled(state)
    assert [one.type for one in (await listed(control, strategy="goog")).operations] == ["FILL", "ADOPTION"]
    assert [one.strategy for one in (await listed(control, type="DENIED")).operations] == ["twx"]
    between = await listed(control, since_time=timestamp_to_wire(1 * S), until_time=timestamp_to_wire(3 * S))
    assert [one.type for one in between.operations] == ["ADOPTION", "DENIED"]
    seen, token = [], ""
    for _ in range(3):
        page = await listed(control, page_size=1, page_token=token)
        seen += [one.type for one in page.operations]
        token = page.next_page_token
    assert (seen, token) == (["FILL", "ADOPTION", "DENIED"], "")


@pytest.mark.parametrize(
    ("filters", "key"),
    [
        ({"page_size": -1}, "page_size"),
        ({"page_size": 1001}, "page_size"),
        ({"page_token": "not one"}, "page_token"),
        ({"type": "FILLS"}, "type"),
        ({"since_time": {"nanos": -1}}, "since_time"),
    ],
)
async def test_a_bad_filter_is_refused_by_field(control: ServiceProcess, filters: dict[str, Any], key: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await listed(control, **filters)
    info = error_info(refused.value)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert info is not None
    assert info.metadata["key"] == key
