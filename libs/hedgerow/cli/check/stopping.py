"""TC-2-R-C1b: a stop from another machine, with nobody at a console."""

from __future__ import annotations

from hedgerow.cli.check.context import Context
from hedgerow.cli.check.remote_stops import FROM_THE_NETWORK, RemoteStop
from hedgerow.cli.check.result import Result, holds, require
from hedgerow.cli.check.walk import walk


def from_the_network(ctx: Context) -> Result:
    """TC-2-R-C1b-1."""
    return _verdict([one for one in walk(ctx).stops if one.kind == FROM_THE_NETWORK])


def never_lost(ctx: Context) -> Result:
    """TC-2-R-C1b-2."""
    return _verdict([one for one in walk(ctx).stops if one.kind != FROM_THE_NETWORK])


def _verdict(stops: list[RemoteStop]) -> Result:
    faults = [one.fault for one in stops if one.fault]
    require(stops and not faults, "; ".join(faults) or "no stop was tried")
    told = [f"{one.kind} ({one.address}): exit code 0 after {one.seconds:.2f} s, no new order" for one in stops]
    return holds(f"{'; '.join(told)}; then GET /status: yellow, STOPPED_BY_OPERATOR")
