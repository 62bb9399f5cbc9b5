"""What operators ask of latches by call: a kill, the list of what stands, one lifted by its name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.domain.errors import FailedPrecondition, NotFound
from hedgerow.wire.common import operator_from_wire, text_from_wire, timestamp_to_wire
from services.execution import messages
from services.execution.domain.latches import Latch, LatchEvent, LatchFact, LatchKind
from services.execution.flatten import Flattener
from services.execution.kill import Killer, KillView
from services.execution.latching import JOURNAL, LatchDesk
from services.execution.order_log import OrderLog


class LatchCalls:
    """The calls behind the servicer; `require_known` refuses a strategy nobody knows, `reconciled` is that of now."""

    def __init__(
        self, log: OrderLog, desk: LatchDesk, killer: Killer, flattener: Flattener,
        require_known: Callable[[str], None], reconciled: Callable[[], bool],
    ) -> None:  # fmt: skip
        self.desk = desk
        self._log = log
        self._killer = killer
        self._flattener = flattener
        self._require_known = require_known
        self._reconciled = reconciled

    async def kill(self, request: execution_pb2.KillRequest) -> execution_pb2.KillResponse:
        """Begins a kill, or finds the one of that id: as far as it has come.

        Raises InvalidValue, AlreadyExists for an id used for something else, NotFound for a strategy nobody knows.
        """
        request_id, actor, reason = operator_from_wire("operator", request.operator)
        strategy, account = (
            name and text_from_wire(field, name)
            for field, name in (("strategy", request.strategy), ("account", request.account))
        )
        if strategy and request_id not in self._log.latches.by_id:
            self._require_known(strategy)
        ask = LatchEvent(
            LatchFact.SET, request_id, 0, 0, LatchKind.KILL, strategy, account, "", self.desk.newest_heard, actor,
            reason,
        )  # fmt: skip
        await asyncio.shield(self._killer.begin(ask, recorded=False))
        return self._answer(self._killer.view(request_id))

    def _answer(self, view: KillView) -> execution_pb2.KillResponse:
        return execution_pb2.KillResponse(
            latch=self._latch(view.latch), orders=[messages.order(each) for each in view.orders], proven=view.proven,
            evidence=view.evidence,
        )  # fmt: skip

    def standing(self, strategy: str = "") -> list[execution_pb2.Latch]:
        """The latches that stand over that strategy, or all, oldest first; a flatten's own among them."""
        found = [(each.created_at, self._latch(each)) for each in self._log.latches.of(strategy)]
        for name in self._log.flattens.latched():
            flatten = self._log.flattens.latch(name)
            if flatten is not None and strategy in ("", name):
                latch = Latch(
                    flatten.request_id, LatchKind.FLATTEN, name, "", "", flatten.sequence, flatten.actor, flatten.why,
                    flatten.created_at,
                )  # fmt: skip
                found.append((latch.created_at, self._latch(latch)))
        return [latch for _, latch in sorted(found, key=lambda each: each[0])]

    def _latch(self, latch: Latch) -> execution_pb2.Latch:
        kept = [JOURNAL] if latch.kind is LatchKind.FLATTEN else self.desk.durable_in.get(latch.latch_id, ())
        return execution_pb2.Latch(
            latch_id=latch.latch_id, kind=f"LATCH_KIND_{latch.kind.value}", strategy=latch.strategy,
            account=latch.account, run_id=latch.run_id, actor=latch.actor, reason=latch.reason,
            create_time=timestamp_to_wire(latch.created_at), durable_in=sorted(kept, reverse=True),
        )  # fmt: skip

    async def lift(self, request: execution_pb2.LiftLatchRequest) -> list[execution_pb2.Latch]:
        """Lifts one latch; those that still stand. Raises NotFound, FailedPrecondition, JournalUnavailable."""
        request_id, actor, reason = operator_from_wire("operator", request.operator)
        name, flatten = request.latch_id, self._log.flattens.by_id.get(request.latch_id)
        if flatten is None and name not in self._log.latches.by_id:
            raise NotFound(f"no latch has the id {name!r}")
        stands = name in self._log.latches.standing or (flatten is not None and not flatten.lifted)
        if stands:
            refusal = self.desk.lift_is_refused(self._reconciled())
            if refusal is not None:
                raise refusal
        by = f"{actor} ({request_id}): {reason}"
        if flatten is not None and stands:
            if flatten.under_way:
                raise FailedPrecondition(f"flatten {name} is under way: {flatten.state}", "FLATTEN_UNDER_WAY")
            await self._flattener.lift(flatten.strategy, request_id)
        elif stands:
            await self.desk.lift(name, by)
        return self.standing()
