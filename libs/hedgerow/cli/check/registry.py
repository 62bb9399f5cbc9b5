"""Which function shows which criterion, what it needs, and how a run goes through them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from typing import NamedTuple

import grpc

from hedgerow.cli.check import (
    accounts,
    backtesting,
    controlling,
    history,
    operations,
    page,
    prices,
    recorded,
    signals,
    snapshots,
    statistics,
    stopping,
    system_checks,
    watching,
)
from hedgerow.cli.check.context import Context
from hedgerow.cli.check.criteria import How, of_phase
from hedgerow.cli.check.result import Failed, Outcome, Result, Row, not_served, skipped
from hedgerow.domain.errors import HedgerowError


class Needs(Enum):
    """What a check cannot do without."""

    SYSTEM = "a running system"
    BROKER = "a broker"
    SIGNAL_TEST = "a system of its own"
    NOTHING = "no running system"


class Check(NamedTuple):
    """How one criterion is shown: `show` returns its result or raises Failed."""

    show: Callable[[Context], Result]
    needs: Needs


PRELIMINARIES: dict[str, Check] = {
    "configuration": Check(system_checks.configuration, Needs.SYSTEM),
    "sink-interface": Check(system_checks.sink_interface, Needs.SYSTEM),
    "store-schema": Check(system_checks.store_schema, Needs.SYSTEM),
    "broker-link": Check(system_checks.broker_link, Needs.BROKER),
}
"""What is checked before the criteria of a phase."""

CHECKS: dict[str, Check] = {
    "TC-1-R-M1a-1": Check(snapshots.written_in_time, Needs.SYSTEM),
    "TC-1-R-M1a-2": Check(snapshots.readable_without_console, Needs.SYSTEM),
    "TC-1-R-M1a-3": Check(snapshots.holds_every_key, Needs.SYSTEM),
    "TC-1-R-M4a-1": Check(operations.one_record_each, Needs.BROKER),
    "TC-1-R-M4a-2": Check(operations.whole_records, Needs.BROKER),
    "TC-1-R-M4a-3": Check(operations.readable_elsewhere, Needs.BROKER),
    "TC-1-R-H1-1": Check(history.history_grows, Needs.SYSTEM),
    "TC-1-R-H1-2": Check(history.statistics_apart, Needs.SYSTEM),
    "TC-1-R-H1-3": Check(history.sink_is_configuration, Needs.SYSTEM),
    "TC-1-R-C1a-1": Check(signals.graceful, Needs.SIGNAL_TEST),
    "TC-1-R-C1a-2": Check(signals.by_control_file, Needs.SIGNAL_TEST),
    "TC-2-R-M1b-1": Check(watching.status_shows_everything, Needs.SYSTEM),
    "TC-2-R-M1b-2": Check(watching.heartbeat_shows, Needs.SYSTEM),
    "TC-2-R-M2-1": Check(watching.self_check_has_three_results, Needs.SYSTEM),
    "TC-2-R-M2-2": Check(watching.reasons_whenever_blocked, Needs.SYSTEM),
    "TC-2-R-M2-3": Check(watching.told_in_both_places, Needs.SYSTEM),
    "TC-2-R-M3-1": Check(watching.lamp_is_the_self_check, Needs.SYSTEM),
    "TC-2-R-M3-2": Check(watching.lamp_tells_degraded, Needs.SYSTEM),
    "TC-2-R-M3-3": Check(watching.lamp_tells_broken, Needs.SYSTEM),
    "TC-2-R-M4b-1": Check(recorded.filters, Needs.BROKER),
    "TC-2-R-M4b-2": Check(recorded.touched_positions, Needs.BROKER),
    "TC-2-R-C1b-1": Check(stopping.from_the_network, Needs.SYSTEM),
    "TC-2-R-C1b-2": Check(stopping.never_lost, Needs.SYSTEM),
    "TC-3-R-A1-1": Check(accounts.account_values, Needs.BROKER),
    "TC-3-R-A1-2": Check(accounts.positions_in_use, Needs.BROKER),
    "TC-3-R-A1-3": Check(accounts.kept_current, Needs.BROKER),
    "TC-3-R-M6-1": Check(prices.every_instrument_priced, Needs.BROKER),
    "TC-3-R-M6-2": Check(prices.status_carries_prices, Needs.BROKER),
    "TC-3-R-M6-3": Check(page.shows_positions, Needs.BROKER),
    "TC-3-R-H2-1": Check(statistics.apart, Needs.BROKER),
    "TC-4-R-B1-1": Check(backtesting.no_broker_no_order, Needs.NOTHING),
    "TC-4-R-B1-2": Check(backtesting.in_time_order, Needs.NOTHING),
    "TC-4-R-B1-3": Check(backtesting.profit_and_drawdown, Needs.NOTHING),
    "TC-4-R-B1-4": Check(backtesting.gates_recorded, Needs.NOTHING),
    "TC-4-R-B2-1": Check(backtesting.same_code, Needs.NOTHING),
    "TC-4-R-B2-2": Check(backtesting.every_tick_explained, Needs.NOTHING),
    "TC-4-R-B2-3": Check(backtesting.counts_per_set, Needs.NOTHING),
    "TC-5-R-C2-1": Check(controlling.pause_and_resume, Needs.SYSTEM),
    "TC-5-R-C2-2": Check(controlling.no_hedge_while_paused, Needs.SYSTEM),
    "TC-5-R-C2-3": Check(controlling.as_if_never_paused, Needs.SYSTEM),
    "TC-5-R-C2-4": Check(controlling.alive_while_paused, Needs.SYSTEM),
    "TC-5-R-C3-1": Check(controlling.flatten_channels, Needs.SYSTEM),
    "TC-5-R-C3-2": Check(controlling.stops_then_closes, Needs.SYSTEM),
    "TC-5-R-C3-3": Check(controlling.targets_and_operations, Needs.SYSTEM),
    "TC-5-R-C3-4": Check(controlling.exposure_is_closed, Needs.SYSTEM),
    "TC-5-R-C3-5": Check(controlling.others_untouched, Needs.SYSTEM),
}
"""One entry per criterion that can be shown here."""


def run_phase(ctx: Context, phase: int) -> Iterator[Row]:
    """The results of one phase, one by one: first the preliminaries, then its criteria."""
    for name, check in PRELIMINARIES.items():
        yield Row(name, phase, run_check(ctx, name, check), How.HERE.value)
    yield from run_criteria(ctx, phase)


def run_criteria(ctx: Context, phase: int) -> Iterator[Row]:
    """The results of a phase's criteria; those whose parts do not exist say so."""
    for criterion in of_phase(phase):
        check = CHECKS.get(criterion.id)
        result = run_check(ctx, criterion.id, check) if check is not None else unserved(criterion.how)
        yield Row(criterion.id, phase, result, criterion.how.value)


def needs_system(phase: int) -> bool:
    """Whether some check of the phase looks at a running system."""
    checks = [CHECKS[criterion.id] for criterion in of_phase(phase) if criterion.id in CHECKS]
    return any(check.needs is not Needs.NOTHING for check in checks)


def unserved(how: How) -> Result:
    """The result of a criterion no running system can show yet."""
    if how in (How.TESTS, How.HAND, How.BOTH):
        return skipped(f"shown {how.value}")
    return not_served("the parts this needs do not exist yet")


def run_check(ctx: Context, name: str, check: Check) -> Result:
    """Runs one check; whatever part of the system does not answer is a failure in words."""
    if check.needs is Needs.BROKER and ctx.skip_ib:
        return skipped("needs a broker: left out by --skip-ib")
    if check.needs is Needs.SIGNAL_TEST and not ctx.signal_test:
        return skipped("starts a system of its own: add --signal-test")
    ctx.tell(name)
    try:
        return check.show(ctx)
    except Failed as error:
        return Result(Outcome.FAILS, str(error))
    except HedgerowError as error:
        return Result(Outcome.FAILS, f"{error.reason}: {error}")
    except KeyError as error:
        return Result(Outcome.FAILS, f"{error} is missing in an answer")
    except grpc.RpcError as error:
        code, details = error.code(), error.details()
        return Result(Outcome.FAILS, f"{code.name}: {details}")
