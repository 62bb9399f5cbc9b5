"""The operator's view: every value converted, none computed but moneyness, nothing lost."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import struct_pb2
from google.type.decimal_pb2 import Decimal

from gateway.snapshot import build, check, command_view, keep_strategy, lamp, number, operation_view, reduced_to_stale
from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.control.v1 import control_pb2
from hedgerow.api.portfolio.v1 import portfolio_pb2
from hedgerow.wire.common import timestamp_to_wire

NOBODY = portfolio_pb2.GetPortfolioResponse()


def strategy(name: str, **snapshot: Any) -> control_pb2.StrategyStatus:
    struct = struct_pb2.Struct()
    struct.update(snapshot)
    return control_pb2.StrategyStatus(strategy=name, snapshot=struct)


def option(right: str, strike: str, owner: str = "a") -> portfolio_pb2.Position:
    instrument = common_pb2.Instrument(
        instrument_id=f"GOOG 20160122 {strike} {right[0]}", symbol="GOOG", sec_type="SEC_TYPE_OPT",
        right=f"RIGHT_{right}", strike={"value": strike}, multiplier=100, currency="USD",
        expiry={"year": 2016, "month": 1, "day": 22},
    )  # fmt: skip
    return portfolio_pb2.Position(instrument=instrument, owner=owner, quantity={"value": "-3"})


def test_nothing_known_is_red_and_empty() -> None:
    tree = build(control_pb2.Status(), (), NOBODY)
    assert (tree["status_lamp"], tree["self_check"]) == ("red", "blocked")
    assert (tree["strategies"], tree["positions"], tree["accounts"]) == ([], [], [])
    assert tree["accounts_fetched_at"] is None
    assert tree["next_retry_ts"] is None
    assert tree["market_ts"] is None


def test_codes_stand_beside_their_words() -> None:
    status = control_pb2.Status(
        reasons=[
            "a: DATA_STALE: the underlying's quote is too old", "b: SERVICE_DOWN stats: a service", "ODD", "b: ODD",
            "a: DATA_STALE: the underlying's quote is too old",
        ],
        strategies=[strategy("a"), strategy("b")],
    )  # fmt: skip
    tree = build(status, (), NOBODY)
    assert tree["block_reasons"] == ["DATA_STALE", "SERVICE_DOWN stats", "ODD"]
    assert tree["reasons"] == list(status.reasons)


def test_whole_numbers_are_whole_and_ns_are_numbers() -> None:
    found = strategy(
        "a", ts=str(2**60), count=3, ratio=1.5, config={"gates": [1, 2.5, str(2**60)]}, account="0123", id="12345"
    )
    (each,) = build(control_pb2.Status(strategies=[found]), (), NOBODY)["strategies"]
    assert each["ts"] == 2**60
    assert each["count"] == 3
    assert isinstance(each["count"], int)
    assert each["config"] == {"gates": [1, 2.5, 2**60]}
    assert (each["account"], each["id"]) == ("0123", "12345"), "text that is no time stays text"


def test_a_position_is_flat_with_its_moneyness() -> None:
    status = control_pb2.Status(strategies=[strategy("a", symbol="GOOG", spot=700.0)])
    call, stranger = build(status, (option("CALL", "750"), option("PUT", "500", "MANUAL")), NOBODY)["positions"]
    assert call["instrument"] == "GOOG 20160122 750 C"
    assert (call["sec_type"], call["right"], call["expiry"], call["strike"]) == ("OPT", "CALL", "2016-01-22", 750)
    assert call["quantity"] == -3
    assert call["mark_price"] is None
    assert call["moneyness"] == pytest.approx(700 / 750)
    assert stranger["owner"] == "MANUAL"


def test_moneyness_needs_a_spot() -> None:
    status = control_pb2.Status(strategies=[strategy("a", symbol="GOOG", spot=None)])
    assert build(status, (option("CALL", "750"),), NOBODY)["positions"][0]["moneyness"] is None
    assert build(control_pb2.Status(), (option("CALL", "750"),), NOBODY)["positions"][0]["moneyness"] is None


def test_the_next_retry_is_the_first_due() -> None:
    status = control_pb2.Status(
        strategies=[strategy("a", next_retry_ts=str(2**60 + 5)), strategy("b", next_retry_ts=None)]
    )
    link = common_pb2.BrokerLink(next_retry_time=timestamp_to_wire(2**60 + 3))
    assert build(status, (), NOBODY)["next_retry_ts"] == 2**60 + 5
    assert build(status, (), portfolio_pb2.GetPortfolioResponse(link=link))["next_retry_ts"] == 2**60 + 3


def test_stale_is_red_over_what_was_said_last() -> None:
    status = control_pb2.Status(
        status_lamp="STATUS_LAMP_GREEN", self_check="CHECK_RESULT_OK", reasons=["ODD"], strategies=[strategy("a")]
    )
    tree = reduced_to_stale(build(status, (), NOBODY))
    (part,) = tree["strategies"]
    assert (part["status_lamp"], part["self_check"]) == ("red", "blocked")
    assert part["block_reasons"][0] == "CONTROL_UNREACHABLE"
    assert (tree["status_lamp"], tree["self_check"], tree["stale"]) == ("red", "blocked", True)
    assert tree["block_reasons"] == ["CONTROL_UNREACHABLE", "ODD"]


def test_one_strategy_keeps_what_it_owns() -> None:
    status = control_pb2.Status(strategies=[strategy("a"), strategy("b")])
    tree = keep_strategy(build(status, (option("CALL", "1", "a"), option("PUT", "2", "b")), NOBODY), "b")
    assert [each["strategy"] for each in tree["strategies"]] == ["b"]
    assert [each["owner"] for each in tree["positions"]] == ["b"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("12", 12), ("-0.50", -0.5), ("1E+3", 1000), ("100.00", 100), ("", None), ("x", None), ("0.1", 0.1)],
)
def test_decimals_are_numbers(text: str, value: float | None) -> None:
    assert number(Decimal(value=text)) == value


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert number(Decimal(value=text)) is None


def test_enums_nobody_knows_are_the_worst() -> None:
    assert (lamp(0), lamp(99), check(0), check(99)) == ("red", "red", "blocked", "blocked")


def test_an_operation_and_a_command_say_none_for_what_is_unset() -> None:
    operation = operation_view(control_pb2.Operation(operation_id="x", create_time=timestamp_to_wire(5)))
    assert (operation["ts"], operation["market_ts"], operation["side"], operation["price"]) == (5, None, None, None)
    command = command_view(
        control_pb2.Command(command_id="c", kind="COMMAND_KIND_STOP", create_time=timestamp_to_wire(6))
    )
    assert (command["kind"], command["ts"], command["ack_ts"], command["outcome"]) == ("STOP", 6, None, "")
