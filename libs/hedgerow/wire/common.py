"""Values every package shares: decimals, times, dates, instruments, links, signs of life."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from math import inf

from google.protobuf import timestamp_pb2
from google.type import date_pb2, decimal_pb2

from hedgerow.api.common.v1 import common_pb2
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Instrument, SecType, parse_instrument_id
from hedgerow.domain.trading_state import BrokerLink
from hedgerow.wire.enums import (
    link_state_from_wire,
    link_state_to_wire,
    right_from_wire,
    right_to_wire,
    sec_type_from_wire,
    sec_type_to_wire,
)

NS_PER_S = 1_000_000_000
# What an int64 of ns since 1970 holds, in whole years: 1678 to 2261.
_MIN_SECONDS, _MAX_SECONDS = -9_214_560_000, 9_214_646_399
LONGEST_REASON = 500
_MAX_DIGITS, _MAX_EXPONENT = 64, 40
_DECIMAL_RULE = "a finite decimal number such as 12.50"


def decimal_to_wire(value: Decimal) -> decimal_pb2.Decimal:
    """A decimal, digit for digit."""
    return decimal_pb2.Decimal(value=str(value))


def decimal_from_wire(field: str, message: decimal_pb2.Decimal) -> Decimal:
    """The decimal; raises InvalidValue naming `field` when empty, malformed, NaN, infinite or absurdly large."""
    text = message.value
    # Decimal() also takes underscores, blanks and other scripts' digits, which google.type.Decimal does not
    if not text or len(text) > _MAX_DIGITS or not text.isascii() or "_" in text or text != text.strip():
        raise InvalidValue(field, text, _DECIMAL_RULE)
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise InvalidValue(field, text, _DECIMAL_RULE) from error
    if not value.is_finite() or not -_MAX_EXPONENT <= value.adjusted() <= _MAX_EXPONENT:
        raise InvalidValue(field, text, _DECIMAL_RULE)
    return value


def positive_decimal_from_wire(field: str, message: decimal_pb2.Decimal) -> Decimal:
    """The decimal; raises InvalidValue naming `field` unless it is above zero."""
    value = decimal_from_wire(field, message)
    if value <= 0:
        raise InvalidValue(field, message.value, "above zero")
    return value


def timestamp_to_wire(time_ns: int) -> timestamp_pb2.Timestamp:
    """A time in ns UTC."""
    return timestamp_pb2.Timestamp(seconds=time_ns // NS_PER_S, nanos=time_ns % NS_PER_S)


def timestamp_from_wire(field: str, message: timestamp_pb2.Timestamp) -> int:
    """The time in ns UTC, 0 when unset; raises InvalidValue naming `field` outside the years 1678 to 2261."""
    seconds, nanos = message.seconds, message.nanos
    if not (_MIN_SECONDS <= seconds <= _MAX_SECONDS and 0 <= nanos < NS_PER_S):
        raise InvalidValue(field, f"{seconds}s {nanos}ns", "a time in the years 1678 to 2261, nanos 0 to 999999999")
    return seconds * NS_PER_S + nanos


def date_to_wire(day: date) -> date_pb2.Date:
    """A calendar date."""
    return date_pb2.Date(year=day.year, month=day.month, day=day.day)


def date_from_wire(field: str, message: date_pb2.Date) -> date:
    """The date; raises InvalidValue naming `field` when it is no whole date."""
    try:
        return date(message.year, message.month, message.day)
    except ValueError as error:
        text = f"{message.year}-{message.month}-{message.day}"
        raise InvalidValue(field, text, "a whole calendar date") from error


def text_from_wire(field: str, text: str, longest: int = 64) -> str:
    """A required text of 1 to `longest` characters; raises InvalidValue naming `field`."""
    if not 1 <= len(text) <= longest:
        raise InvalidValue(field, text, f"1 to {longest} characters")
    return text


def note_from_wire(field: str, text: str, longest: int = 256) -> str:
    """A text that may be empty, of at most `longest` characters; raises InvalidValue naming `field`."""
    if len(text) > longest:
        raise InvalidValue(field, f"{text[:32]}... ({len(text)} characters)", f"at most {longest} characters")
    return text


def instrument_to_wire(instrument: Instrument) -> common_pb2.Instrument:
    """An instrument, whole."""
    message = common_pb2.Instrument(
        instrument_id=instrument.instrument_id,
        symbol=instrument.symbol,
        sec_type=sec_type_to_wire(instrument.sec_type),
        multiplier=instrument.multiplier,
        exchange=instrument.exchange,
        currency=instrument.currency,
    )
    if instrument.expiry is not None:
        message.expiry.CopyFrom(date_to_wire(instrument.expiry))
    if instrument.strike is not None:
        message.strike.value = str(instrument.strike)
    if instrument.right is not None:
        message.right = right_to_wire(instrument.right)
    return message


def instrument_from_wire(field: str, message: common_pb2.Instrument) -> Instrument:
    """The instrument; raises InvalidValue naming the part below `field` that contradicts the others."""
    sec_type = sec_type_from_wire(f"{field}.sec_type", message.sec_type)
    option = sec_type is SecType.OPT
    if not option and (message.HasField("expiry") or message.HasField("strike") or message.right):
        raise InvalidValue(f"{field}.sec_type", "STK", "a stock has no expiry, strike or right")
    try:
        instrument = Instrument(
            message.symbol,
            sec_type,
            date_from_wire(f"{field}.expiry", message.expiry) if option else None,
            decimal_from_wire(f"{field}.strike", message.strike) if option else None,
            right_from_wire(f"{field}.right", message.right) if option else None,
            message.multiplier,
            message.exchange,
            message.currency,
        )
    except InvalidValue as error:
        if error.key.startswith(f"{field}."):
            raise
        raise InvalidValue(f"{field}.{error.key}", error.value, error.rule, error.fix) from error
    if message.instrument_id and message.instrument_id != instrument.instrument_id:
        raise InvalidValue(f"{field}.instrument_id", message.instrument_id, f"{instrument.instrument_id} by its parts")
    return instrument


def instrument_id_from_wire(field: str, instrument_id: str, multiplier: int) -> Instrument:
    """The instrument a canonical id names; an option's `multiplier` of 0 is read as the standard 100.

    Raises InvalidValue naming `field`.
    """
    try:
        return parse_instrument_id(instrument_id, multiplier or 100)
    except InvalidValue as error:
        raise InvalidValue(field, error.value, error.rule, error.fix) from error


def price_from_wire(field: str, price: float) -> float:
    """A market price: finite and above zero; raises InvalidValue naming `field`."""
    if not 0 < price < inf:
        raise InvalidValue(field, price, "a finite price above zero, absent when there is none")
    return price


def age_from_wire(field: str, age_ms: float) -> float:
    """An age in ms: finite and not negative; raises InvalidValue naming `field`."""
    if not 0 <= age_ms < inf:
        raise InvalidValue(field, age_ms, "a finite number of milliseconds, zero or above")
    return age_ms


def broker_link_to_wire(link: BrokerLink) -> common_pb2.BrokerLink:
    """A broker connection's state; times of 0 stay unset."""
    message = common_pb2.BrokerLink(state=link_state_to_wire(link.state), reason=link.reason)
    if link.next_retry_time:
        message.next_retry_time.CopyFrom(timestamp_to_wire(link.next_retry_time))
    if link.since:
        message.since.CopyFrom(timestamp_to_wire(link.since))
    return message


def broker_link_from_wire(field: str, message: common_pb2.BrokerLink) -> BrokerLink:
    """The broker connection's state; not known reads as DISCONNECTED."""
    return BrokerLink(
        link_state_from_wire(f"{field}.state", message.state),
        message.reason,
        timestamp_from_wire(f"{field}.next_retry_time", message.next_retry_time),
        timestamp_from_wire(f"{field}.since", message.since),
    )


def operator_from_wire(field: str, message: common_pb2.Operator) -> tuple[str, str, str]:
    """(request id, actor, reason) of who asks, all required; raises InvalidValue naming the part below `field`."""
    return (
        text_from_wire(f"{field}.request_id", message.request_id),
        text_from_wire(f"{field}.actor", message.actor),
        text_from_wire(f"{field}.reason", message.reason, LONGEST_REASON),
    )


def heartbeat_to_wire(wall_ns: int, market_ns: int) -> common_pb2.Heartbeat:
    """A stream's sign of life at that wall and market time, ns UTC."""
    return common_pb2.Heartbeat(send_time=timestamp_to_wire(wall_ns), market_time=timestamp_to_wire(market_ns))


def closing_to_wire(reason: str) -> common_pb2.StreamClosing:
    """The last message of a stream its server ends; `reason` is UPPER_SNAKE."""
    return common_pb2.StreamClosing(reason=reason)
