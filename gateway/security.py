"""Who may ask: the API key, and what keeps a web page elsewhere from steering us through a browser."""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import grpc

from gateway.config import LOOPBACK_NAMES, GatewayConfig
from gateway.errors import HttpError, refused

Scope = dict[str, Any]
READING = frozenset({"GET", "HEAD", "OPTIONS"})
SUBPROTOCOL, KEY_SUBPROTOCOL = "hedgerow", "key."
_DEFAULT_PORTS = {"http": 80, "https": 443}

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"content-security-policy", PAGE_POLICY.encode()),
)


class Guard:
    """Refuses with HttpError: 403 for a foreign page, 401 without the key."""

    def __init__(self, config: GatewayConfig) -> None:
        self._key = config.api_key.encode()
        self._hosts = frozenset((*LOOPBACK_NAMES, config.host.lower(), *config.allowed_hosts))

    def check(self, scope: Scope, keyless: bool) -> None:
        """Lets the request pass; `keyless` paths need no API key."""
        host = self._host(scope)
        websocket = scope["type"] == "websocket"
        if websocket or scope["method"] not in READING:
            self._same_origin(scope, host)
            if not websocket:
                _json_only(scope)
        if self._key and not keyless:
            self._require_key(scope, websocket)

    def _host(self, scope: Scope) -> str:
        """The Host header, if it names us: a name that someone else's DNS points here does not."""
        values = _values(scope, b"host")
        if len(values) != 1:
            raise _forbidden("a request names its Host once", "HOST_REFUSED")
        name = _host_name(values[0])
        if not name or not (name in self._hosts or _is_local_end(name, scope)):
            raise _forbidden(f"Host {values[0][:64]!r} is none of ours; see gateway.allowed_hosts", "HOST_REFUSED")
        return values[0]

    def _same_origin(self, scope: Scope, host: str) -> None:
        origins = _values(scope, b"origin")
        sites = _values(scope, b"sec-fetch-site")
        if any(site not in ("same-origin", "none") for site in sites):
            raise _forbidden("asked for by another site's page", "ORIGIN_REFUSED")
        if len(origins) > 1 or (origins and not _is_origin_of(origins[0], host)):
            raise _forbidden(f"Origin {origins[0][:64]!r} is not this server", "ORIGIN_REFUSED")

    def _require_key(self, scope: Scope, websocket: bool) -> None:
        given = [*_header_keys(scope), *(_subprotocol_keys(scope) if websocket else ())]
        if not any(hmac.compare_digest(key, self._key) for key in given):
            raise refused(
                grpc.StatusCode.UNAUTHENTICATED, "the API key is missing or wrong", "API_KEY_REQUIRED",
                WWW_Authenticate="Bearer",
            )  # fmt: skip


def _json_only(scope: Scope) -> None:
    """What a form or a simple cross-site request can send is never JSON by its Content-Type."""
    types = _values(scope, b"content-type")
    has_body = _values(scope, b"transfer-encoding") or any(each != "0" for each in _values(scope, b"content-length"))
    if not types and not has_body:
        return
    media, _, parameters = (types[0] if len(types) == 1 else "").partition(";")
    charset = parameters.replace(" ", "").replace('"', "").lower()
    if media.strip().lower() != "application/json" or charset not in ("", "charset=utf-8"):
        raise _forbidden("a body needs Content-Type: application/json", "CONTENT_TYPE_REFUSED")


def _host_name(value: str) -> str:
    """The name in a Host header without its port, lower case; empty when it is no Host."""
    try:
        parts = urlsplit(f"//{value}")
        if parts.path or parts.query or parts.fragment or parts.username is not None or parts.port == 0:
            return ""
        return (parts.hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_local_end(name: str, scope: Scope) -> bool:
    """Whether it is the very address this connection came in at: an address cannot be rebound by DNS."""
    server: Sequence[Any] | None = scope.get("server")
    try:
        return bool(server) and ipaddress.ip_address(name) == ipaddress.ip_address(server[0])  # type: ignore[index]
    except ValueError:
        return False


def _is_origin_of(origin: str, host: str) -> bool:
    try:
        theirs, ours = urlsplit(origin), urlsplit(f"//{host}")
        default = _DEFAULT_PORTS.get(theirs.scheme)
        if default is None or theirs.path or theirs.query or theirs.fragment or theirs.username is not None:
            return False
        return theirs.hostname == ours.hostname and (theirs.port or default) == (ours.port or default)
    except ValueError:
        return False


def _header_keys(scope: Scope) -> list[bytes]:
    keys = [value.encode("latin-1") for value in _values(scope, b"x-api-key")]
    for value in _values(scope, b"authorization"):
        scheme, _, key = value.partition(" ")
        if scheme.lower() == "bearer":
            keys.append(key.strip().encode("latin-1"))
    return keys


def _subprotocol_keys(scope: Scope) -> list[bytes]:
    """A browser cannot set headers of a WebSocket: there the key comes as subprotocol key.<base64url>."""
    keys = []
    for offered in scope.get("subprotocols", ()):
        if offered.startswith(KEY_SUBPROTOCOL):
            text = offered.removeprefix(KEY_SUBPROTOCOL)
            try:
                keys.append(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            except (binascii.Error, ValueError):
                continue
    return keys


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1").strip() for key, value in scope["headers"] if key == name]


def _forbidden(message: str, reason: str) -> HttpError:
    return refused(grpc.StatusCode.PERMISSION_DENIED, message, reason)
