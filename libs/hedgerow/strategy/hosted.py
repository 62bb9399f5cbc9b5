"""One strategy at work in a host: its state, and its contract; whatever breaks it ends its decisions, closed."""

from __future__ import annotations

from typing import Any

from hedgerow.strategy.codes import IntentAction
from hedgerow.strategy.contract import Violation, first_number, refusal, violation
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.hosting import Kernel
from hedgerow.strategy.live import LiveStep
from hedgerow.strategy.observation import Observation


class Hosted:
    """Asks `step` for every observation and checks the answer.

    After the first answer against the contract, or an error, `broken` names field, value and rule, and every decision
    is a refusal: nothing leaves, and an order that rests is taken back. Only a new start asks the strategy again. It
    is as pure as `step`: the same observations give the same decisions, here and in a replay.
    """

    def __init__(self, kernel: Kernel, params: Any) -> None:
        self._step = kernel.step
        self._params = params
        self._state = kernel.initial_state(params)
        self._live = LiveStep(kernel.kind, params) if kernel.mode == "compiled" else None
        self.broken: Violation | None = None
        self._newest = 0
        self._canceled = False

    def decide(self, o: Observation) -> Decision:
        """The decision on the next observation."""
        self._newest = first_number(o, self._newest)
        if self.broken is None:
            decision = self._asked(o)
            if decision is not None:
                self._newest += decision.intent.action == IntentAction.SUBMIT
                return decision
        refused = refusal(o, self._newest, self._canceled)
        self._canceled = self._canceled or refused.intent.action == IntentAction.CANCEL
        return refused

    def _asked(self, o: Observation) -> Decision | None:
        """What `step` answers, None once it broke the contract."""
        try:
            if self._live is not None:
                decision = self._live(o, self._newest)
                self.broken = None if self._live.kept else violation(o, decision, self._newest)
                return decision if self.broken is None else None
            answer = self._step(self._params, self._state, o)
        except Exception as error:  # noqa: BLE001 whatever a strategy raises ends its decisions, closed
            self.broken = Violation("step", f"{type(error).__name__}: {error}", "answers every observation")
            return None
        if not (isinstance(answer, tuple) and len(answer) == 2):
            self.broken = Violation("step", type(answer).__name__, "answers (state, decision)")
            return None
        told: Decision = answer[1]
        self.broken = violation(o, told, self._newest)
        if self.broken is not None:
            return None
        self._state = answer[0]
        return told

    @property
    def state(self) -> Any:
        """The strategy's state; for snapshots."""
        return self._state if self._live is None else self._live.state
