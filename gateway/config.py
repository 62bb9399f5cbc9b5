"""What the gateway is configured with, checked whole before it listens."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from hedgerow.domain.errors import InvalidValue
from hedgerow.settings import Settings

NAME = "gateway"
API_KEY = "HEDGEROW_API_KEY"
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
SHORTEST_KEY = 16


class GatewayConfig(BaseModel):
    """Everything the gateway is told; durations are wall seconds, sizes bytes.

    `allowed_hosts`: names in the Host header beside loopback and the bound address. `api_key`: empty =
    none is asked for. `timeout_s`: of one call to a service, its own wait for the broker included.
    `drain_limit_s`: how long a reader may keep a stream's message waiting. `silence_limit_s`: the age
    at which what control last said is stale.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str
    port: int
    api_key: str = Field(default="", repr=False)
    allowed_hosts: tuple[str, ...] = ()
    timeout_s: float = Field(default=15.0, gt=0)
    drain_limit_s: float = Field(default=10.0, gt=0)
    silence_limit_s: float = Field(default=3.0, gt=0)
    max_body: int = Field(default=1 << 20, gt=0)
    max_head: int = Field(default=32 << 10, gt=0)
    max_streams: int = Field(default=1024, gt=0)

    @classmethod
    def of(cls, settings: Settings, host: str, port: int) -> GatewayConfig:
        """The gateway's part of the settings; raises InvalidValue for an open address without an API key."""
        section = settings.gateway
        key = os.environ.get(API_KEY, "") or _read_key(section.api_key_file)
        if key and len(key) < SHORTEST_KEY:
            raise InvalidValue(
                API_KEY,
                "...",
                f"at least {SHORTEST_KEY} characters",
                "python3 -c 'import secrets; print(secrets.token_urlsafe())' makes one",
            )
        if not key and not is_loopback(host):
            raise InvalidValue(
                "endpoints.gateway.host", host, "a loopback address while no API key is configured",
                f"set {API_KEY} or gateway.api_key_file",
            )  # fmt: skip
        return cls(
            host=host,
            port=port,
            api_key=key,
            allowed_hosts=tuple(name.lower() for name in section.allowed_hosts),
            timeout_s=settings.timing.rpc_timeout_s + settings.broker.request_timeout_s,
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read_key(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        key = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidValue("gateway.api_key_file", str(path), f"a file that can be read ({error})") from error
    if not key:
        raise InvalidValue("gateway.api_key_file", str(path), "a file that holds the key")
    return key
