"""What each method is asked: always as good as nothing, and for known ones what makes them answer and refuse."""

from __future__ import annotations

from typing import Any

from tests.integration.http.transcoding import Binding

NOWHERE = "nosuch"
"""What a path variable holds when a request says nothing."""

STRATEGY = "gamma-scalper"
OPERATOR = {"request_id": "r-1", "actor": "test", "reason": "both ways"}
LONG = "x" * 9000

_COMMAND = {"kind": "COMMAND_KIND_REFRESH_ACCOUNTS", "strategy": STRATEGY, "actor": "test", "reason": "both ways"}
_INTENT = {
    "intent_id": "http-1", "strategy": STRATEGY, "account": "SIM0000001", "instrument_id": "SIMX", "side": "SIDE_BUY",
    "quantity": {"value": "100000"}, "order_type": "ORDER_TYPE_MARKET", "time_in_force": "TIME_IN_FORCE_DAY",
    "reason": "more than the rules allow",
}  # fmt: skip
_CHECK = {
    "intent_id": "check-1", "strategy": STRATEGY, "account": "SIM0000001", "instrument_id": "SIMX", "multiplier": 1,
    "side": "SIDE_SELL", "quantity": {"value": "100000"}, "order_type": "ORDER_TYPE_MARKET", "bid": 99.9, "ask": 100.1,
    "quote_age_ms": 1.5, "quote_limit_ms": 1000, "create_time": "2026-01-05T14:30:00.123456789Z",
}  # fmt: skip

_MORE: dict[str, list[dict[str, Any]]] = {
    "SendCommand": [
        {**_COMMAND, "command_id": "http-command-1"},
        {**_COMMAND, "command_id": "http-command-1", "reason": "another payload"},
        {**_COMMAND, "command_id": "http-command-2", "kind": "COMMAND_KIND_UNSPECIFIED"},
        {**_COMMAND, "command_id": "http-command-3", "strategy": NOWHERE},
        {**_COMMAND, "command_id": LONG},
        {**_COMMAND, "command_id": "http-command-4", "flatten": {"include_options": True}},
    ],
    "GetCommand": [{"command_id": "http-command-1"}, {"command_id": "ünïcode / % ?#&+ \u2028"}, {"command_id": LONG}],
    "ListCommands": [
        {"strategy": STRATEGY, "page_size": 1}, {"page_size": -1}, {"page_token": "?"}, {"page_token": LONG},
    ],
    "ListHistory": [{"strategy": NOWHERE}, {"page_size": 20_000}, {"since_time": "2026-01-05T14:30:00Z"}],
    "ListOperations": [
        {"type": "FILL", "page_size": 2}, {"type": "NO_SUCH"}, {"page_size": 1001}, {"page_token": LONG},
        {"since_time": "1970-01-01T00:00:00.5Z", "until_time": "2001-01-01T00:00:00+02:00", "strategy": STRATEGY},
    ],
    "SubmitIntent": [
        {"intent": _INTENT},
        {"intent": {**_INTENT, "quantity": {"value": "1"}}},
        {"intent": {**_INTENT, "intent_id": "http-2", "side": "SIDE_UNSPECIFIED"}},
        {"intent": {**_INTENT, "intent_id": "http-3", "quantity": {"value": "1,5"}}},
        {"intent": {**_INTENT, "intent_id": "http-4", "instrument_id": "???"}},
    ],
    "CancelOrder": [{"client_order_id": NOWHERE, "operator": OPERATOR}],
    "ListOrders": [
        {"page_size": 1}, {"open_only": True}, {"page_size": -1}, {"page_token": NOWHERE}, {"page_token": LONG},
    ],
    "Reconcile": [{"operator": OPERATOR}, {"operator": {"request_id": "r-2"}}],
    "RetryBrokerLink": [{"operator": OPERATOR}],
    "Flatten": [{"strategy": NOWHERE, "operator": OPERATOR}, {"strategy": STRATEGY, "target_quantity": {"value": "x"}}],
    "CheckOrder": [_CHECK, {**_CHECK, "intent_id": "check-2", "quantity": {}}],
    "SetTradingState": [
        {"trading_state": "TRADING_STATE_ACTIVE", "operator": OPERATOR},
        {"operator": {**OPERATOR, "request_id": "r-3"}},
    ],
    "ResolveInstrument": [
        {"instrument_id": "SIMX"}, {"instrument_id": "GOOG 20160122 750 C"}, {"instrument_id": "a/b c"},
    ],
    "ListOptionChain": [{"underlying_id": "SIMX"}, {"underlying_id": "SIMX 20160122 750 C"}],
    "ListBars": [
        {"instrument_id": "SIMX", "max_bars": 3}, {"instrument_id": "SIMX", "bar_seconds": 7},
        {"instrument_id": "SIMX", "max_bars": -1}, {"instrument_id": "SIMX", "max_bars": 2, "price": "BAR_PRICE_BID"},
    ],
    "GetPortfolio": [{"account": "SIM0000001"}, {"account": NOWHERE}],
    "RefreshAccounts": [{"operator": OPERATOR}],
    "ListPositions": [{"owner": STRATEGY}, {"account": NOWHERE}],
    "AdoptPosition": [
        {"account": "SIM0000001", "instrument_id": "SIMX", "strategy": STRATEGY, "quantity": {"value": "5"},
         "operator": OPERATOR},
        {"account": NOWHERE, "instrument_id": "SIMX", "quantity": {"value": "x"}, "operator": OPERATOR},
    ],
    "GetHedgeStatistics": [{"period": "PERIOD_WEEK", "strategy": STRATEGY}, {"period": "PERIOD_MONTH"}],
    "GetExecutionQuality": [{"strategy": STRATEGY}],
    "ListRuns": [{"order_by": "pnl", "page_size": 1}, {"order_by": "luck"}, {"page_size": -1}, {"page_token": "x"}],
    "CompareRuns": [{"run_a": NOWHERE, "run_b": NOWHERE}, {"run_a": "../x", "run_b": NOWHERE}],
    "GetStrategy": [{"strategy": STRATEGY}],
    "ListDecisions": [{"intents_only": True, "page_size": 2}, {"page_size": 1001}, {"page_token": "x"}],
    "StreamQuotes": [{"instrument_ids": ["SIMX"]}, {"instrument_ids": ["SIMX", "a/b c"]}],
    "StreamExecutionReports": [{"snapshot": True}, {"start_sequence": "1"}, {"start_sequence": "18446744073709551615"}],
    "StreamPositions": [{"owner": STRATEGY}],
    "StreamDecisions": [{"strategy": STRATEGY}],
}  # fmt: skip


def requests(binding: Binding) -> list[dict[str, Any]]:
    """Requests of a method as proto3 JSON; a method nobody knows is asked with nothing but what its path needs."""
    empty: dict[str, Any] = {}
    for path in binding.variables:
        at = empty
        *above, last = path.split(".")
        for part in above:
            at = at.setdefault(part, {})
        at[last] = NOWHERE
    return [empty, *_MORE.get(binding.method.name, ())]
