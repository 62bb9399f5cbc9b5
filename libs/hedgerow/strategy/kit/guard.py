"""The gates: may this hedge be sent? Every gate gives a verdict; the first that fails is the block reason."""

from __future__ import annotations

from typing import NamedTuple

from hedgerow.strategy.codes import (
    FIRST_BLOCK,
    GATE_COUNT,
    BlockReason,
    DeltaState,
    Gate,
    LiquidityState,
    MarketState,
    SystemState,
    Verdict,
    code,
)
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.decision import Verdicts
from hedgerow.strategy.kit.classifier import Composite
from hedgerow.strategy.kit.intent import reduce_only_target
from hedgerow.strategy.kit.params import Params
from hedgerow.strategy.kit.state import Hedges
from hedgerow.strategy.observation import Observation, RiskState

NO_HEDGE, NEW_HEDGE, SLICE, UNWIND = 0, 1, 2, 3  # what is asked for


class Gates(NamedTuple):
    """One verdict per Gate, in gate order."""

    verdicts: Verdicts
    block_reason: int


class Standing(NamedTuple):
    """What the gates read besides the observation."""

    spot: float
    spread_pct: float
    net_delta: float
    greeks_ok: bool
    faulted: bool
    latched: bool
    in_session: bool


@compiled
def in_session(observation: Observation) -> bool:
    """Whether the exchange calendar says the regular session is open."""
    return observation.session_open <= observation.now < observation.session_close


@compiled
def cooled_down(params: Params, hedges: Hedges, now: int, delta_state: int) -> bool:
    """COOLDOWN: enough market time since the last hedge; FORCE_HEDGE and "no hedge yet" pass."""
    if hedges.last_time == 0 or delta_state == DeltaState.FORCE_HEDGE:
        return True
    return now - hedges.last_time >= params.cooldown_ns


@compiled
def price_moved(params: Params, hedges: Hedges, spot: float, delta_state: int) -> bool:
    """MIN_PRICE_MOVE: enough move since the last hedge price; FORCE_HEDGE and "no hedge yet" pass."""
    if not hedges.last_price > 0.0 or delta_state == DeltaState.FORCE_HEDGE:
        return True
    return abs(spot / hedges.last_price - 1.0) * 100.0 >= params.min_price_move_pct


@compiled
def cost_gate(params: Params, hedges: Hedges, now: int, spot: float, delta_state: int, target: float) -> bool:
    """Whether a new hedge of `target` shares is worth its cost."""
    return (
        cooled_down(params, hedges, now, delta_state)
        and price_moved(params, hedges, spot, delta_state)
        and abs(target) >= params.min_hedge_shares
    )


@compiled
def liquidity_passes(liquidity_state: int, kind: int) -> bool:
    """PAUSE_LIQ: NORMAL or WIDE; a reduce-only unwind needs only a two-sided quote."""
    if kind == UNWIND:
        return liquidity_state != LiquidityState.NO_QUOTE
    return liquidity_state == LiquidityState.NORMAL or liquidity_state == LiquidityState.WIDE


@compiled
def position_fits(params: Params, stock: float, target: float) -> bool:
    """MAX_POSITION: the resulting position is small enough, or smaller than before without crossing zero."""
    after = stock + target
    reduces = after * stock >= 0.0 and abs(after) <= abs(stock)
    return abs(after) <= params.max_position_shares or reduces


@compiled
def must_reduce(params: Params, trading_state: int, latched: bool) -> bool:
    """Whether only reduce-only hedges may leave."""
    return trading_state == RiskState.REDUCING or (latched and params.breach_reduce_only)


@compiled
def verdict(applies: bool, passes: bool) -> int:
    """One gate's verdict."""
    if not applies:
        return code(Verdict.NOT_EVALUATED)
    return code(Verdict.PASS) if passes else code(Verdict.FAIL)


@compiled
def first_block(verdicts: Verdicts) -> int:
    """The first failing gate as a BlockReason; a closed session outranks the missing data it explains."""
    reason = code(BlockReason.NONE)
    for gate in range(GATE_COUNT):
        if verdicts[gate] == Verdict.FAIL:
            reason = gate + FIRST_BLOCK
            break
    data = (
        reason == BlockReason.DATA_STALE
        or reason == BlockReason.DATA_LAG
        or reason == BlockReason.GREEKS_BAD
        or reason == BlockReason.PAUSE_LIQ
    )
    if data and verdicts[Gate.OUTSIDE_RTH.value] == Verdict.FAIL:
        return code(BlockReason.OUTSIDE_RTH)
    return reason


@compiled
def evaluate(
    params: Params, o: Observation, at: Standing, composite: Composite, hedges: Hedges, kind: int, wished: float,
    target: float,
) -> Gates:  # fmt: skip
    """Every gate for a hedge of `target` signed shares of that kind.

    NO_HEDGE leaves out the gates that need a target. BELOW_MIN_SIZE looks at `wished`, the hedge before it was cut to
    its reducing part. SLICE is exempt from the cost gate and the daily count, which its parent passed; UNWIND, being
    reduce-only, also from all that limits new risk.
    """
    new = kind == NEW_HEDGE
    wanted = kind != NO_HEDGE
    adds_risk = kind != UNWIND
    only_reduces = kind == UNWIND or (target != 0.0 and reduce_only_target(target, o.stock_quantity) == target)
    halted = o.trading_state == RiskState.HALTED or o.trading_state == RiskState.UNKNOWN
    stopped_by_loss = at.latched and not (params.breach_reduce_only and (only_reduces or not wanted))
    verdicts = (
        verdict(True, o.links.broker_up),
        verdict(True, o.links.reconciled),
        verdict(True, o.links.journal_ok),
        verdict(True, o.links.lease_ok),
        verdict(True, not halted),
        verdict(wanted, o.trading_state != RiskState.REDUCING or only_reduces),
        verdict(True, not o.commands.paused),
        verdict(True, composite.market != MarketState.STALE),
        verdict(True, composite.system != SystemState.DATA_LAG),
        verdict(adds_risk, at.greeks_ok),
        verdict(True, not at.faulted),
        verdict(True, liquidity_passes(composite.liquidity, kind)),
        verdict(new, cooled_down(params, hedges, o.now, composite.delta)),
        verdict(new, price_moved(params, hedges, at.spot, composite.delta)),
        verdict(new, abs(wished) >= params.min_hedge_shares),
        verdict(True, not stopped_by_loss),
        verdict(True, at.in_session or not params.trading_hours_only),
        verdict(adds_risk, not o.earnings_blackout),
        verdict(adds_risk and kind != SLICE, hedges.daily_count < params.max_daily_hedge_count),
        verdict(wanted, position_fits(params, o.stock_quantity, target)),
        verdict(adds_risk, not abs(at.net_delta) > params.max_net_delta_shares),
        verdict(adds_risk, not at.spread_pct > params.max_spread_pct),
    )
    return Gates(verdicts, first_block(verdicts))


@compiled
def holds_back(verdicts: Verdicts) -> bool:
    """Whether a gate fails that also takes back a hedge already resting at the broker."""
    return (
        verdicts[Gate.NOT_RECONCILED.value] == Verdict.FAIL
        or verdicts[Gate.JOURNAL_UNAVAILABLE.value] == Verdict.FAIL
        or verdicts[Gate.LEASE_LOST.value] == Verdict.FAIL
        or verdicts[Gate.RISK_HALT.value] == Verdict.FAIL
        or verdicts[Gate.RISK_REDUCING.value] == Verdict.FAIL
        or verdicts[Gate.PAUSED.value] == Verdict.FAIL
        or verdicts[Gate.CIRCUIT_BREAKER.value] == Verdict.FAIL
        or verdicts[Gate.OUTSIDE_RTH.value] == Verdict.FAIL
    )
