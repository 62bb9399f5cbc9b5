"""Promise 6 on pure code: what four clients ask again and again stands exactly as long as it was asked to."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from hedgerow.domain.instrument import stock
from hedgerow.domain.order import Intent, OrderType, Side, TimeInForce
from hedgerow.torture.registry import Kind, family, require
from services.execution.domain.latches import (
    Latches,
    LatchEvent,
    LatchFact,
    LatchKind,
    fold,
    latch_event,
    latch_payload,
)

if TYPE_CHECKING:
    from hedgerow.torture.rig import Rig

CLIENTS = 4
STRATEGIES, ACCOUNTS, RUNS = ("", "goog", "aig"), ("", "SIM0000001", "SIM0000002"), ("", "run-1", "run-2")
KINDS = (LatchKind.STOP, LatchKind.PAUSE, LatchKind.KILL)


class _Scope(NamedTuple):
    """A latch as the model has it: nothing but what was asked."""

    kind: LatchKind
    strategy: str
    account: str
    run_id: str


@family("latch-fold", promise=6, kind=Kind.PROPERTY, release=10_000)
def latch_fold(seed: int, rig: Rig) -> None:
    """Four clients set and lift latches, each command told several times, through restarts; intents ask in between."""
    dice = random.Random(seed)
    latches, journal = Latches(), list[LatchEvent]()
    standing: dict[str, _Scope] = {}
    spent: set[str] = set()
    ended: set[tuple[str, str]] = set()
    scripts = [_script(client, dice) for client in range(CLIENTS)]
    while any(scripts):
        event = dice.choice([script for script in scripts if script]).pop(0)
        for _ in range(dice.choice((1, 1, 2))):  # by the stream and by the store
            news = latches.apply(event)
            require(news == _expected(event, standing, spent), f"{event.kind.value} {event.latch_id}: news {news}")
            _fold(event, standing, spent, ended)
            journal.append(event)
        if dice.random() < 0.1:
            latches = fold(_read_back(each) for each in journal)
        require(
            set(latches.standing) == set(standing), f"{set(latches.standing)} stand, {set(standing)} were asked for"
        )
        _ask(latches, standing, ended, dice)


def _script(client: int, dice: random.Random) -> list[LatchEvent]:
    """What one client asks for, in its order; some of it names another client's latches."""
    events = []
    for number in range(dice.randint(1, 6)):
        latch_id = f"c{dice.randrange(CLIENTS) if dice.random() < 0.2 else client}-{dice.randrange(3)}"
        if dice.random() < 0.6:
            kind = dice.choice(KINDS)
            run_id = dice.choice(RUNS) if kind is LatchKind.STOP else ""
            account = dice.choice(ACCOUNTS) if kind is LatchKind.KILL else ""
            event = LatchEvent(
                LatchFact.SET, latch_id, number, number, kind, dice.choice(STRATEGIES), account, run_id, number,
                f"client-{client}", "dice",
            )  # fmt: skip
        else:
            event = LatchEvent(LatchFact.LIFTED, latch_id, number, number, reason="dice")
        events.append(event)
    return events


def _expected(event: LatchEvent, standing: dict[str, _Scope], spent: set[str]) -> bool:
    known = event.latch_id in standing
    return known if event.kind is LatchFact.LIFTED else not (known or event.latch_id in spent)


def _fold(event: LatchEvent, standing: dict[str, _Scope], spent: set[str], ended: set[tuple[str, str]]) -> None:
    if event.kind is LatchFact.LIFTED:
        if standing.pop(event.latch_id, None) is not None:
            spent.add(event.latch_id)
    elif event.latch_id not in standing and event.latch_id not in spent:
        standing[event.latch_id] = _Scope(event.latch, event.strategy, event.account, event.run_id)
        if event.latch is LatchKind.STOP and event.run_id:
            ended.add((event.strategy, event.run_id))


def _read_back(event: LatchEvent) -> LatchEvent:
    """The event as the journal gives it back."""
    read = latch_event(event.kind.value, json.loads(json.dumps(latch_payload(event))))
    require(read == event, f"{event} reads back as {read}")
    return read


def _ask(latches: Latches, standing: dict[str, _Scope], ended: set[tuple[str, str]], dice: random.Random) -> None:
    """One intent of a random run: held back exactly when the model says so, by a kill before anything else."""
    strategy, account, run_id = dice.choice(STRATEGIES[1:]), dice.choice(ACCOUNTS[1:]), dice.choice(RUNS[1:])
    intent = replace(_INTENT, strategy=strategy, account=account, run_id=run_id)
    over = [
        each
        for each in standing.values()
        if each.strategy in ("", strategy) and each.account in ("", account)
        and (each.kind is not LatchKind.STOP or each.run_id in ("", run_id))
    ]  # fmt: skip
    found = latches.holding(intent)
    require((found is not None) == bool(over), f"{strategy} {account} {run_id} is held by {found}, asked for: {over}")
    killed = any(each.kind is LatchKind.KILL for each in over)
    require(killed == (found is not None and found.kind is LatchKind.KILL), f"{found} before a kill")
    told_to_stop = {(strategy, run_id), ("", run_id)} & ended
    require(latches.ended(strategy, run_id) == bool(told_to_stop), f"{strategy} {run_id}: told to stop {told_to_stop}")


_INTENT = Intent(
    intent_id="i", strategy="goog", account="SIM0000001", instrument=stock("GOOG"), side=Side.BUY,
    quantity=Decimal(1), order_type=OrderType.MARKET, limit_price=None, time_in_force=TimeInForce.DAY,
    reduce_only=False, decision_sequence=1, reason="TORTURE", bid=750.0, ask=750.1, quote_time=1, quote_age_ms=0.0,
    created_at=1,
)  # fmt: skip
