"""What the document says of the routes that no contract describes: the operator's short ones, and the gateway's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from gateway.command_body import fields_of
from gateway.observe import CONTENT_TYPE
from gateway.operator_routes import KINDS
from gateway.schemas import Schema
from hedgerow.domain.command import CommandKind

OPERATOR, GATEWAY = "Operator", "Gateway"
TAGS = {
    OPERATOR: "Short routes for people: snake_case, times in ns since 1970, prices and quantities as numbers.",
    GATEWAY: "The gateway about itself.",
}


class ShortRoute(NamedTuple):
    """One route: `query` and `body` by name, `results` by HTTP status."""

    verb: str
    path: str
    operation_id: str
    tag: str
    summary: str
    results: Mapping[str, tuple[str, Schema]]
    query: Mapping[str, Schema] = {}
    body: Schema | None = None
    media: str = "application/json"
    keyless: bool = False


def _text(description: str, *words: str) -> Schema:
    return {"type": "string", "description": description, **({"enum": list(words)} if words else {})}


def _or_null(kind: str, description: str) -> Schema:
    return {"type": [kind, "null"], "description": description}


def _time(description: str, null: bool = True) -> Schema:
    schema: Schema = {"format": "int64", "description": f"{description}, ns since 1970"}
    return {"type": ["integer", "null"] if null else "integer", **schema}


def _flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def _list(description: str, items: Schema) -> Schema:
    return {"type": "array", "description": description, "items": items}


def _record(description: str, fields: Mapping[str, Schema], more: bool = False) -> Schema:
    """An object of which every field is there; with `more` others may be too."""
    return {
        "type": "object", "description": description, "required": list(fields), "properties": dict(fields),
        "additionalProperties": more,
    }  # fmt: skip


_LAMP = _text("Lamp.", "green", "yellow", "red")
_CHECK = _text("Self-check.", "ok", "degraded", "blocked")
_REASONS = _list("Why no hedge could leave, UPPER_SNAKE, in order of weight.", {"type": "string"})

_STRATEGY = _record(
    "A strategy daemon: its last snapshot, flat, with what control says of it.",
    {
        "strategy": _text("Strategy name."), "run_id": _text("Run of the daemon."), "status_lamp": _LAMP,
        "self_check": _CHECK, "block_reasons": _REASONS, "heartbeat_ts": _time("Wall time of the last snapshot"),
    },
    more=True,
)  # fmt: skip
_SERVICE = _record(
    "A process.",
    {
        "service": _text("Name of the process."), "serving": _flag("Whether it answers its health check."),
        "detail": _text("What it says of itself; empty when well."),
        "last_seen_ts": _time("Wall time it last answered"),
    },
)  # fmt: skip
_POSITION = _record(
    "One owner's share of one position.",
    {
        "account": _text("Account."), "owner": _text("Strategy name, or MANUAL."),
        "instrument": _text("Canonical instrument id."), "symbol": _text("Ticker symbol, an option's underlying."),
        "sec_type": _or_null("string", "STK or OPT."), "expiry": _or_null("string", "Listed expiry, YYYY-MM-DD."),
        "strike": _or_null("number", "Strike, currency per share."), "right": _or_null("string", "CALL or PUT."),
        "multiplier": {"type": "integer", "description": "Shares per contract; 1 for a stock."},
        "currency": _text("ISO 4217 currency of prices."),
        "quantity": _or_null("number", "Signed shares or contracts."),
        "average_price": _or_null("number", "Average price, currency per share."),
        "mark_price": _or_null("number", "Mark, currency per share."),
        "unrealized_pnl": _or_null("number", "Profit if closed at the mark, currency."),
        "realized_pnl": _or_null("number", "Realized profit, currency, before commissions."),
        "commissions": _or_null("number", "Commissions paid, currency."),
        "moneyness": _or_null("number", "Spot over strike, of an option."),
    },
)  # fmt: skip
_ACCOUNT = _record(
    "One account as the broker reports it.",
    {
        "account": _text("Account id."), "balance": _or_null("number", "Cash."),
        "net_liquidation": _or_null("number", "Net liquidation value."),
        "buying_power": _or_null("number", "Buying power."), "currency": _text("Base currency, ISO 4217."),
        "values": {
            "type": "object", "description": "Every value the broker gave, by its own tag.",
            "additionalProperties": {"type": "string"},
        },
        "fetched_at": _time("Wall time the broker was asked"),
    },
)  # fmt: skip
_STATUS = _record(
    "The whole status, as last pushed by control and portfolio.",
    {
        "status_lamp": _LAMP, "self_check": _CHECK, "block_reasons": _REASONS,
        "reasons": _list("Reasons beside the lamp, in words.", {"type": "string"}),
        "ts": _time("Wall time of this status", null=False), "market_ts": _time("Market time of this status"),
        "broker_mode": _text("sim, paper or live; empty before control was heard."),
        "strategies": _list("Strategy daemons.", _STRATEGY), "services": _list("Processes.", _SERVICE),
        "positions": _list("Positions per owner.", _POSITION), "accounts": _list("Accounts.", _ACCOUNT),
        "accounts_fetched_at": _time("Wall time accounts were last fetched"),
        "next_retry_ts": _time("Wall time of the next broker connection attempt, when one is due"),
        "stale": _flag("Control has not been heard of late: what it said last is shown, under a red lamp."),
    },
)  # fmt: skip
_OPERATION = _record(
    "One operation that touched, or tried to touch, a position or a process.",
    {
        "operation_id": _text("Position in the merged list; opaque."), "ts": _time("Wall time", null=False),
        "market_ts": _time("Market time"), "type": _text("HEDGE_INTENT, ORDER_SENT, FILL, COMMAND and so on."),
        "strategy": _text("Strategy."), "instrument": _text("Canonical instrument id; empty for a command."),
        "side": _or_null("string", "BUY or SELL."), "quantity": _or_null("number", "Shares or contracts."),
        "price": _or_null("number", "Price if filled, currency per share."),
        "reason": _text("Delta state, block reason or other reason code."), "state": _text("Order state after it."),
        "client_order_id": _text("Our id of the order."), "text": _text("Words for people."),
    },
)  # fmt: skip
_COMMAND = _record(
    "The command as recorded.",
    {
        "command_id": _text("Idempotency key."),
        "sequence": {"type": "integer", "description": "Sequence in the command store."},
        "kind": _text("What it asks for.", *(kind.name for kind in KINDS.values())),
        "strategy": _text("Strategy it addresses; empty = every one."), "run_id": _text("Run it addresses."),
        "actor": _text("Who asks."), "reason": _text("Why."), "ts": _time("Wall time it was recorded", null=False),
        "ack_ts": _time("Wall time it was acknowledged; null while pending"),
        "outcome": _text("What came of it, in words; empty while pending."),
    },
)  # fmt: skip
_SUMMARIES = {
    CommandKind.STOP: "Ends the daemon gracefully; everything else goes on. Never expires.",
    CommandKind.PAUSE: "Sends no new hedge and cancels the resting one; monitoring goes on.",
    CommandKind.RESUME: "Goes on after a pause or a flatten.",
    CommandKind.FLATTEN: "Closes the strategy's attributed stock position and stays paused.",
    CommandKind.KILL: "Lets no new or changed order leave and cancels those resting, until lifted by name.",
    CommandKind.REFRESH_ACCOUNTS: "Fetches accounts from the broker now.",
    CommandKind.RETRY_IB: "Tries the broker connection now.",
}
_BODY: dict[str, Schema] = {
    "strategy": _text("Strategy it addresses; left out = the only one."),
    "run_id": _text("Run it addresses; left out = whichever runs."),
    "command_id": _text("Idempotency key, 1 to 64 characters; left out = a new one."),
    "actor": _text("Who asks; left out = the caller's address."),
    "reason": _text("Why."),
    "to": _text("What to aim at: no stock position, or the one that offsets the option legs.", "zero", "neutral"),
    "account": _text("Account to kill; left out = every one."),
    "include_options": _flag("Close the strategy's option legs too; refused with neutral."),
}


def _optional(schema: Schema) -> Schema:
    words = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [schema["type"], "null"], **words}


def _command(name: str, kind: CommandKind) -> ShortRoute:
    known = fields_of(kind)
    described = _BODY | (
        {"strategy": _text("Strategy to kill; left out = every one.")} if kind is CommandKind.KILL else {}
    )
    body: Schema = {
        "type": "object", "description": "Every field is optional, null as good as left out, and so is the body.",
        "properties": {field: _optional(described[field]) for field in known}, "additionalProperties": False,
    }  # fmt: skip
    return ShortRoute(
        "POST", f"/control/{name}", name, OPERATOR, _SUMMARIES[kind], {"200": ("As recorded.", _COMMAND)}, body=body
    )


_STATE = _record("How it is.", {"status": _text("In words.")})
_WHEN = "RFC 3339, or seconds, ms or ns since 1970 told apart by size."
_OPERATIONS = _record(
    "Operations, newest first.",
    {"operations": _list("The operations.", _OPERATION), "next_page_token": _text("Token of the next page; or empty.")},
)

SHORT_ROUTES: tuple[ShortRoute, ...] = (
    ShortRoute(
        "GET", "/status", "status", OPERATOR, "Returns the whole status from memory: no service is asked.",
        {"200": ("The status.", _STATUS)}, query={"strategy": _text("Only this strategy and what it owns.")},
    ),
    ShortRoute(
        "GET", "/operations", "operations", OPERATOR, "Lists operations, newest first.",
        {"200": ("A page of operations.", _OPERATIONS)},
        query={
            "since_ts": _text(f"Wall time from, inclusive: {_WHEN}"),
            "until_ts": _text(f"Wall time until, exclusive: {_WHEN}"),
            "type": _text("Only operations of this type."),
            "limit": {"type": "integer", "description": "Most to return.", "minimum": 1, "maximum": 1000},
            "strategy": _text("Only this strategy's."),
            "page_token": _text("Token of the page wanted, from the answer before."),
        },
    ),
    *(_command(name, kind) for name, kind in KINDS.items()),
    ShortRoute(
        "GET", "/healthz", "healthz", GATEWAY, "Tells that the gateway lives.", {"200": ("It lives.", _STATE)},
        keyless=True,
    ),
    ShortRoute(
        "GET", "/readyz", "readyz", GATEWAY, "Tells whether control is heard.",
        {"200": ("It is.", _STATE), "503": ("It is not.", _STATE)}, keyless=True,
    ),
    ShortRoute(
        "GET", "/metrics", "metrics", GATEWAY, "Returns what the gateway measures of itself, for Prometheus.",
        {"200": ("Samples.", {"type": "string"})}, media=CONTENT_TYPE.partition(";")[0],
    ),
    ShortRoute(
        "GET", "/openapi.json", "openapi", GATEWAY, "Returns this document.",
        {"200": ("The document.", {"type": "object", "additionalProperties": True})},
    ),
)  # fmt: skip
"""In the order the document lists them."""


def short_operation(route: ShortRoute) -> dict[str, Any]:
    """The OpenAPI operation of a route."""
    answers = {status: {"description": told, "content": {route.media: {"schema": schema}}}
               for status, (told, schema) in route.results.items()}  # fmt: skip
    operation: dict[str, Any] = {
        "operationId": route.operation_id,
        "tags": [route.tag],
        "summary": route.summary,
        "parameters": [_parameter(name, schema) for name, schema in route.query.items()],
        "responses": {**answers, "default": {"$ref": "#/components/responses/Error"}},
    }
    if route.body is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": route.body}}}
    if route.keyless:
        operation["security"] = []
    return operation


def _parameter(name: str, schema: Schema) -> dict[str, Any]:
    rest = {key: value for key, value in schema.items() if key != "description"}
    return {"name": name, "in": "query", "description": schema["description"], "schema": rest}
