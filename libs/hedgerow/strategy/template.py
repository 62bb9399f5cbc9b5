"""What `hedgerow strategy new` writes: a strategy that works, in one file, and its test."""

from __future__ import annotations

STRATEGY = '''"""{name}: hedges the net delta to zero whenever it is beyond a band; change `rule` into your own idea."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import Field

from hedgerow.strategy.codes import BlockReason, code
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.kit import chain
from hedgerow.strategy.kit.chain import Situation, Wish, conclude, prepare, value
from hedgerow.strategy.kit.config import Section, StrategyConfig
from hedgerow.strategy.kit.config import params as common_params
from hedgerow.strategy.kit.intent import hedge_target
from hedgerow.strategy.observation import Observation

# The fields of the Observation this strategy decides on: a host that cannot supply one refuses to start, by name.
# A strategy that trades the stock alone leaves `legs` out and says `_replace(without_legs=True)` in `params`.
NEEDS = ("underlying", "legs", "stock_quantity", "order")


class Rule(Section):
    """The keys only this strategy has, under `rule:` in its configuration."""

    band_shares: float = Field(default=20.0, gt=0, description="shares of net delta from which it hedges")


class Config(StrategyConfig):
    """Its entry in `strategies:`; name, account, underlying, gates, greeks and recovery are every strategy's."""

    rule: Rule = Rule()


class Params(NamedTuple):
    """Numbers only: `common` are the kit's, the rest is this strategy's own."""

    common: chain.Params
    band_shares: float


class State(NamedTuple):
    """All that is carried from one evaluation to the next; `common` is the kit's. Add fields of your own here."""

    common: chain.State
    hedges_wanted: int


def params(config: Config, effective: dict[str, float]) -> Params:
    """Configuration to numbers; `effective` are the limits in force on the host's data."""
    return Params(common_params(config, effective), config.rule.band_shares)


def initial_state(params: Params) -> State:
    """The state before anything was seen."""
    return State(chain.initial_state(params.common), 0)


@compiled
def rule(params: Params, u: Situation) -> Wish:
    """The idea itself: is a hedge wanted (begin), of how many signed whole shares (target), is its aim reached (done)?

    The kit asks every gate, slices and works the order, and explains what it did not do. The last field says why
    nothing is wanted while nothing is.
    """
    target = hedge_target(u.at.net_delta)
    beyond = abs(u.at.net_delta) >= params.band_shares
    return Wish(beyond, target, target == 0.0, code(BlockReason.BELOW_THRESHOLD))


# Marked functions compile with numba: they keep to numbers, NamedTuples and the kit's functions, and build a new State
# instead of changing one. Without the marks the strategy runs as well, slower.
@compiled
def step(params: Params, before: State, o: Observation) -> tuple[State, Decision]:
    """One evaluation: observation in, decision out; pure, the same live and in a backtest."""
    valued = value(params.common, before.common.memory, o)
    u = prepare(params.common, before.common.progress, o, valued)
    wish = rule(params, u)
    progress, decision = conclude(params.common, o, valued, u, wish)
    wanted = before.hedges_wanted + (1 if wish.begin else 0)
    return State(chain.State(progress, valued.memory), wanted), decision
'''

TEST = '''"""{name}: its rule, and its contract over a day; run with `pytest {file}`."""

from __future__ import annotations

from pathlib import Path

from hedgerow.strategy.kinds import load
from hedgerow.strategy.kit.config import effective_limits
from hedgerow.strategy.trial import plain_day, trial_config

KIND = str(Path(__file__).with_name("{name}.py"))


def test_it_keeps_its_contract_over_a_seeded_day_and_trades() -> None:
    day = plain_day(KIND, seed=7)
    assert day.broken is None, day.broken
    assert day.intents > 0


def test_a_wider_band_hedges_less_often() -> None:
    narrow = plain_day(KIND, seed=7, rule={{"band_shares": 10.0}})
    wide = plain_day(KIND, seed=7, rule={{"band_shares": 200.0}})
    assert wide.intents < narrow.intents


def test_its_keys_become_its_parameters() -> None:
    config = trial_config(KIND, rule={{"band_shares": 33.0}})
    assert load(KIND).params(config, effective_limits(config, 0.0)).band_shares == 33.0
'''
