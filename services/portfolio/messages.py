"""Accounts, positions, exposure, breaks and transfers as protobuf."""

from __future__ import annotations

from decimal import Decimal

from google.type import decimal_pb2

from hedgerow.api.portfolio.v1 import portfolio_pb2
from hedgerow.domain.position import Position
from hedgerow.wire.common import decimal_to_wire, instrument_to_wire, timestamp_to_wire
from hedgerow.wire.enums import EnumWire
from services.portfolio.domain.comparison import Break
from services.portfolio.domain.ledger import Transfer, TransferKind
from services.portfolio.domain.views import ExposureView, PositionView
from services.portfolio.ports import Account

_KIND = EnumWire(TransferKind, portfolio_pb2.TransferKind, "TRANSFER_KIND")


def account(account: Account) -> portfolio_pb2.Account:
    """One account; a value the broker did not give stays unset."""
    return portfolio_pb2.Account(
        account=account.account,
        balance=_optional(account.balance),
        net_liquidation=_optional(account.net_liquidation),
        buying_power=_optional(account.buying_power),
        currency=account.currency,
        values=account.values,
        fetch_time=timestamp_to_wire(account.fetched_at),
    )


def position(view: PositionView) -> portfolio_pb2.Position:
    """One owner's share of one position."""
    return portfolio_pb2.Position(
        account=view.account,
        instrument=instrument_to_wire(view.instrument),
        owner=view.owner,
        quantity=decimal_to_wire(view.quantity),
        average_price=decimal_to_wire(view.average_price),
        mark_price=_optional(view.mark_price),
        unrealized_pnl=_optional(view.unrealized_pnl),
        realized_pnl=decimal_to_wire(view.realized_pnl),
        commissions=decimal_to_wire(view.commissions),
        transferred=None if view.transferred == Position() else _transferred(view.transferred),
    )


def _transferred(part: Position) -> portfolio_pb2.TransferredPart:
    return portfolio_pb2.TransferredPart(
        quantity=decimal_to_wire(part.quantity),
        average_price=decimal_to_wire(part.average_price),
        realized_pnl=decimal_to_wire(part.realized_pnl),
    )


def exposure(view: ExposureView) -> portfolio_pb2.Exposure:
    """Exposure of one underlying and owner."""
    return portfolio_pb2.Exposure(
        account=view.account,
        symbol=view.symbol,
        owner=view.owner,
        gross_notional=decimal_to_wire(view.gross_notional),
        net_notional=decimal_to_wire(view.net_notional),
        stock_quantity=decimal_to_wire(view.stock_quantity),
        option_contracts=decimal_to_wire(view.option_contracts),
    )


def position_break(difference: Break, settling: bool = False) -> portfolio_pb2.PositionBreak:
    """One difference between ledger and broker; `settling`: seen a moment ago in an option."""
    return portfolio_pb2.PositionBreak(
        account=difference.account,
        instrument_id=difference.instrument_id,
        ledger_quantity=decimal_to_wire(difference.ledger_quantity),
        broker_quantity=decimal_to_wire(difference.broker_quantity),
        since=timestamp_to_wire(difference.since),
        settling=settling,
    )


def transfer(each: Transfer) -> portfolio_pb2.Transfer:
    """One transfer."""
    return portfolio_pb2.Transfer(
        transfer_id=each.transfer_id,
        kind=_KIND.to_wire(each.kind),
        account=each.account,
        instrument_id=each.instrument_id,
        from_owner=each.from_owner,
        to_owner=each.to_owner,
        quantity=decimal_to_wire(each.quantity),
        price=decimal_to_wire(each.price),
        actor=each.actor,
        reason=each.reason,
        create_time=timestamp_to_wire(each.wall_ns),
        event_time=timestamp_to_wire(each.market_ns),
    )


def _optional(value: Decimal | None) -> decimal_pb2.Decimal | None:
    return None if value is None else decimal_to_wire(value)
