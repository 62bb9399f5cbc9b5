"""Whatever the domain can say survives the wire unchanged, through real bytes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.api.market_data.v1 import market_data_pb2
from hedgerow.api.risk.v1 import risk_pb2
from hedgerow.domain.execution_report import ExecutionReport, Fill, ReportKind
from hedgerow.domain.instrument import Instrument, Right, SecType, stock
from hedgerow.domain.order import (
    Intent,
    OrderCheck,
    OrderStatus,
    OrderType,
    RuleVerdict,
    Side,
    TimeInForce,
    Verdict,
)
from hedgerow.domain.quote import Greeks, Quote
from hedgerow.domain.trading_state import BrokerLink, LinkState
from hedgerow.wire import common, execution, market_data, risk


def decimals(low: Decimal, high: Decimal) -> st.SearchStrategy[Decimal]:
    """Decimals as arithmetic yields them: at most the context's 28 digits, no endless run of zeros."""
    found = st.decimals(low, high, allow_nan=False, allow_infinity=False)
    return found.map(lambda value: +value).filter(lambda value: value.adjusted() >= -40)


DECIMALS = decimals(Decimal(-(10**12)), Decimal(10**12))
POSITIVE = decimals(Decimal("0.0001"), Decimal(10**12))
TIMES = st.integers(-(2**55), 2**62)
IDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=64)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
PRICES = st.floats(min_value=0, exclude_min=True, allow_infinity=False, allow_nan=False)
SIZES = st.floats(min_value=0, allow_infinity=False, allow_nan=False)
UINTS = st.integers(0, 2**63 - 1)
SYMBOLS = st.from_regex(r"\A[A-Z0-9][A-Z0-9.\-]{0,15}\Z")
FINITE = st.floats(allow_infinity=False, allow_nan=False)

OPTIONS = st.builds(
    Instrument, SYMBOLS, st.just(SecType.OPT), st.dates(date(1990, 1, 1), date(2100, 1, 1)), POSITIVE,
    st.sampled_from(Right), st.integers(1, 1000), st.just("SMART"), st.just("USD"),
)  # fmt: skip
INSTRUMENTS = st.one_of(st.builds(stock, SYMBOLS), OPTIONS)


@st.composite
def named_instruments(draw: st.DrawFn) -> Instrument:
    """An instrument whose canonical id can be read back: strikes as their ids print them."""
    found = draw(INSTRUMENTS)
    return common.instrument_id_from_wire("i", found.instrument_id, found.multiplier)


ORDERS = st.one_of(st.tuples(st.just(OrderType.MARKET), st.none()), st.tuples(st.just(OrderType.LIMIT), POSITIVE))
GREEKS = st.builds(Greeks, FINITE, FINITE, FINITE, FINITE, FINITE, st.sampled_from(["BROKER", "MODEL", "STALE"]))
QUOTES = st.builds(
    Quote, IDS, st.none() | PRICES, st.none() | PRICES, SIZES, SIZES, TIMES, TIMES, UINTS, st.booleans(),
    st.none() | GREEKS,
)  # fmt: skip
FILLS = st.builds(Fill, IDS, POSITIVE, DECIMALS, st.none() | DECIMALS, st.none() | DECIMALS, TIMES)


def sent(message: Any, kind: Any) -> Any:
    """The message as another process reads it."""
    return kind.FromString(message.SerializeToString())


@given(DECIMALS)
def test_decimals(value: Decimal) -> None:
    read = common.decimal_from_wire("d", common.decimal_to_wire(value))
    assert str(read) == str(value)


@given(TIMES)
def test_times(time_ns: int) -> None:
    assert common.timestamp_from_wire("t", common.timestamp_to_wire(time_ns)) == time_ns


@given(st.dates())
def test_dates(day: date) -> None:
    assert common.date_from_wire("d", common.date_to_wire(day)) == day


@given(INSTRUMENTS)
def test_instruments(instrument: Instrument) -> None:
    message = sent(common.instrument_to_wire(instrument), common_pb2.Instrument)
    assert common.instrument_from_wire("i", message) == instrument


@given(st.builds(BrokerLink, st.sampled_from(LinkState), TEXTS, TIMES, TIMES))
def test_broker_links(link: BrokerLink) -> None:
    assert common.broker_link_from_wire("l", sent(common.broker_link_to_wire(link), common_pb2.BrokerLink)) == link


@given(QUOTES)
def test_quotes(quote: Quote) -> None:
    message = sent(market_data.quote_to_wire(quote), market_data_pb2.Quote)
    assert market_data.quote_from_wire("q", message) == quote


@given(st.lists(QUOTES, max_size=5), st.integers(0, 2**64 - 1))
def test_quotes_encoded_once(quotes: list[Quote], sequence: int) -> None:
    data = market_data.encode_quote_batch(map(market_data.encode_quote, quotes), sequence)
    batch = market_data_pb2.StreamQuotesResponse.FromString(data).quotes
    assert market_data.quotes_from_wire(batch) == quotes
    assert batch.sequence == sequence


@given(st.data(), named_instruments(), ORDERS)
def test_intents(data: st.DataObject, instrument: Instrument, order: tuple[OrderType, Decimal | None]) -> None:
    draw = data.draw
    intent = Intent(
        draw(IDS), draw(IDS), draw(IDS), instrument, draw(st.sampled_from(Side)), draw(POSITIVE), *order,
        draw(st.sampled_from(TimeInForce)), draw(st.booleans()), draw(UINTS), draw(TEXTS), draw(st.none() | PRICES),
        draw(st.none() | PRICES), draw(TIMES), draw(SIZES), draw(TIMES), draw(st.booleans()), draw(TEXTS),
    )  # fmt: skip
    message = sent(execution.intent_to_wire(intent), execution_pb2.Intent)
    assert execution.intent_from_wire("intent", message) == intent


@given(FILLS)
def test_fills(fill: Fill) -> None:
    assert execution.fill_from_wire("f", sent(execution.fill_to_wire(fill), execution_pb2.Fill)) == fill


@given(st.data())
def test_reports(data: st.DataObject) -> None:
    draw = data.draw
    report = ExecutionReport(
        draw(UINTS), draw(st.sampled_from(ReportKind)), draw(TEXTS), draw(TEXTS), draw(UINTS), draw(UINTS), draw(TEXTS),
        draw(TEXTS), draw(TEXTS), draw(st.sampled_from(Side)), draw(st.sampled_from(OrderType)),
        draw(st.sampled_from(OrderStatus)), draw(DECIMALS), draw(st.none() | DECIMALS), draw(DECIMALS), draw(DECIMALS),
        draw(DECIMALS), draw(st.none() | FILLS), draw(TEXTS), draw(TEXTS), draw(TIMES), draw(TIMES), draw(TEXTS),
    )  # fmt: skip
    message = sent(execution.report_to_wire(report), execution_pb2.ExecutionReport)
    assert execution.report_from_wire("r", message) == report


@given(st.data(), named_instruments(), ORDERS)
def test_checks(data: st.DataObject, instrument: Instrument, order: tuple[OrderType, Decimal | None]) -> None:
    draw = data.draw
    check = OrderCheck(
        draw(IDS), draw(IDS), draw(IDS), instrument, draw(st.sampled_from(Side)), draw(POSITIVE), *order,
        draw(st.booleans()), draw(st.none() | PRICES), draw(st.none() | PRICES), draw(SIZES), draw(SIZES), draw(UINTS),
        draw(TIMES), draw(st.booleans()), draw(TEXTS),
    )  # fmt: skip
    assert risk.check_from_wire(sent(risk.check_to_wire(check), risk_pb2.CheckOrderRequest)) == check


@given(st.data(), st.lists(st.builds(RuleVerdict, TEXTS, st.booleans(), TEXTS, TEXTS), max_size=4))
def test_verdicts(data: st.DataObject, rules: list[RuleVerdict]) -> None:
    draw = data.draw
    allowed = all(rule.allowed for rule in rules)
    verdict = Verdict(
        draw(IDS), allowed, draw(TEXTS), tuple(rules), draw(st.integers(0, 2**32 - 1)), draw(TEXTS), draw(UINTS),
        draw(TIMES),
    )  # fmt: skip
    assert risk.verdict_from_wire("v", sent(risk.verdict_to_wire(verdict), risk_pb2.Verdict)) == verdict
