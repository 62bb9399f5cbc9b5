"""What a page elsewhere can make a browser send is refused; what the operator sends is not."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from gateway.config import GatewayConfig
from gateway.errors import HttpError
from gateway.security import Guard

KEY = "0123456789abcdef-key"
HOST = "localhost:8080"


def scope(method: str = "POST", kind: str = "http", subprotocols: tuple[str, ...] = (), **headers: str) -> Any:
    named = {"host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in named.items() if value]
    return {
        "type": kind, "method": method, "headers": pairs, "server": ("192.168.1.7", 8080),
        "subprotocols": list(subprotocols),
    }  # fmt: skip


def check(asked: dict[str, Any], key: str = "", hosts: tuple[str, ...] = (), keyless: bool = False) -> None:
    Guard(GatewayConfig(host="127.0.0.1", port=8080, api_key=key, allowed_hosts=hosts)).check(asked, keyless)


def refused(asked: dict[str, Any], **options: Any) -> tuple[int, str]:
    with pytest.raises(HttpError) as caught:
        check(asked, **options)
    return caught.value.status, caught.value.details[0]["reason"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content_type": "application/json", "content_length": "2"},
        {"content_type": "Application/JSON; charset=UTF-8", "content_length": "2"},
        {"content_length": "0"},
        {"origin": "http://localhost:8080"},
        {"origin": "https://localhost:8080"},
        {"origin": "http://LOCALHOST:8080", "sec_fetch_site": "same-origin"},
        {"host": "127.0.0.1:8080", "origin": "http://127.0.0.1:8080"},
        {"host": "localhost", "origin": "http://localhost"},
        {"host": "localhost:80", "origin": "http://localhost"},
        {"host": "localhost", "origin": "https://localhost:443"},
        {"host": "[::1]:8080", "origin": "http://[::1]:8080"},
        {"host": "localhost:9999"},
        {"host": "localhost.:8080"},
        {"host": "192.168.1.7:8080"},
        {"sec_fetch_site": "none"},
    ],
)
def test_the_operator_may_steer(headers: dict[str, str]) -> None:
    check(scope(**headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "text/plain", "content_length": "2"},
        {"content_type": "application/x-www-form-urlencoded", "content_length": "2"},
        {"content_type": "multipart/form-data; boundary=x", "content_length": "2"},
        {"content_type": "text/plain; application/json", "content_length": "2"},
        {"content_type": "application/json; charset=latin-1", "content_length": "2"},
        {"content_type": "application/jsonp", "content_length": "2"},
        {"content_type": "text/plain"},
        {"content_length": "2"},
        {"transfer_encoding": "chunked"},
    ],
)
def test_a_simple_request_with_a_body_is_refused(headers: dict[str, str]) -> None:
    assert refused(scope(**headers)) == (403, "CONTENT_TYPE_REFUSED")


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://localhost"},
        {"origin": "http://localhost:8081"},
        {"origin": "http://127.0.0.1:8080"},
        {"origin": "null"},
        {"origin": "http://localhost:8080/"},
        {"origin": "http://user@localhost:8080"},
        {"origin": "ftp://localhost:8080"},
        {"origin": "file://"},
        {"origin": "http://localhost:8080.evil.example"},
        {"origin": "http://localhost:99999"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "http://localhost:8080", "sec_fetch_site": "cross-site"},
    ],
)
def test_another_site_steers_nothing_and_opens_no_websocket(kind: str, headers: dict[str, str]) -> None:
    assert refused(scope(kind=kind, **headers)) == (403, "ORIGIN_REFUSED")


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "host",
    [
        "", "evil.example", "evil.example:8080", "localhost.evil.example", "localhost@evil.example", "127.0.0.1.nip.io",
        "192.168.1.8", "10.0.0.1", "localhost:8080:8080", "localhost/x", "localhost:x", "[::2]", "0x7f.1",
    ],
)  # fmt: skip
def test_a_name_that_is_not_ours_is_refused_for_reading_too(kind: str, method: str, host: str) -> None:
    assert refused(scope(method, kind, host=host)) == (403, "HOST_REFUSED")


def test_two_hosts_are_refused() -> None:
    asked = scope("GET")
    asked["headers"].append((b"host", b"evil.example"))
    assert refused(asked) == (403, "HOST_REFUSED")


def test_names_can_be_allowed() -> None:
    check(scope(host="trading.lan:8080", origin="http://trading.lan:8080"), hosts=("trading.lan",))


def test_reading_asks_for_no_origin() -> None:
    check(scope("GET", origin="https://evil.example", sec_fetch_site="cross-site"))


@pytest.mark.parametrize(
    "headers",
    [{"authorization": f"Bearer {KEY}"}, {"authorization": f"bearer  {KEY}"}, {"x_api_key": KEY}],
)
def test_the_key_opens(headers: dict[str, str]) -> None:
    check(scope("GET", **headers), key=KEY)
    check(scope(**headers), key=KEY)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": KEY},
        {"authorization": f"Basic {KEY}"},
        {"authorization": "Bearer "},
        {"authorization": f"Bearer {KEY}x"},
        {"x_api_key": KEY[:-1]},
        {"x_api_key": "\u00e9\u00ff"},
        {"api_key": KEY},
        {"cookie": f"key={KEY}"},
    ],
)
def test_without_the_key_nothing_opens(headers: dict[str, str]) -> None:
    for asked in (scope("GET", **headers), scope(**headers), scope(kind="websocket", **headers)):
        assert refused(asked, key=KEY) == (401, "API_KEY_REQUIRED")


def test_some_paths_need_no_key() -> None:
    check(scope("GET"), key=KEY, keyless=True)
    assert refused(scope("GET", host="evil.example"), key=KEY, keyless=True) == (403, "HOST_REFUSED")


def test_a_websocket_may_bring_the_key_as_a_subprotocol() -> None:
    encoded = base64.urlsafe_b64encode(KEY.encode()).decode().rstrip("=")
    check(scope(kind="websocket", subprotocols=("hedgerow", f"key.{encoded}")), key=KEY)
    for wrong in (f"key.{encoded[:-4]}", f"key.{KEY}", encoded, "key.", "key.!!!", "key.\u00e9"):
        asked = scope(kind="websocket", subprotocols=("hedgerow", wrong))
        assert refused(asked, key=KEY) == (401, "API_KEY_REQUIRED")


def test_a_subprotocol_is_no_key_for_a_plain_request() -> None:
    encoded = base64.urlsafe_b64encode(KEY.encode()).decode()
    assert refused(scope("GET", subprotocols=("hedgerow", f"key.{encoded}")), key=KEY) == (401, "API_KEY_REQUIRED")
