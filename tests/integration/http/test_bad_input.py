"""Whatever is wrong with a request, it is the caller who is told, by field where there is one, and nothing is done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.integration.http.asking import Reply, ask, first_message, request, send
from tests.integration.http.outside import deeds
from tests.integration.http.requests_of_methods import requests
from tests.integration.http.transcoding import Binding, bindings
from tests.system import System

pytestmark = pytest.mark.timeout(300)  # the first test starts the system

BINDINGS = bindings()
WITH_BODY = [binding for binding in BINDINGS if binding.body]
POST = b"POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
COMMAND = {
    "command_id": "bad-1", "kind": "COMMAND_KIND_PAUSE", "strategy": "gamma-scalper", "actor": "test", "reason": "r",
}  # fmt: skip


@pytest.fixture(scope="module")
def port(system: System) -> int:
    return system.ports["gateway"]


@pytest.fixture(autouse=True)
def nothing_is_done(system: System) -> Iterator[None]:
    """No test of this module may leave a trace in a store that acts, or on the way to the broker."""
    before = deeds(system)
    yield
    assert deeds(system) == before


def refused(reply: Reply, *fields: str) -> None:
    """The one shape of every refusal."""
    assert 400 <= reply.status < 500, (reply.status, reply.body[:500])
    assert reply.headers.get_content_type() == "application/json"
    error = reply.json
    assert error.keys() == {"code", "message", "details"}
    assert error["code"] > 0
    assert error["message"]
    if fields:
        assert reply.status == 400
        assert tuple(reply.fields) == fields


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "kind"),
        (b"{}", "kind"),
        (b'{"kind": "COMMAND_KIND_STOP"}', "command_id"),
        (b"[]", "body"),
        (b"null", "body"),
        (b'"text"', "body"),
        (b"{", "body"),
        (b'{"kind": }', "body"),
        (b'{"actor": "\xff\xfe"}', "body"),
        (b'{"actor": "\xc0\xaf"}', "body"),
        (b"\xef\xbb\xbf{}", "body"),
        (json.dumps(COMMAND).encode("utf-16"), "body"),
        (b'{"actor": "\\ud800"}', "actor"),
        (b'{"\\ud800": 1}', "?"),
        (b'{"\\ud800": 1, "\\ud800": 2}', "?"),
        (b'{"": 1}', '""'),
        (b'{"actor": "a", "actor": "b"}', "actor"),
        (b'{"commandId": "a", "command_id": "a"}', "command_id"),
        (b'{"nosuch": 1}', "nosuch"),
        (b'{"flatten": {"nosuch": 1}}', "flatten.nosuch"),
        (b'{"flatten": []}', "flatten"),
        (b'{"flatten": {"include_options": "yes"}}', "flatten.include_options"),
        (b'{"flatten": {"include_options": 1}}', "flatten.include_options"),
        (b'{"flatten": {"target": "FLATTEN_TARGET_MOON"}}', "flatten.target"),
        (b'{"kind": true}', "kind"),
        (b'{"kind": 99}', "kind"),
        (b'{"kind": -1}', "kind"),
        (b'{"kind": 1e400}', "body"),
        (b'{"kind": NaN}', "body"),
        (b'{"kind": Infinity}', "body"),
        (b'{"actor": 1}', "actor"),
        (b'{"actor": {}}', "actor"),
        (b'{"actor": 1' + b"0" * 5000 + b"}", "body"),
        (b"[" * 100_000, "body"),
        (b'{"flatten":' * 5000 + b"{}" + b"}" * 5000, "body"),
        (b"{} {}", "body"),
        (b"{}\x00", "body"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_command_that_cannot_be_read_is_refused_by_field(port: int, body: bytes, field: str) -> None:
    refused(ask(port, "POST", "/v1/commands", body), field)


def test_a_name_of_half_a_megabyte_is_not_repeated_whole(port: int) -> None:
    reply = ask(port, "POST", "/v1/commands", {"x" * 500_000: 1})
    refused(reply)
    assert len(reply.body) < 8192


def test_a_body_that_is_too_large_is_refused_before_it_is_read(port: int) -> None:
    head = {"Content-Length": str(10**12)}
    assert send(port, request(port, "POST", "/v1/commands", b"{", head), "POST").status == 413
    reply = ask(port, "POST", "/v1/commands", {**COMMAND, "reason": "x" * (2 << 20)})
    refused(reply)
    assert reply.status == 413
    chunked = request(port, "POST", "/v1/commands", headers={
        "Transfer-Encoding": "chunked", "Content-Type": "application/json"})  # fmt: skip
    assert send(port, chunked + b"10000\r\n" + (b"x" * 65536 + b"\r\n10000\r\n") * 40, "POST").status == 413


@pytest.mark.parametrize(
    ("target", "fields"),
    [
        ("/v1/orders?page_size=x", ("page_size",)),
        ("/v1/orders?page_size=1.5", ("page_size",)),
        ("/v1/orders?page_size=99999999999", ("page_size",)),
        ("/v1/orders?page_size=%31%30x", ("page_size",)),
        ("/v1/orders?page_size=", ("page_size",)),
        ("/v1/orders?page_size=1&page_size=2", ("page_size",)),
        ("/v1/orders?pageSize=1&page_size=2", ("page_size",)),
        ("/v1/orders?open_only=yes", ("open_only",)),
        ("/v1/orders?nosuch=1", ("nosuch",)),
        ("/v1/orders?strategy.name=1", ("strategy.name",)),
        ("/v1/orders?strategy=%ff", ("strategy",)),
        ("/v1/orders?strategy=%c0%af", ("strategy",)),
        ("/v1/orders?strategy=%", ("strategy",)),
        ("/v1/orders?strategy=%zz", ("strategy",)),
        ("/v1/orders?__proto__=1", ("__proto__",)),
        ("/v1/history?since_time=yesterday", ("since_time",)),
        ("/v1/history?since_time=1700000000", ("since_time",)),
        ("/v1/history?since_time=9999-99-99T00:00:00Z", ("since_time",)),
        ("/v1/history?since_time=0409-03-19T14:18:23.146Z", ("since_time",)),
        ("/v1/operations?until_time=2262-04-12T00:00:00Z", ("until_time",)),
        ("/v1/stats/hedges?since_time=9999-12-31T23:59:59.999999999Z", ("since_time",)),
        ("/v1/instruments/SIMX/bars?end_time=0001-01-01T00:00:00Z", ("end_time",)),
        ("/v1/history?since_time.seconds=1", ("since_time.seconds",)),
        ("/v1/stats/hedges?period=PERIOD_CENTURY", ("period",)),
        ("/v1/instruments/%ff", ("instrument_id",)),
        ("/v1/instruments/%zz", ("instrument_id",)),
        ("/v1/instruments/SIMX?instrument_id=AAPL", ("instrument_id",)),
        ("/v1/execution-reports:stream?start_sequence=-1", ("start_sequence",)),
        ("/v1/quotes:stream?instrument_ids=SIMX&instrument_ids=a%2fb", ("instrument_ids[1]",)),
        ("/v1/orders?=1", ('""',)),
    ],
)
def test_a_query_or_path_that_cannot_be_read_is_refused_by_field(port: int, target: str, fields: tuple[str]) -> None:
    refused(ask(port, "GET", target), *fields)


@pytest.mark.parametrize(
    "target",
    [
        "/v1", "/v1/", "/v1/nosuch", "/v1/orders/", "/v1/orders/a/b", "//v1/orders", "/v1//orders", "/V1/orders",
        "/v1/orders/../status", "/v1/./status", "/v1/%2e%2e/status", "/v1%2forders", "/v1/orders%2f..%2f..",
        "/v1/status%3awatch", "/v1/status:nosuch", "/v1/status:", "/v1/orders;a=b", "/v1/orders%00", "/%00",
        "/..%2f..%2fetc%2fpasswd", "/assets/../../etc/passwd", "/assets/%2e%2e/%2e%2e/pyproject.toml", "/assets/",
        "/control", "/control/nosuch", "/status/", "/hedgerow.api.control.v1.ControlService/GetStatus",
        "/v1/" + "a" * 5000,
    ],
)  # fmt: skip
def test_there_is_nothing_at_an_unknown_path(port: int, target: str) -> None:
    reply = ask(port, "GET", target)
    refused(reply)
    assert reply.status == 404


@pytest.mark.parametrize("target", ["/v1/orders/%0a", "/v1/orders/%00", "/v1/orders/%7f%1b", "/v1/orders/%e2%80%ae"])
def test_control_characters_in_an_id_find_no_order(port: int, target: str) -> None:
    reply = ask(port, "GET", target)
    refused(reply)
    assert reply.status in (400, 404)


@pytest.mark.parametrize(
    ("verb", "target", "allowed"),
    [
        ("POST", "/v1/status", "GET"),
        ("DELETE", "/v1/orders/x", "GET"),
        ("GET", "/v1/commands/x:cancel/", ""),
        ("PUT", "/v1/commands", "GET"),
        ("GET", "/v1/intents", "POST"),
        ("PATCH", "/v1/accounts:refresh", "POST"),
        ("GET", "/control/stop", "POST"),
        ("POST", "/status", "GET"),
        ("BREW", "/status", "GET"),
        ("OPTIONS", "/v1/orders", "GET"),
        ("TRACE", "/v1/orders", "GET"),
    ],
)
def test_a_wrong_method_is_told_the_right_one(port: int, verb: str, target: str, allowed: str) -> None:
    reply = ask(port, verb, target)
    assert 400 <= reply.status < 500
    if allowed and reply.status == 405:
        assert allowed in reply.headers["allow"]
    assert verb == "BREW" or reply.status == (405 if allowed else 404)


@pytest.mark.parametrize(
    "data",
    [
        b"GET\r\n\r\n", b"GET /status\r\n\r\n", b"GET /status HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03", b"GET /sta\x00tus HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /sta\ntus HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET /status\x7f HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /status HTTP/1.1\r\n\r\n", b"GET /status HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        b"GET /status HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"GET /status HTTP/1.1\r\nHost: \r\n\r\n",
        b"GET /status HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n",
        b"GET /status HTTP/1.1\r\nHost: localhost\r\nX y: 1\r\n\r\n",
        b"GET /status HTTP/1.1\r\nHost: localhost\r\n: 1\r\n\r\n",
        b"GET /status HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /status HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 20_000 + b"\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        POST + b"Content-Length: -1\r\n\r\n", POST + b"Content-Length: x\r\n\r\n",
        POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    ],
    ids=lambda value: repr(value)[:60],
)  # fmt: skip
def test_what_is_no_request_is_answered_with_an_error_or_hung_up_on(port: int, data: bytes) -> None:
    import http.client

    try:
        reply = send(port, data + b"\r\n\r\n", limit_s=5)
    except (ConnectionError, http.client.BadStatusLine):
        return
    assert 400 <= reply.status < 500, reply


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Encoding": "gzip"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_headers_that_make_a_request_anothers_are_refused(port: int, headers: dict[str, str]) -> None:
    reply = ask(port, "POST", "/v1/commands", COMMAND, headers)
    refused(reply)
    assert reply.status == (415 if "Content-Encoding" in headers else 403)


@pytest.mark.parametrize("target", ["/control/pause", "/control/stop", "/control/flatten"])
@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"strategy": 1}', "strategy"), (b'{"strategy": "nosuch"}', "strategy"), (b'{"nosuch": 1}', "nosuch"),
        (b"[]", "body"), (b"{", "body"), (b'{"strategy": "a", "strategy": "b"}', "strategy"),
        (b'{"actor": null, "reason": {}}', "reason"), (b'{"command_id": "' + b"x" * 65 + b'"}', "command_id"),
    ],
    ids=lambda value: repr(value)[:30],
)  # fmt: skip
def test_a_short_route_refuses_by_field(port: int, target: str, body: bytes, field: str) -> None:
    refused(ask(port, "POST", target, body), field)


@pytest.mark.parametrize(
    ("target", "field"),
    [
        ("/operations?since_ts=yesterday", "since_ts"), ("/operations?since_ts=-1", "since_ts"),
        ("/operations?since_ts=0409-03-19T14:18:23Z", "since_ts"),
        ("/operations?until_ts=99999999999999999999", "until_ts"),
        ("/operations?until_ts=1e400", "until_ts"), ("/operations?until_ts=" + "9" * 40, "until_ts"),
        ("/operations?limit=x", "limit"), ("/operations?limit=100000", "limit"), ("/operations?nosuch=1", "nosuch"),
        ("/operations?type=NO_SUCH", "type"), ("/operations?page_token=%21", "page_token"),
        ("/status?strategy=nosuch", "strategy"), ("/status?nosuch=1", "nosuch"),
    ],
)  # fmt: skip
def test_a_short_route_refuses_a_query_by_field(port: int, target: str, field: str) -> None:
    refused(ask(port, "GET", target), field)


def test_a_websocket_is_told_what_is_wrong(port: int) -> None:
    from websockets.exceptions import InvalidStatus

    for target, status in (("/v1/orders", 400), ("/v1/nosuch", 404), ("/v1/quotes:stream?nosuch=1", 400)):
        with pytest.raises(InvalidStatus) as caught:
            first_message(port, target)
        assert caught.value.response.status_code == status
        assert json.loads(caught.value.response.body or b"{}")["message"]


# What no field of a kind can hold.
_WRONG: dict[int, list[Any]] = {
    FieldDescriptor.CPPTYPE_STRING: [1, True, {}, [], 1.5],
    FieldDescriptor.CPPTYPE_BOOL: [1, 0, "yes", "", {}, []],
    FieldDescriptor.CPPTYPE_ENUM: ["NO_SUCH", "", 10**6, -(10**6), True, {}, [], 1.5],
    FieldDescriptor.CPPTYPE_MESSAGE: [1, "text", True, [1]],
    FieldDescriptor.CPPTYPE_DOUBLE: ["much", "", {}, [], True],
    FieldDescriptor.CPPTYPE_INT32: [2**31, -(2**31) - 1, 1.5, "x", "", {}, [], True, "1e99"],
    FieldDescriptor.CPPTYPE_INT64: [2**63, -(2**63) - 1, 1.5, "x", "", {}, [], True],
    FieldDescriptor.CPPTYPE_UINT32: [-1, 2**32, "x", {}, []],
    FieldDescriptor.CPPTYPE_UINT64: [-1, 2**64, "-1", "x", {}, []],
}


def _fields(message: Descriptor, above: tuple[FieldDescriptor, ...] = ()) -> Iterator[tuple[FieldDescriptor, ...]]:
    for field in message.fields:
        yield (*above, field)
        inner = field.message_type
        if inner is not None and not field.is_repeated and not inner.full_name.startswith("google.protobuf."):
            yield from _fields(inner, (*above, field))


@st.composite
def spoiled(draw: st.DrawFn) -> tuple[Binding, dict[str, Any], str]:
    """A request that its message cannot hold: one of ours with one value of one field made wrong, and that field."""
    binding = draw(st.sampled_from(WITH_BODY))
    good = json.loads(json.dumps(draw(st.sampled_from(requests(binding)))))
    given = {binding.body} if binding.body != "*" else {f.name for f in binding.method.input_type.fields}
    chain = draw(st.sampled_from([
        chain for chain in _fields(binding.method.input_type) if chain[0].name in given.difference(binding.variables)
    ]))  # fmt: skip
    at = good
    for field in chain[:-1]:
        at = at.setdefault(field.name, {})
    name = chain[-1].name if draw(st.booleans()) else chain[-1].json_name
    at.pop(chain[-1].name, None)
    if draw(st.integers(0, 4)) or (binding.body != "*" and len(chain) == 1):
        at[name] = draw(st.sampled_from(["text", 1, {}] if chain[-1].is_repeated else _WRONG[chain[-1].cpp_type]))
        return binding, good, ".".join(field.name for field in chain)
    unknown = draw(st.text(st.characters(codec="utf-8", exclude_characters=".")).filter(
        lambda text: text not in {n for f in chain[-1].containing_type.fields for n in (f.name, f.json_name)}
    ))  # fmt: skip
    at[unknown] = draw(st.sampled_from([None, 1, "text", {}]))
    return binding, good, ".".join([*(field.name for field in chain[:-1]), unknown])


@settings(max_examples=300)
@given(spoiled())
def test_any_spoiled_body_is_refused_by_its_field(port: int, made: tuple[Binding, dict[str, Any], str]) -> None:
    binding, body, field = made
    event(binding.name)
    target = binding.template.replace("{client_order_id}", "nosuch")
    sent = body if binding.body == "*" else body.get(binding.body, body)
    for variable in binding.variables:
        sent.pop(variable, None)
    reply = ask(port, binding.verb, target, sent)
    refused(reply)
    assert reply.status == 400
    assert reply.fields == [field or '""']


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_no_bytes_at_all_make_it_fail(port: int, body: bytes) -> None:
    refused(ask(port, "POST", "/v1/risk:checkOrder", body))


@settings(max_examples=200)
@given(st.text(st.characters(codec="latin-1", min_codepoint=33, exclude_characters="#?"), max_size=60), st.booleans())
def test_no_path_makes_it_fail(port: int, path: str, below: bool) -> None:
    reply = ask(port, "GET", ("/v1/orders/nosuch" if below else "/").encode() + path.encode("latin-1"))
    assert reply.status < 500


@settings(max_examples=200)
@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=4))
def test_no_query_makes_it_fail(port: int, pairs: list[tuple[str, str]]) -> None:
    from urllib.parse import quote

    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    refused(ask(port, "GET", f"/v1/orders/nosuch?{query}"))
