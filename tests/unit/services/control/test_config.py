"""Control's configuration: every process it asks about, and where."""

from __future__ import annotations

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.settings import Endpoint, Settings, parse
from services.control.config import ControlConfig

TWO = """
strategies:
  - {name: goog, kind: gamma_scalper, account: SIM0000001, underlying: {symbol: GOOG}}
  - {name: twx, kind: gamma_scalper, account: SIM0000001, underlying: {symbol: TWX}}
"""


def test_every_process_but_control_is_asked_where_settings_or_the_catalog_say() -> None:
    settings = parse(TWO, "test").model_copy(update={"endpoints": {"risk": Endpoint(port=7000, host="127.0.0.2")}})
    config = ControlConfig.of(settings)
    assert config.strategies == ("goog", "twx")
    ports = {name: (at.host, at.port) for name, at in config.processes.items()}
    assert ports == {
        "market-data": ("127.0.0.1", 50051), "execution": ("127.0.0.1", 50052), "risk": ("127.0.0.2", 7000),
        "portfolio": ("127.0.0.1", 50054), "stats": ("127.0.0.1", 50056),
        "strategy-goog": ("127.0.0.1", 50060), "strategy-twx": ("127.0.0.1", 50061),
    }  # fmt: skip
    assert config.limits.heartbeat_ns == 3_000_000_000
    assert config.require_strategy("twx") == "twx"
    with pytest.raises(InvalidValue, match="goog, twx"):
        config.require_strategy("aig")


def test_the_only_strategy_may_run_under_its_kinds_name() -> None:
    one = parse(TWO.rsplit("\n", 2)[0], "test").model_copy(update={"endpoints": {"strategy": Endpoint(port=7001)}})
    assert ControlConfig.of(one).processes["strategy-goog"].port == 7001
    assert "strategy-goog" not in ControlConfig.of(Settings()).processes
