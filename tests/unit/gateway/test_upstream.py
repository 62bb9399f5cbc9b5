"""Which process serves a method, and which daemon a request means."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.routes import Route, Routes, api_services
from gateway.upstream import Upstreams, process_of
from hedgerow.catalog import SERVICES
from hedgerow.domain.errors import FailedPrecondition, InvalidValue
from hedgerow.settings import Endpoint, Settings, parse

ONE = "strategies:\n  - {name: goog, kind: gamma_scalper, account: SIM0000001, underlying: {symbol: GOOG}}\n"
TWO = ONE + "  - {name: aapl, kind: gamma_scalper, account: SIM0000001, underlying: {symbol: AAPL}}\n"


def upstreams(text: str, **endpoints: int) -> Upstreams:
    settings = parse(text, "test") if text else Settings()
    named = {name.replace("_", "-"): Endpoint(port=port) for name, port in endpoints.items()}
    return Upstreams(settings.model_copy(update={"endpoints": named}), channel, 1.0)


def channel(name: str) -> Any:
    raise AssertionError(f"nothing is called here, not even {name}")


def route(name: str) -> Route:
    return next(each for each in Routes(api_services()) if each.method.name == name)


def process(of: Upstreams, name: str, **fields: Any) -> str:
    found = route(name)
    return of.process(found, found.request_class(**fields))


def test_every_package_has_its_process() -> None:
    assert {process_of(each.package) for each in Routes(api_services())} == set(SERVICES)


def test_a_service_answers_whatever_strategy_is_asked_about() -> None:
    assert process(upstreams(TWO), "GetFeedHealth") == "market-data"
    assert process(upstreams(TWO), "ListOrders", strategy="no-such") == "execution"


def test_the_only_daemon_needs_no_name() -> None:
    one = upstreams(ONE, strategy_goog=50060)
    assert process(one, "GetStrategy") == process(one, "ListDecisions", strategy="goog") == "strategy-goog"


def test_a_daemon_alone_may_be_known_by_its_kind() -> None:
    assert process(upstreams(ONE, strategy=50070), "GetStrategy") == "strategy"
    assert process(upstreams(ONE), "GetStrategy") == "strategy"


def test_of_several_one_is_named() -> None:
    two = upstreams(TWO)
    assert process(two, "StreamDecisions", strategy="aapl") == "strategy-aapl"
    for wanted in ("", "msft"):
        with pytest.raises(InvalidValue, match="goog, aapl") as caught:
            process(two, "GetStrategy", strategy=wanted)
        assert caught.value.key == "strategy"


def test_without_a_strategy_there_is_nobody_to_ask() -> None:
    with pytest.raises(FailedPrecondition, match="no strategy"):
        process(upstreams(""), "GetStrategy")
