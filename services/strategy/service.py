"""The daemon: every event becomes one observation, one decision, one record, and only then an action."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

from structlog.typing import FilteringBoundLogger

from hedgerow.clock import Clock, wall_now
from hedgerow.domain.instrument import stock
from hedgerow.domain.order import Intent, OrderType, Side, TimeInForce
from hedgerow.failpoints import failpoint
from hedgerow.strategy.bridge import block_of
from hedgerow.strategy.codes import BlockReason, DeltaState, IntentAction, TradingFSM
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.hosted import Hosted
from hedgerow.strategy.kit.state import State
from hedgerow.strategy.names import decision_names
from hedgerow.strategy.observation import Observation, ObservationCause
from hedgerow.telemetry.metrics import counter, gauge, histogram
from hedgerow.telemetry.traces import within
from services.strategy.config import StrategyProcessConfig
from services.strategy.domain.daemon_fsm import DaemonState, Surroundings, next_state
from services.strategy.domain.own_order import cancel_sent, submitted
from services.strategy.domain.reasons import block_reasons, of_execution
from services.strategy.hedge_trace import Hedge, Times, begin, tell
from services.strategy.inputs import Inputs
from services.strategy.observe import Observer
from services.strategy.ports import Orders, Recorder
from services.strategy.records import Records
from services.strategy.snapshot import snapshot

EVALUATIONS = counter("hedgerow_strategy_evaluations_total", "Decision records made.", ["cause"])
INTENTS = counter("hedgerow_strategy_intents_total", "Intents sent to execution.")
BLOCKS = counter("hedgerow_strategy_blocks_total", "Evaluations in which a wanted hedge was held back.", ["reason"])
NET_DELTA = gauge("hedgerow_strategy_net_delta_shares", "Net delta of the last evaluation.")
DECISION_SECONDS = histogram(
    "hedgerow_strategy_decision_seconds", "Observation built, decided and logged, and the intent on its way."
)
TICK_AGE_SECONDS = histogram("hedgerow_strategy_tick_age_seconds", "Age of the underlying's quote at an evaluation.")
TELL_AFTER_S = 0.005
"""Wall seconds an intent has to leave and become an order before this process goes on to tell of its evaluation."""
SAFE_STATES = (TradingFSM.SAFE, TradingFSM.BOOT, TradingFSM.SYNC)


class Evaluation(NamedTuple):
    """One evaluation as it is told of; `hedge` when an intent left, `wall` when it began, ns."""

    cause: ObservationCause
    observation: Observation
    decision: Decision
    hedge: Hedge | None
    wall: int
    times: Times


class Daemon:
    """Holds the strategy's state; `evaluate` is the only way it changes."""

    def __init__(
        self, config: StrategyProcessConfig, run_id: str, clock: Clock, hosted: Hosted, code_version: str,
        inputs: Inputs, observer: Observer, recorder: Recorder, records: Records, log: FilteringBoundLogger,
    ) -> None:  # fmt: skip
        self._config = config
        self.run_id = run_id
        self._clock = clock
        self._hosted = hosted
        self._code_version = code_version
        self.inputs = inputs
        self._observer = observer
        self._recorder = recorder
        self._records = records
        self._log = log
        self.orders: Orders | None = None
        self.after_evaluation: Callable[[], None] = lambda: None
        self.ending: Callable[[], bool] = lambda: False
        self.evaluated: Callable[[Observation, Decision], None] = lambda _observation, _decision: None
        self.more: Callable[[], dict[str, Any]] = dict
        """What else the snapshot holds."""
        self.decision: Decision | None = None
        self.daemon = DaemonState.IDLE
        self.reasons: tuple[str, ...] = ()
        self._counts: Counter[str] = Counter()
        self._stopping = self._stopped = False
        self._underlying = stock(inputs.symbol)
        self._snapshot: dict[str, Any] = {}
        self._untold: deque[Evaluation] = deque()
        self._teller: asyncio.TimerHandle | None = None

    def evaluate(self, cause: ObservationCause) -> None:
        """One evaluation: observe, decide, record, act, tell."""
        began, wall = time.monotonic_ns(), wall_now()
        if self.ending():
            # Told to end, though the loop has not come to `stop` yet: events that were waiting decide nothing new.
            self.inputs.commands = self.inputs.commands._replace(stop=True)
        failpoint("strategy.observe")
        observation = self._observer.observe(self.inputs, cause)
        observed = time.monotonic_ns()
        decision = self._hosted.decide(observation)
        decided = time.monotonic_ns()
        failpoint("strategy.log")
        self._recorder.append(observation, decision)
        failpoint("strategy.logged")
        logged = time.monotonic_ns()
        self.decision = decision
        self._count(observation, decision)
        hedge = self._act(observation, decision)
        times = Times(began, observed, decided, logged, time.monotonic_ns())
        self._untold.append(Evaluation(cause, observation, decision, hedge, wall, times))
        self.evaluated(observation, decision)
        if hedge is not None and self._teller is None:
            self._teller = asyncio.get_running_loop().call_later(TELL_AFTER_S, self._tell)
        if self._teller is None:
            self._tell()

    def _tell(self) -> None:
        """Tells of every evaluation not yet told of, oldest first: metrics, decision record, snapshot."""
        self._teller = None
        while self._untold:
            cause, observation, decision, hedge, wall, times = self._untold.popleft()
            DECISION_SECONDS.observe((times.acted - times.began) / 1e9)
            if observation.underlying.event_time:
                TICK_AGE_SECONDS.observe(observation.underlying.age_ms / 1000)
            names = decision_names(decision)
            EVALUATIONS.labels(cause.name).inc()
            if names.blocked:
                BLOCKS.labels(names.block_reason).inc()
            if hedge is not None:
                with within(hedge.decide):
                    self._log_intent(hedge.intent_id, decision)
                tell(hedge, cause, decision, wall, times, self._config.hash)
            self._records.decision(
                observation, decision, hedge.intent_id if hedge is not None else "", self._config.hash,
                self._code_version, wall,
            )  # fmt: skip
            turned = self._turn()
            self.write_snapshot(history=turned or hedge is not None or cause is ObservationCause.ORDER_EVENT)
            self.after_evaluation()

    def _log_intent(self, intent_id: str, decision: Decision) -> None:
        wanted = decision.intent
        INTENTS.inc()
        self._log.info(
            "intent", intent_id=intent_id, side="BUY" if wanted.side > 0 else "SELL", quantity=wanted.quantity,
            limit_price=wanted.limit_price, net_delta=decision.net_delta, sequence=decision.sequence,
        )  # fmt: skip

    def _count(self, observation: Observation, decision: Decision) -> None:
        counts = self._counts
        counts["evaluations"] += 1
        if observation.cause == ObservationCause.QUOTE and decision.in_session:
            underlying = self.inputs.underlying
            if underlying is not None and underlying.quote.event_time > counts["last_quote_time"]:
                counts["last_quote_time"] = underlying.quote.event_time
                counts["quotes"] += 1

    def _act(self, observation: Observation, decision: Decision) -> Hedge | None:
        """Carries the decision out; the hedge when an intent was submitted."""
        wanted = decision.intent
        if wanted.action == IntentAction.NONE or self.orders is None:
            return None
        order = self.inputs.order
        if wanted.action == IntentAction.SUBMIT:
            failpoint("strategy.act")
            hedge = begin(f"{self.run_id}-{wanted.number}", self.inputs)
            intent = self._intent(hedge, observation, decision)
            self.inputs.order = submitted(
                intent.intent_id, wanted.number, wanted.quantity, observation.now, time.monotonic_ns()
            )
            self.orders.submit(intent)
            self._counts["intents"] += 1
            return hedge
        if wanted.action == IntentAction.CANCEL:
            self.inputs.order = cancel_sent(order, time.monotonic_ns())
            self.orders.cancel(order.client_order_id)
        else:
            self.inputs.order = replace(order, waiting_since=time.monotonic_ns())
            self.orders.query(order.intent_id)
        return None

    def _intent(self, hedge: Hedge, observation: Observation, decision: Decision) -> Intent:
        wanted, quote = decision.intent, observation.underlying
        return Intent(
            intent_id=hedge.intent_id,
            strategy=self._config.strategy.name,
            account=self._config.strategy.account,
            instrument=self._underlying,
            side=Side.BUY if wanted.side > 0 else Side.SELL,
            quantity=Decimal(round(wanted.quantity)),
            order_type=OrderType.LIMIT,
            limit_price=Decimal(repr(round(wanted.limit_price, 6))),
            time_in_force=TimeInForce.DAY,
            reduce_only=wanted.reduce_only,
            decision_sequence=decision.sequence,
            reason=DeltaState(decision.delta_state).name,
            bid=quote.bid if quote.bid == quote.bid else None,
            ask=quote.ask if quote.ask == quote.ask else None,
            quote_time=quote.event_time,
            quote_age_ms=quote.age_ms,
            created_at=observation.now,
            quote_delayed=self.inputs.delayed,
            traceparent=hedge.decide.traceparent,
            run_id=self.run_id,
        )

    def _turn(self) -> bool:
        """Moves the DaemonFSM and works out the reasons that stand; whether its state changed."""
        inputs, decision = self.inputs, self.decision
        facts = Surroundings(
            started=True,
            services_answer=inputs.market_data_open and inputs.execution_open and inputs.portfolio_open,
            broker_up=inputs.broker_up,
            synchronised=inputs.reports_known and inputs.positions_complete,
            suspended=bool(inputs.pause) or (decision is not None and decision.trading_fsm in SAFE_STATES),
            stopping=self._stopping,
            stopped=self._stopped,
        )
        turned = False
        while (state := next_state(self.daemon, facts)) is not self.daemon:
            self.daemon = state
            turned = True
            self._log.info(f"[Daemon] state={state.value}", next_retry_ts=inputs.next_retry_time or None)
        refused = next((r for r in inputs.execution_reasons if r.startswith("ACCOUNT_MODE_MISMATCH")), "")
        reasons = block_reasons(
            self.daemon, decision, self._config.strategy.enabled, inputs.delayed, refused, inputs.pause,
            inputs.trading_state, self._config.needs_legs,
        )  # fmt: skip
        if inputs.outside.fault and self.daemon is not DaemonState.STOPPED:
            reasons = (*reasons, BlockReason(block_of(inputs.outside.fault)).name)
        if self._hosted.broken is not None:
            told = f"{BlockReason.STRATEGY_CONTRACT.name} {self._hosted.broken}"
            reasons = (told, *(each for each in reasons if each != BlockReason.STRATEGY_CONTRACT.name))
        if inputs.flatten_blocked:
            reasons = (*reasons, f"FLATTEN_BLOCKED {inputs.flatten_blocked}")
        if inputs.position_break:
            reasons = (*reasons, inputs.position_break)
        if inputs.execution_open:
            if inputs.restarting and inputs.agreed:
                reasons = tuple(each for each in reasons if each != "NOT_RECONCILED")  # it is the window alone
            reasons = (*reasons, *of_execution(inputs.execution_reasons, self._config.strategy.name))
        self.reasons = reasons
        return turned

    def write_snapshot(self, history: bool) -> None:
        """Hands the status sink what is known now."""
        self._snapshot = snapshot(
            self._config, self.run_id, self._code_version, self.daemon, self.reasons, self.inputs,
            self.decision, self.counters, wall_now(), self._clock.market_now(),
        )  # fmt: skip
        self._snapshot["restore"] = self._restore()
        self._snapshot |= self.more()
        self._records.snapshot(self._snapshot, history)
        if self.decision is not None:
            NET_DELTA.set(self.decision.net_delta)

    def _restore(self) -> dict[str, Any]:
        """What the next run starts from."""
        common = getattr(self._hosted.state, "common", None)
        if not isinstance(common, State):  # not made of the kit: what the host itself knows
            own, decision = self.inputs.position, self.decision
            return {
                "last_hedge_time": own.last_fill_time,
                "last_hedge_price": float(own.last_fill_price) if own.fills else None,
                "daily_hedge_count": decision.daily_hedge_count if decision else 0,
                "session_open": 0,
                "pnl_baseline": None,
                "circuit_breaker_latched": decision.circuit_breaker_latched if decision else False,
            }
        hedges, session = common.progress.hedges, common.progress.session
        return {
            "last_hedge_time": hedges.last_time,
            "last_hedge_price": hedges.last_price,
            "daily_hedge_count": hedges.daily_count,
            "session_open": session.session_open,
            "pnl_baseline": session.pnl_baseline,
            "circuit_breaker_latched": session.latched,
        }

    @property
    def counters(self) -> dict[str, int]:
        """Quotes in session, evaluations and intents of this run."""
        return {key: self._counts[key] for key in ("quotes", "evaluations", "intents")}

    @property
    def latest(self) -> dict[str, Any]:
        """The snapshot written last."""
        return self._snapshot

    def stop(self) -> None:
        """Enters STOPPING: the kernel sends nothing new and cancels what rests."""
        self._stopping = True
        self.inputs.commands = self.inputs.commands._replace(stop=True)
        self.evaluate(ObservationCause.COMMAND)

    def stopped(self) -> None:
        """Enters STOPPED and writes the last snapshot."""
        if self._teller is not None:
            self._teller.cancel()
            self._tell()
        self._stopped = True
        self._turn()
        self.write_snapshot(history=True)
