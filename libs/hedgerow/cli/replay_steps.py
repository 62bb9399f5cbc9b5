"""Steps through a session's log: what was seen, what was decided on it, what order came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from hedgerow.cli.output import console, wall_text
from hedgerow.cli.replay_verify import print_divergence
from hedgerow.cli.replay_words import decision_line, field_title, in_words, observation_line, order_line
from hedgerow.strategy.codes import IntentAction, is_blocked
from hedgerow.strategy.replay import Run, Tick
from hedgerow.strategy.session_log import DECISION, TornTail


class Break(StrEnum):
    """What to go on to."""

    DIVERGENCE = "divergence"
    ORDER = "order"
    BLOCK = "block"


class Selection(NamedTuple):
    """Which ticks to show: from decision `start` on, at most `most` of them (None = all), only those that fit `at`."""

    start: int = 1
    most: int | None = None
    at: Break | None = None


def fits(tick: Tick, at: Break | None) -> bool:
    """Whether a tick is one to stop at."""
    if at is Break.DIVERGENCE:
        return tick.diverges
    if at is Break.ORDER:
        return tick.recorded.intent.action != IntentAction.NONE
    return at is None or is_blocked(tick.recorded.block_reason)


def chosen(items: Iterable[Run | Tick | TornTail], selection: Selection) -> Iterator[Tick]:
    """The ticks selected; all before them are folded as well, a decision depends on them."""
    shown = 0
    for item in items:
        if not isinstance(item, Tick) or item.observation.sequence < selection.start or not fits(item, selection.at):
            continue
        yield item
        shown += 1
        if shown == selection.most:
            return


def print_tick(tick: Tick) -> None:
    """Prints one tick: observation, decision, order; and what differs where it diverges."""
    seen, mark = tick.observation, "  DIVERGES" if tick.diverges else ""
    console.print(f"{seen.sequence:>7}  {wall_text(seen.now)}{mark}")
    console.print(f"         saw      {observation_line(seen)}", markup=False)
    console.print(f"         decided  {decision_line(tick.recorded)}", markup=False)
    asked = order_line(tick.recorded)
    if asked:
        console.print(f"         order    {asked}", markup=False)
    if not tick.intact:
        console.print("         checksum does not hold: the record was altered after it was written")
    for name, old, new in tick.fields:
        console.print(
            f"         differs  {field_title(name)}: recorded {in_words(name, old)}, replayed {in_words(name, new)}",
            markup=False,
        )


KEYS = "enter: next   o: next order   b: next block   d: next divergence   f: whole record   c: to the end   q: quit"
_BREAKS = {"o": Break.ORDER, "b": Break.BLOCK, "d": Break.DIVERGENCE}


def step_through(strategy: str, ticks: Iterator[Tick], key: Callable[[], str], first: Break | None = None) -> None:
    """Shows tick after tick as the keys ask for them, beginning with the first that fits `first`."""
    console.print(KEYS, markup=False)
    shown = _go_on(ticks, first)
    while shown is not None:
        pressed = key().lower()
        if pressed in ("q", "\x03", "\x04", ""):
            return
        if pressed == "f":
            print_whole(strategy, shown)
        elif pressed == "c":
            for tick in ticks:
                print_tick(tick)
            break
        elif pressed in _BREAKS or pressed in ("\r", "\n", " ", "n"):
            shown = _go_on(ticks, _BREAKS.get(pressed))
        else:
            console.print(KEYS, markup=False)
    console.print("the log ends here")


def _go_on(ticks: Iterator[Tick], at: Break | None) -> Tick | None:
    """Prints the next tick that fits, telling how many were passed over; None at the end of the log."""
    for passed, tick in enumerate(ticks):
        if fits(tick, at):
            if passed:
                console.print(f"         ... {passed} decisions later")
            print_tick(tick)
            return tick
    return None


def print_whole(strategy: str, tick: Tick) -> None:
    """Prints every field of the decision: both sides where they differ."""
    if tick.diverges:
        print_divergence(strategy, tick)
        return
    for name, value in zip(DECISION.names, DECISION.scalars(tick.recorded), strict=True):
        console.print(f"         {field_title(name)}: {in_words(name, value)}", markup=False)
