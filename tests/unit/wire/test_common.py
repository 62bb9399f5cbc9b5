"""Shared wire values: what is refused, and by which name."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from google.type.decimal_pb2 import Decimal as WireDecimal

from hedgerow.api.common.v1 import common_pb2
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Right, option, stock
from hedgerow.domain.trading_state import BrokerLink, LinkState
from hedgerow.wire import common


@pytest.mark.parametrize(
    "text",
    ["", "abc", "NaN", "sNaN", "Infinity", "-inf", "1_000", " 1", "1\n", "1,5", "٣", "1E+999999", "1E-999999", "0x10"],
)
def test_a_malformed_decimal_is_refused_by_its_field_name(text: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        common.decimal_from_wire("intent.quantity", WireDecimal(value=text))
    assert caught.value.key == "intent.quantity"


def test_a_decimal_of_absurd_length_is_refused() -> None:
    with pytest.raises(InvalidValue):
        common.decimal_from_wire("quantity", WireDecimal(value="1" * 65))


@pytest.mark.parametrize("text", ["0", "-0.50", "12.50", "1E+3", "+7", ".5", "5."])
def test_a_decimal_keeps_its_digits(text: str) -> None:
    value = common.decimal_from_wire("price", WireDecimal(value=text))
    assert str(common.decimal_from_wire("price", common.decimal_to_wire(value))) == str(value)


@pytest.mark.parametrize("text", ["0", "-1", "-0.01"])
def test_a_quantity_is_above_zero(text: str) -> None:
    with pytest.raises(InvalidValue, match="above zero"):
        common.positive_decimal_from_wire("quantity", WireDecimal(value=text))


def test_a_timestamp_keeps_every_nanosecond() -> None:
    message = common.timestamp_to_wire(1_450_965_060_123_456_789)
    assert (message.seconds, message.nanos) == (1_450_965_060, 123_456_789)


YEAR_1678, YEAR_2262 = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (1678, 2262))


def test_the_first_and_the_last_timestamp_fit_the_store() -> None:
    for seconds, nanos in ((YEAR_1678, 0), (YEAR_2262 - 1, 999_999_999)):
        assert -(2**63) <= common.timestamp_from_wire("t", Timestamp(seconds=seconds, nanos=nanos)) < 2**63


@pytest.mark.parametrize(("seconds", "nanos"), [(YEAR_2262, 0), (YEAR_1678 - 1, 0), (0, -1), (0, 10**9)])
def test_a_timestamp_no_store_holds_is_refused(seconds: int, nanos: int) -> None:
    with pytest.raises(InvalidValue, match="create_time"):
        common.timestamp_from_wire("create_time", Timestamp(seconds=seconds, nanos=nanos))


def test_an_unset_timestamp_is_zero() -> None:
    assert common.timestamp_from_wire("t", Timestamp()) == 0


def test_a_date_without_a_day_is_refused() -> None:
    with pytest.raises(InvalidValue, match="expiry"):
        common.date_from_wire("expiry", Date(year=2016, month=1))


def test_an_instrument_whose_id_contradicts_its_parts_is_refused() -> None:
    message = common.instrument_to_wire(option("GOOG", date(2016, 1, 22), Decimal(750), Right.CALL))
    message.instrument_id = "GOOG 20160122 750 P"
    with pytest.raises(InvalidValue, match=r"instrument\.instrument_id"):
        common.instrument_from_wire("instrument", message)


def test_a_stock_with_a_strike_is_refused() -> None:
    message = common.instrument_to_wire(stock("GOOG"))
    message.strike.value = "10"
    with pytest.raises(InvalidValue, match=r"instrument\.sec_type"):
        common.instrument_from_wire("instrument", message)


def test_an_instruments_own_rule_is_named_below_the_field() -> None:
    message = common.instrument_to_wire(stock("GOOG"))
    message.multiplier = 0
    with pytest.raises(InvalidValue, match=r"^legs\.multiplier"):
        common.instrument_from_wire("legs", message)


def test_an_instrument_without_kind_is_refused() -> None:
    with pytest.raises(InvalidValue, match=r"instrument\.sec_type"):
        common.instrument_from_wire("instrument", common_pb2.Instrument(symbol="GOOG", multiplier=1))


def test_an_options_multiplier_of_zero_reads_as_the_standard_hundred() -> None:
    assert common.instrument_id_from_wire("i", "GOOG 20160122 750 C", 0).multiplier == 100
    assert common.instrument_id_from_wire("i", "GOOG", 0).multiplier == 1


@pytest.mark.parametrize(
    ("text", "multiplier"), [("", 1), ("goog", 1), ("GOOG 2016 1 C", 100), ("GOOG 20160122 750 C", -1)]
)
def test_a_bad_instrument_id_is_refused_by_its_field_name(text: str, multiplier: int) -> None:
    with pytest.raises(InvalidValue) as caught:
        common.instrument_id_from_wire("intent.instrument_id", text, multiplier)
    assert caught.value.key == "intent.instrument_id"


def test_a_links_zero_times_stay_unset() -> None:
    message = common.broker_link_to_wire(BrokerLink(LinkState.READY))
    assert not message.HasField("next_retry_time")
    assert not message.HasField("since")


def test_an_unknown_link_reads_as_disconnected() -> None:
    assert common.broker_link_from_wire("link", common_pb2.BrokerLink()).state is LinkState.DISCONNECTED


def test_a_heartbeat_tells_both_times() -> None:
    beat = common.heartbeat_to_wire(5_000_000_001, 7_000_000_002)
    assert common.timestamp_from_wire("s", beat.send_time) == 5_000_000_001
    assert common.timestamp_from_wire("m", beat.market_time) == 7_000_000_002


def test_a_closing_says_why() -> None:
    assert common.closing_to_wire("DRAINING").reason == "DRAINING"
