"""Where the gateway may listen: loopback freely, anywhere else only with a key."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import API_KEY, GatewayConfig, is_loopback
from hedgerow.domain.errors import InvalidValue
from hedgerow.settings import GatewaySettings, Settings

KEY = "a-key-of-16-chars"


@pytest.fixture(autouse=True)
def without_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(API_KEY, raising=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_no_key(host: str) -> None:
    assert is_loopback(host)
    assert GatewayConfig.of(Settings(), host, 8080).api_key == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "trading.lan", "", "127.0.0.1.evil.example"])
def test_any_other_address_needs_one(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidValue) as caught:
        GatewayConfig.of(Settings(), host, 8080)
    assert caught.value.key == "endpoints.gateway.host"
    assert "gateway.api_key_file" in str(caught.value)
    monkeypatch.setenv(API_KEY, KEY)
    assert GatewayConfig.of(Settings(), host, 8080).api_key == KEY


def test_the_key_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    settings = Settings(gateway=GatewaySettings(api_key_file=file, allowed_hosts=("Trading.LAN",)))
    config = GatewayConfig.of(settings, "0.0.0.0", 8080)
    assert config.api_key == KEY
    assert config.allowed_hosts == ("trading.lan",)
    assert KEY not in repr(config)


@pytest.mark.parametrize("text", [None, "", " \n", "short", "\udcff"])
def test_a_file_without_a_good_key_is_refused(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "key"
    if text is not None:
        file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InvalidValue):
        GatewayConfig.of(Settings(gateway=GatewaySettings(api_key_file=file)), "127.0.0.1", 8080)


def test_a_call_may_wait_as_long_as_the_service_waits_for_the_broker() -> None:
    settings = Settings()
    wait = settings.timing.rpc_timeout_s + settings.broker.request_timeout_s
    assert GatewayConfig.of(settings, "127.0.0.1", 8080).timeout_s == wait
