"""Records to bytes and back: one layout, whoever packs, and nested records packed anew only when they are others."""

from __future__ import annotations

import random
import struct

import pytest

from hedgerow.strategy.decision import Decision
from hedgerow.strategy.kit.state import State
from hedgerow.strategy.layout import Layout
from hedgerow.strategy.observation import Observation
from hedgerow.strategy.packing import builder, flattener, packer, walk
from hedgerow.strategy.session_log import DECISION, OBSERVATION
from tests.strategy_world import World, observation, random_event


def rough_day(seed: int) -> World:
    dice, world = random.Random(seed), World()
    world.start()
    for _ in range(60):
        random_event(world, dice)
    return world


def by_hand(kind: type, record: tuple[object, ...]) -> bytes:
    flat: list[object] = []

    def flatten(value: object) -> None:
        if isinstance(value, tuple):
            for item in value:
                flatten(item)
        else:
            flat.append(value)

    flatten(record)
    return struct.pack("<" + "".join(code for _, code in walk(kind, "")), *flat)


def test_a_reused_buffer_holds_what_layout_packs() -> None:
    pack, buffer, last = packer(Observation), bytearray(OBSERVATION.size), []
    for seen, _ in rough_day(3).log:
        pack(buffer, seen, last)
        assert bytes(buffer) == OBSERVATION.pack(seen) == by_hand(Observation, seen)


def test_an_equal_record_in_another_place_is_packed_into_its_own_place() -> None:
    pack, buffer, last = packer(Observation), bytearray(OBSERVATION.size), []
    seen = observation()
    swapped = seen._replace(legs=(seen.legs[1], seen.legs[0], *seen.legs[2:]))
    for each in (seen, swapped, seen):
        pack(buffer, each, last)
        assert bytes(buffer) == OBSERVATION.pack(each)


def test_states_and_decisions_there_and_back() -> None:
    state: Layout[State] = Layout(State)
    world = rough_day(4)
    for record, layout, kind in ((world.state, state, State), (world.log[-1][1], DECISION, Decision)):
        data = layout.pack(record)  # type: ignore[arg-type]
        assert data == by_hand(kind, record)
        again = layout.unpack(data)  # type: ignore[var-annotated]
        assert repr(again) == repr(record)
        assert builder(kind)(flattener(kind)(record)) is not record


def test_a_misshapen_record_is_refused() -> None:
    decision = rough_day(5).log[-1][1]
    with pytest.raises(struct.error):
        DECISION.pack(decision._replace(legs=decision.legs[:7]))  # type: ignore[arg-type]
    with pytest.raises(struct.error):
        DECISION.pack(decision._replace(guard_verdicts=(0,) * 21))  # type: ignore[arg-type]
    with pytest.raises(struct.error):
        DECISION.pack(decision._replace(sequence=1.5))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        DECISION.pack(decision._replace(intent=None))  # type: ignore[arg-type]
