"""Compiled and plain `step` agree bit for bit over random rough days; one compilation serves every call."""

from __future__ import annotations

import random

import pytest

from hedgerow.strategy.gamma_scalper.state import initial_state
from hedgerow.strategy.hosting import load_kernel
from hedgerow.strategy.session_log import DECISION
from tests.strategy_world import World, random_event


@pytest.mark.timeout(400)
def test_bit_for_bit() -> None:
    compiled = load_kernel("compiled").step
    decisions = 0
    for seed in range(40):
        dice = random.Random(seed)
        world = World()
        world.volatility = dice.uniform(0.05, 0.9)
        world.start()
        for _ in range(100):
            random_event(world, dice)
        state = initial_state(world.params)
        for seen, plain in world.log:
            state, decision = compiled(world.params, state, seen)
            assert DECISION.pack(decision) == DECISION.pack(plain)
            decisions += 1
        assert repr(state) == repr(world.state)
    assert decisions > 4000
    assert len(compiled.signatures) == 1
