"""Configuration: one tree, validated whole, every refusal names key, value and rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from hedgerow import settings
from hedgerow.domain.errors import InvalidValue
from hedgerow.settings import Settings


def refused(*sets: str) -> InvalidValue:
    with pytest.raises(InvalidValue) as caught:
        settings.load(None, sets)
    return caught.value


def test_nothing_configured_is_valid_and_simulated() -> None:
    loaded = settings.load()
    assert loaded.broker.mode == "sim"
    assert [s.account[:3] for s in loaded.strategies] == ["SIM"]


def test_set_reaches_the_root_and_every_strategy() -> None:
    loaded = settings.load(
        None, ("broker.port=15000", "gates.strategy.structure.max_dte=45", "strategies.0.enabled=false")
    )
    assert loaded.broker.port == 15000
    assert loaded.strategies[0].gates.strategy.structure.max_dte == 45
    assert not loaded.strategies[0].enabled


@pytest.mark.parametrize(
    ("item", "key"),
    [
        ("gates.strategy.structure.max_det=45", "strategies.0.gates.strategy.structure.max_det"),
        ("gatse.strategy.structure.max_dte=45", "gatse.strategy.structure.max_dte"),
        ("broker.prot=1", "broker.prot"),
        ("gates.state.delta.hedge_threshold=-5", "strategies.0.gates.state.delta.hedge_threshold"),
        ("gates.intent.hedge.min_hedge_shares=nan", "strategies.0.gates.intent.hedge.min_hedge_shares"),
        ("broker.port=ninety", "broker.port"),
        ("risk.max_order_quantity=0", "risk.max_order_quantity"),
        ("strategies.3.enabled=false", "strategies.3.enabled"),
    ],
)
def test_a_wrong_key_or_value_is_named(item: str, key: str) -> None:
    error = refused(item)
    assert error.key == key
    assert error.rule


def test_a_misspelt_key_suggests_the_right_one() -> None:
    assert "did you mean 'gates'?" in refused("gatse.x=1").fix


def test_a_set_without_a_value_is_refused() -> None:
    assert refused("broker.port").key == "--set"


@pytest.mark.parametrize("port", sorted(settings.REAL_GATEWAY_PORTS))
def test_sim_mode_refuses_the_ports_of_real_gateways(port: int) -> None:
    assert "real gateway" in refused(f"broker.port={port}").rule


def test_live_needs_the_account_by_name() -> None:
    assert "--i-accept-live" in refused("broker.mode=live").rule
    loaded = settings.load(None, ("broker.mode=live", "broker.accept_live=U1234567", "broker.port=4001"))
    assert loaded.broker.accept_live == "U1234567"
    assert "only for mode live" in refused("broker.accept_live=U1234567").rule


def test_a_clock_file_is_refused_with_a_real_broker() -> None:
    assert "sim" in refused("broker.mode=paper", "replay.clock_file=/tmp/clock").rule


def test_client_ids_are_distinct() -> None:
    assert "different" in refused("broker.client_ids.execution=11").rule


def test_a_file_overrides_the_defaults_and_sets_override_the_file(tmp_path: Path) -> None:
    file = tmp_path / "hedgerow.yaml"
    file.write_text("broker: {port: 15001}\nrisk: {max_order_quantity: 5}\n")
    loaded = settings.load(file, ("broker.port=15002",))
    assert (loaded.broker.port, loaded.risk.max_order_quantity) == (15002, 5)


@pytest.mark.parametrize("text", ["- a list", "broker: [", "just words"])
def test_a_file_that_is_no_mapping_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(InvalidValue, match=r"bad\.yaml"):
        settings.load(file)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"absent\.yaml"):
        settings.load(tmp_path / "absent.yaml")


def test_dump_and_read_give_the_same_settings(tmp_path: Path) -> None:
    loaded = settings.load(None, ("gates.guard.risk.max_net_delta=300", "greeks.volatility=0.3"))
    loaded.dump(tmp_path / "settings.json")
    assert Settings.read(tmp_path / "settings.json") == loaded


def test_strategy_names_are_used_once() -> None:
    entry = {"name": "a", "account": "SIM1", "underlying": {"symbol": "SIMX"}}
    with pytest.raises(InvalidValue, match="every name is used once"):
        settings.load(None, (), {"strategies": [entry, dict(entry)]})
