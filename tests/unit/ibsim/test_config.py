"""The gateway's configuration: defaults, refusals, and what each message names."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.ibsim.config import IbsimConfig


def load(tmp_path: Path, **values: Any) -> IbsimConfig:
    path = tmp_path / "ibsim.json"
    path.write_text(json.dumps(values))
    return IbsimConfig.from_file(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("port", 4001), ("port", 4002), ("port", 7496), ("port", 7497), ("admin_port", 4002), ("port", 70000),
        ("host", "0.0.0.0"), ("host", "192.168.1.5"), ("host", "example.com"), ("host", "::"),
        ("account", "DU1234567"), ("account", "U1234567"), ("account", "sim1"), ("account", "SIM"), ("account", ""),
        ("speed", 0), ("speed", -1), ("server_version_max", 156), ("server_version_max", 179), ("symbo", "GOOG"),
        ("market_data", "live"), ("liquidity", "none"),
    ],
)  # fmt: skip
def test_refuses_what_could_look_real_or_make_no_sense(tmp_path: Path, key: str, value: object) -> None:
    with pytest.raises(InvalidValue) as refused:
        load(tmp_path, **{key: value})
    assert refused.value.key == key
    assert refused.value.value == value


def test_takes_loopback_in_every_spelling(tmp_path: Path) -> None:
    for host in ("127.0.0.1", "127.0.0.2", "::1", "localhost"):
        assert load(tmp_path, host=host).host == host


def test_money_is_what_the_author_wrote(tmp_path: Path) -> None:
    config = load(tmp_path, cash_usd=0.1, positions=[{"instrument_id": "GOOG", "quantity": 3, "average_price": 749.37}])
    assert config.cash_usd == Decimal("0.1")
    assert config.positions[0].average_price == Decimal("749.37")


@pytest.mark.parametrize("name", ["goog", "GOOG 2016 750 C", "GOOG 20160122 750", "GOOG 20160122 750 X"])
def test_refuses_a_position_in_no_instrument(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidValue, match="positions"):
        load(tmp_path, positions=[{"instrument_id": name, "quantity": 1, "average_price": 1}])


def test_refuses_contradictions(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="start_ns"):
        load(tmp_path, start_ns=5, stop_ns=5)
    with pytest.raises(InvalidValue, match="admin_port"):
        load(tmp_path, port=14002, admin_port=14002)
    twice = [{"instrument_id": "GOOG", "quantity": 1, "average_price": 1}] * 2
    with pytest.raises(InvalidValue, match="named once"):
        load(tmp_path, positions=twice)


def test_names_a_file_that_is_absent_or_no_json(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="a readable file"):
        IbsimConfig.from_file(tmp_path / "absent.json")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(InvalidValue, match="JSON"):
        IbsimConfig.from_file(tmp_path / "broken.json")
