"""A spec is checked whole, named by key where it is wrong, and hashed without the places its data are in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hedgerow.backtest.spec import Spec, make_spec, read_spec
from hedgerow.domain.errors import InvalidValue
from tests.backtest_world import FIRST, made_days, written

TAPES = {"tapes": ["a.parquet"]}


def test_a_tape_is_enough() -> None:
    spec = make_spec({**TAPES})
    assert [strategy.kind for strategy in spec.strategies] == ["gamma_scalper"]
    assert (spec.fills.model, spec.commissions, spec.position.kind) == ("touch", "fixed", "straddle")


def test_overrides_reach_the_spec_and_every_strategy() -> None:
    spec = make_spec({**TAPES}, ("gates.state.delta.hedge_threshold=40", "fills.latency_ms=25", "commissions=tiered"))
    assert spec.strategies[0].gates.state.delta.hedge_threshold == 40
    assert (spec.fills.latency_ms, spec.commissions) == (25, "tiered")


def test_a_scenario_is_told_by_its_name_alone_or_whole() -> None:
    by_name = make_spec({**TAPES}, ("scenario=crash",))
    assert by_name == make_spec({**TAPES, "scenario": {"name": "crash"}})
    with pytest.raises(InvalidValue) as caught:
        make_spec({**TAPES, "scenario": "quake"})
    assert (caught.value.key, caught.value.value) == ("scenario.name", "quake")


def test_one_fault_in_a_strategy_is_one_fault() -> None:
    with pytest.raises(InvalidValue) as caught:
        make_spec({**TAPES}, ("gates.state.delta.hedge_treshold=40",))
    assert caught.value.key == "strategies.0.gates.state.delta.hedge_treshold"
    assert "more" not in str(caught.value)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text("tapes: [days/one.parquet, /other/two.parquet]\n")
    assert read_spec(path).tapes == (tmp_path / "days/one.parquet", Path("/other/two.parquet"))
    path.write_text("history: {tapes: days, symbol: AIG, start: 2013-10-07, end: 2013-10-08}\n")
    history = read_spec(path).history
    assert history is not None
    assert history.tapes == tmp_path / "days"


@pytest.mark.parametrize(
    ("tree", "sets", "key", "words"),
    [
        ({}, (), "spec", "market data is missing"),
        ({**TAPES, "colour": 1}, (), "colour", "remove it or correct its spelling"),
        ({**TAPES, "fills": {"model": "best"}}, (), "fills.model", "touch"),
        ({**TAPES, "fills": {"latency_ms": -1}}, (), "fills.latency_ms", "greater than or equal to 0"),
        ({**TAPES, "commissions": "free"}, (), "commissions", "fixed"),
        ({**TAPES, "position": {"kind": "legs"}}, (), "position", "legs"),
        ({**TAPES, "position": {"kind": "legs", "legs": [{"instrument": "GOOG", "contracts": 1}]}}, (),
         "position.legs.0.instrument", "an option"),
        ({**TAPES, "strategies": []}, (), "strategies", "at least 1"),
        ({"history": {"symbol": "AIG", "start": "2013-10-07", "end": "2013-10-08"}}, (), "history", "exactly one"),
        ({"history": {"lean": "d", "symbol": "AIG", "start": "2013-10-08", "end": "2013-10-07"}}, (), "history",
         "must not be after"),
        ({**TAPES}, ("gates.state.delta.hedge_threshold=5",), "strategies.0.gates.state.delta", "epsilon_band"),
        ({**TAPES}, ("fill.model=mid",), "fill.model", "did you mean 'fills'?"),
        ({"tapes": "goog.parquet"}, (), "tapes", "a list of files, for example [goog.parquet]"),
        ({"tapes": "goog.parquet", "fill": {}}, (), "tapes", "1 more: unknown key fill"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_key_and_rule(tree: dict[str, Any], sets: tuple[str, ...], key: str, words: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        make_spec(tree, sets)
    assert refused.value.key == key
    assert words in str(refused.value)


def test_two_strategies_of_one_name_are_refused() -> None:
    one = {"name": "a", "account": "SIM0000001", "underlying": {"symbol": "AIG"}}
    with pytest.raises(InvalidValue, match="every name is used once"):
        make_spec({**TAPES, "strategies": [one, one]})


def test_the_hash_follows_the_configuration_and_not_the_place_of_the_data(tmp_path: Path) -> None:
    spec = make_spec({**TAPES})
    moved = make_spec({"tapes": ["elsewhere/a.parquet"]})
    other = make_spec({**TAPES}, ("gates.state.delta.hedge_threshold=40",))
    assert spec.config_hash == moved.config_hash
    assert spec.config_hash != other.config_hash
    assert str(tmp_path) not in str(read_spec_in(tmp_path).content())


def read_spec_in(folder: Path) -> Spec:
    path = folder / "spec.yaml"
    path.write_text("tapes: [one.parquet]\n")
    return read_spec(path)


def test_without_strategies_the_symbol_is_that_of_the_data(tmp_path: Path) -> None:
    written(made_days(9, 1, "SIMY")[0], tmp_path)
    path = tmp_path / "spec.yaml"
    path.write_text(f"tapes: [SIMY-{FIRST}.parquet]\n")
    assert read_spec(path).strategies[0].underlying.symbol == "SIMY"
    assert read_spec(path, ("underlying.symbol=AIG",)).strategies[0].underlying.symbol == "AIG"
    history = {"tapes": "d", "symbol": "AIG", "start": FIRST, "end": FIRST}
    assert make_spec({"history": history}).strategies[0].underlying.symbol == "AIG"
    assert make_spec({"scenario": {"name": "gap", "symbol": "GOOG"}}).strategies[0].underlying.symbol == "GOOG"
    assert make_spec({"scenario": "gap"}).strategies[0].underlying.symbol == "SIMX"
