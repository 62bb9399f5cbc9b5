"""A log folded in compiled code: the same report as plain Python's, on an honest log and on altered ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from hedgerow.strategy.replay import verify
from hedgerow.strategy.replay_compiled import BATCH, verify_compiled
from hedgerow.strategy.session_log import RECORD_SIZE
from tests.unit.strategy.test_session_log import some_day, written


@pytest.mark.timeout(600)
def test_compiled_and_plain_report_the_same(tmp_path: Path) -> None:
    world = some_day(300)
    honest = tmp_path / "honest"
    written(honest, world, 50 * RECORD_SIZE)
    written(honest, world, 50 * RECORD_SIZE)
    assert verify_compiled(honest) == verify(honest)
    assert verify_compiled(honest).ok
    assert BATCH > 50
    seen, decision = world.log[250]
    world.log[250] = (seen, decision._replace(spot=decision.spot + 1e-9))
    later = world.log[280]
    world.log[280] = (later[0], later[1]._replace(trading_fsm=12))
    del world.log[290]
    forged = tmp_path / "forged"
    written(forged, world)
    found = verify_compiled(forged)
    assert repr(found) == repr(verify(forged))  # NaN is no other NaN
    assert found.first is not None
    assert (found.first.observation.sequence, found.divergences, found.gaps) == (seen.sequence, 2, 1)
    path = forged / "chunk-000000.log"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    assert repr(verify_compiled(forged)) == repr(verify(forged))
