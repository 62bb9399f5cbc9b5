"""One compiled step per evaluation without boxing: a row of bytes in, the state kept in it, the decision's bytes out.

Called with records, a compiled `step` spends nearly all its time on taking some 350 scalars out of Python objects and
putting as many back. So the host keeps one row: observation and decision (side by side, as the session log wants
them), parameters and state. An observation is packed into it, of its nested records only those that are other objects
than last time; machine code reads the row and writes it; the decision is built from its bytes. All of that code is
written from the record types alone.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hedgerow.strategy.decision import Decision
from hedgerow.strategy.generated import construct, imports, module, row_type
from hedgerow.strategy.hosting import cache_folder, compiled_functions
from hedgerow.strategy.kinds import load, sources_of
from hedgerow.strategy.layout import Layout
from hedgerow.strategy.observation import Observation
from hedgerow.strategy.packing import builder, packer
from hedgerow.strategy.session_log import DECISION, OBSERVATION, RECORD_SIZE

_SOURCE = '''"""One step over a row of bytes; written by hedgerow.strategy.live, never edited."""

{imports}
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.intent_rules import keeps_contract

step = None  # bound by the host


@compiled
def live(rows):
    r = rows[0]
    observation = {observation}
    state, decision = step(
        {params},
        {state},
        observation,
    )
{decided}
    if keeps_contract(observation, decision, r.n0):
{kept}
        return True
    return False
'''


class Newest(NamedTuple):
    """What the contract is held against besides the observation."""

    number: int


class LiveStep:
    """A compiled strategy at work: `live(observation, newest) -> Decision`, bit for bit what `step` gives on records.

    `record` is the log's record of the last evaluation. InvalidValue when the kind does not exist, TypeError when its
    `step` is not marked as compiled or a record of it has no fixed layout. Made once per run: it holds the state.
    """

    def __init__(self, kind: str, params: Any) -> None:
        self._live, layouts = _machine_code(kind)
        state = load(kind).initial_state(params)
        self._rows = np.zeros(1, row_type(**layouts))
        self._bytes = memoryview(self._rows.view(np.uint8).reshape(-1).data)
        self._state_layout = layouts["s"]
        start = RECORD_SIZE + layouts["n"].size
        self._state_at = start + layouts["p"].size
        self._bytes[start : self._state_at] = layouts["p"].pack(params)
        self._bytes[self._state_at :] = layouts["s"].pack(state)
        self._last: list[Any] = []
        self.kept = True
        self._pack = packer(Observation)
        self._pack_newest = struct.Struct("<q").pack_into
        self._build = builder(Decision)
        self._read = struct.Struct("<" + DECISION.codes).unpack_from

    def __call__(self, observation: Observation, newest: int) -> Decision:
        """The decision on the next observation; `newest` is the number of the last intent submitted.

        `kept` says afterwards whether it keeps the contract (`contract.violation` finds nothing); the state of one that
        does not is not kept.
        """
        self._pack(self._bytes, observation, self._last)
        self._pack_newest(self._bytes, RECORD_SIZE, newest)
        self.kept = self._live(self._rows)
        decision: Decision = self._build(self._read(self._bytes, OBSERVATION.size))
        return decision

    @property
    def record(self) -> bytes:
        """Observation and decision of the last evaluation, as `SessionLog` writes them."""
        return bytes(self._bytes[:RECORD_SIZE])

    @property
    def state(self) -> Any:
        """The state as a record; for snapshots, not for every evaluation."""
        return self._state_layout.unpack(bytes(self._bytes[self._state_at :]))


@cache
def _machine_code(kind: str) -> tuple[Callable[[Any], bool], dict[str, Layout[Any]]]:
    """The compiled step over a row, and the row's layouts in order."""
    strategy = load(kind)
    layouts: dict[str, Layout[Any]] = {
        "o": OBSERVATION, "d": DECISION, "n": Layout(Newest), "p": Layout(strategy.Params),
        "s": Layout(strategy.State),
    }  # fmt: skip
    types: set[type] = set()
    kinds = {"params": (strategy.Params, "p"), "state": (strategy.State, "s"), "observation": (Observation, "o")}
    built = {
        name: construct(record, (f"r.{prefix}{index}" for index in range(len(layouts[prefix].names))), types)
        for name, (record, prefix) in kinds.items()
    }
    decided = "\n".join(f"    r.d{index} = decision.{name}" for index, name in enumerate(DECISION.names))
    kept = "\n".join(f"        r.s{index} = state.{name}" for index, name in enumerate(layouts["s"].names))
    text = _SOURCE.format(imports=imports(types), decided=decided, kept=kept, **built)
    sources = sources_of(kind)
    made = module("hedgerow.live." + re.sub(r"\W", "_", kind), text, cache_folder(sources))
    file = Path(str(made.__file__)).resolve()
    twins = compiled_functions((file, *sources), {made.__name__: {"step": strategy.step}}, made.__name__)
    if strategy.step not in twins:
        raise TypeError(f"{kind}: its step is not marked as compiled")
    return twins[made.live], layouts
