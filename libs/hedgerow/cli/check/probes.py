"""Small orders of the check's own on a simulated account, one for each thing that can happen to an order."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.execution.v1 import execution_pb2, execution_pb2_grpc
from hedgerow.api.market_data.v1 import market_data_pb2, market_data_pb2_grpc
from hedgerow.cli.check.context import RPC_TIMEOUT_S, Context
from hedgerow.cli.check.result import Failed, require
from hedgerow.clock import Clock, ReplayClock, WallClock
from hedgerow.domain.instrument import stock
from hedgerow.domain.order import Intent, OrderStatus, OrderType, Side, TimeInForce
from hedgerow.domain.quote import Quote
from hedgerow.store.operations import OperationType
from hedgerow.wire.enums import order_status_from_wire
from hedgerow.wire.execution import intent_to_wire
from hedgerow.wire.market_data import quote_from_wire

STRATEGY = "check"
"""Strategy name of the probe orders; no daemon has it."""
REASON = "ACCEPTANCE_CHECK"

_TICK = Decimal("0.01")
_ORDER_S = 20.0
_MARKET_S = 60.0
_FILL_S = 45.0
_MOST_TRANSIT_NS = 250_000_000


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe order, what became of it, and the operation records that must be there, by type."""

    purpose: str
    client_order_id: str
    status: OrderStatus
    expected: Counter[str]


def probes(ctx: Context) -> list[Probe]:
    """Submits the probes once per run and waits for their ends.

    Raises Failed when an account is not simulated, no quote is fresh, or an order ends otherwise.
    """
    return ctx.once("probes", lambda: _Prober(ctx).run())


def hold(ctx: Context, shares: int) -> None:
    """Buys shares of the underlying for the probes' strategy and waits for the fill; raises Failed without one."""
    _Prober(ctx).hold(Decimal(shares))


class _Prober:
    def __init__(self, ctx: Context) -> None:
        require(ctx.simulated, "probe orders are for simulated accounts only: mode sim and accounts that start SIM")
        self._ctx = ctx
        self._strategy = ctx.settings.strategy(ctx.strategies[0])
        self._execution = execution_pb2_grpc.ExecutionServiceStub(ctx.channel("execution"))
        clock_file = ctx.settings.replay.clock_file
        self._clock: Clock = WallClock() if clock_file is None else ReplayClock(clock_file)
        self._replay = clock_file is not None
        self._run = uuid.uuid4().hex[:12]
        self._collar = Decimal(str(min(1.5, 0.75 * ctx.settings.risk.price_collar_pct))) / 100

    def run(self) -> list[Probe]:
        """Cancel, reject, denial, then a fill and the opposite one."""
        op = OperationType
        self._ctx.tell("probe orders: cancel, reject, denial, fill")
        sent = [op.HEDGE_INTENT, op.ORDER_SENT]
        far = self._submit("cancel", Side.BUY, Decimal(1), self._below)
        self._await(far, OrderStatus.WORKING, _ORDER_S)
        self._cancel(far)
        found = [self._ended("cancel", far, OrderStatus.CANCELED, [*sent, op.CANCEL])]
        odd = self._submit("reject", Side.BUY, Decimal(1), lambda quote: self._below(quote) + _TICK / 100)
        found.append(self._ended("reject", odd, OrderStatus.REJECTED, [*sent, op.REJECT]))
        large = Decimal(self._ctx.settings.risk.max_order_quantity + 1)
        much = self._submit("denial", Side.BUY, large, self._below)
        found.append(self._ended("denial", much, OrderStatus.DENIED, [op.HEDGE_INTENT, op.DENIED]))
        bought = self._submit("fill", Side.BUY, Decimal(1), lambda quote: self._across(quote, Side.BUY))
        found.append(self._filled("fill", bought, sent))
        sold = self._submit(
            "flatten", Side.SELL, Decimal(1), lambda quote: self._across(quote, Side.SELL), reduce_only=True
        )
        found.append(self._filled("flatten", sold, sent))
        return found

    def hold(self, shares: Decimal) -> None:
        """One order that fills at once."""
        bought = self._submit("hold", Side.BUY, shares, lambda quote: self._across(quote, Side.BUY))
        self._filled("hold", bought, [])

    def _below(self, quote: Quote) -> Decimal:
        """Too low to trade against soon, within the price collar."""
        assert quote.bid is not None
        return (Decimal(str(quote.bid)) * (1 - self._collar)).quantize(_TICK, ROUND_UP)

    def _across(self, quote: Quote, side: Side) -> Decimal:
        """Beyond the other side's price: it trades at once."""
        assert quote.bid is not None
        assert quote.ask is not None
        if side is Side.BUY:
            return (Decimal(str(quote.ask)) * (1 + self._collar / 2)).quantize(_TICK, ROUND_DOWN)
        return (Decimal(str(quote.bid)) * (1 - self._collar / 2)).quantize(_TICK, ROUND_UP)

    def _submit(
        self, purpose: str, side: Side, quantity: Decimal, price: Callable[[Quote], Decimal], reduce_only: bool = False
    ) -> str:
        """Submits one intent on a fresh quote; returns its client_order_id."""
        quote, age_ms = self._fresh_quote()
        intent = Intent(
            intent_id=f"check-{self._run}-{purpose}",
            strategy=STRATEGY,
            account=self._strategy.account,
            instrument=stock(self._strategy.underlying.symbol),
            side=side,
            quantity=quantity,
            order_type=OrderType.LIMIT,
            limit_price=price(quote),
            time_in_force=TimeInForce.DAY,
            reduce_only=reduce_only,
            decision_sequence=0,
            reason=REASON,
            bid=quote.bid,
            ask=quote.ask,
            quote_time=quote.event_time,
            quote_age_ms=age_ms,
            created_at=self._clock.market_now(),
            quote_delayed=quote.delayed,
        )
        request = execution_pb2.SubmitIntentRequest(intent=intent_to_wire(intent))
        answer = self._execution.SubmitIntent(request, timeout=RPC_TIMEOUT_S).acknowledgement
        status = order_status_from_wire("order_status", answer.order_status)
        if status is OrderStatus.DENIED and purpose != "denial":
            raise Failed(f"the {purpose} probe was denied: {answer.reason} {answer.text}")
        return str(answer.client_order_id)

    def _fresh_quote(self) -> tuple[Quote, float]:
        """The underlying's next quote with both sides, and its age in ms."""
        symbol = self._strategy.underlying.symbol
        stub = market_data_pb2_grpc.MarketDataServiceStub(self._ctx.channel("market-data"))
        call = stub.StreamQuotes(market_data_pb2.StreamQuotesRequest(instrument_ids=[symbol]), timeout=_MARKET_S)
        limit_ms = max(self._strategy.gates.state.market.stale_ts_threshold_ms, 2 * self._clock.interval_ns / 1e6)
        try:
            for message in call:
                for wire in message.quotes.quotes:
                    quote = quote_from_wire("quote", wire)
                    age_ms = self._age_ms(quote)
                    two_sided = quote.bid is not None and quote.ask is not None
                    if quote.instrument_id == symbol and two_sided and age_ms <= limit_ms / 2:
                        return quote, age_ms
        finally:
            call.cancel()
        raise Failed(f"market-data gave no fresh quote of {symbol}")

    def _age_ms(self, quote: Quote) -> float:
        transit = max(0, time.monotonic_ns() - quote.monotonic_time)
        if not self._replay:
            return transit / 1e6
        market = self._clock.market_now() - quote.event_time
        return max(0.0, (market - self._clock.speed * min(transit, _MOST_TRANSIT_NS)) / 1e6)

    def _cancel(self, name: str) -> None:
        operator = common_pb2.Operator(request_id=f"{name}-cancel", actor="check", reason="acceptance check")
        request = execution_pb2.CancelOrderRequest(client_order_id=name, operator=operator)
        self._execution.CancelOrder(request, timeout=RPC_TIMEOUT_S)

    def _status(self, name: str) -> OrderStatus:
        request = execution_pb2.GetOrderRequest(client_order_id=name)
        order = self._execution.GetOrder(request, timeout=RPC_TIMEOUT_S).order
        return order_status_from_wire("order_status", order.order_status)

    def _await(self, name: str, wanted: OrderStatus, limit_s: float) -> None:
        """Waits for a status; raises Failed at once when the order ends in another."""

        def there() -> bool:
            status = self._status(name)
            require(status is wanted or not status.is_terminal, f"order {name} ended {status}, not {wanted}")
            return status is wanted

        self._ctx.until(there, limit_s, lambda: f"order {name} stays {self._status(name)}, not {wanted}")

    def _ended(self, purpose: str, name: str, wanted: OrderStatus, operations: list[OperationType]) -> Probe:
        self._await(name, wanted, _ORDER_S)
        return Probe(purpose, name, wanted, Counter(operation.value for operation in operations))

    def _filled(self, purpose: str, name: str, sent: list[OperationType]) -> Probe:
        """Waits for the fill; while the simulated exchange is closed it cannot come, so the order is withdrawn."""
        try:
            self._await(name, OrderStatus.FILLED, _FILL_S)
        except Failed as error:
            self._cancel(name)
            raise Failed(f"{error}; run again while the simulated exchange is open") from error
        operations = [*sent, OperationType.FILL]
        return Probe(purpose, name, OrderStatus.FILLED, Counter(operation.value for operation in operations))
