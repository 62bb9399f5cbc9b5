"""Expiry, assignment and exercise, read off what the broker holds: options that left, and the shares they left as.

The broker changes positions without an order; what it calls the change is not relied on. An explanation counts only
when it accounts for every option that left and every share that came, and when no other one does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from itertools import combinations
from typing import NamedTuple

from hedgerow.domain.instrument import Instrument, Right
from hedgerow.domain.position import BROKER, ZERO
from services.portfolio.domain.ledger import Ledger, Transfer, TransferKind

ACTOR = "broker"
MOST_EXPIRED = 10
"""So many options of one underlying that expire at once are told apart; more are left to an operator."""

ExpiryClose = Callable[[date], int]
"""When an option of that listed expiry stops trading, market ns UTC."""


@dataclass(frozen=True, slots=True)
class Gone:
    """Contracts of one option that left: `closed` has the sign of what was held, `expired` says its time is up."""

    instrument: Instrument
    closed: Decimal
    expired: bool

    @property
    def shares(self) -> Decimal:
        """Signed shares that come when these are exercised or assigned."""
        sign = 1 if self.instrument.right is Right.CALL else -1
        return self.closed * self.instrument.multiplier * sign

    def pays(self, spot: Decimal) -> bool:
        """Whether it is in the money at that price of the underlying."""
        assert self.instrument.strike is not None
        value = spot - self.instrument.strike
        return value > 0 if self.instrument.right is Right.CALL else value < 0


class Explained(NamedTuple):
    """One option that left, and whether it left as shares."""

    gone: Gone
    exercised: bool


def gone(
    instrument: Instrument, held: Decimal, difference: Decimal, market_ns: int, expiry_close: ExpiryClose
) -> Gone | None:
    """What left of an option of which the ledger has `held` and the broker `difference` more; None for a trade.

    Only what takes a position towards zero, and not beyond it, can be an option event.
    """
    if not instrument.is_option or held * difference >= 0 or abs(difference) > abs(held):
        return None
    assert instrument.expiry is not None
    return Gone(instrument, -difference, market_ns >= expiry_close(instrument.expiry))


def explain(lines: Sequence[Gone], shares: Decimal, spot: Decimal | None) -> list[Explained] | None:
    """How these options of one underlying left, given the shares that came; None when that is not certain.

    Before its expiry an option can only leave as shares. Where the shares alone do not decide, `spot` does, if
    exactly one explanation has all options in the money exercised and all others worthless.
    """
    early = [each for each in lines if not each.expired]
    expired = [each for each in lines if each.expired]
    if len(expired) > MOST_EXPIRED:
        return None
    missing = shares - sum((each.shares for each in early), ZERO)
    found = [chosen for chosen in _choices(expired) if sum((each.shares for each in chosen), ZERO) == missing]
    if len(found) > 1 and spot is not None:
        found = [chosen for chosen in found if all(each.pays(spot) == (each in chosen) for each in expired)]
    if len(found) != 1:
        return None
    return [Explained(each, not each.expired or each in found[0]) for each in lines]


def _choices(expired: Sequence[Gone]) -> Iterator[tuple[Gone, ...]]:
    for count in range(len(expired) + 1):
        yield from combinations(expired, count)


def split(closed: Decimal, owners: Mapping[str, Decimal]) -> dict[str, Decimal] | None:
    """Whose contracts left, by owner: in proportion to what each holds, whole contracts, the same for the same facts.

    Everything that leaves leaves everybody with nothing. Of a part, owners on both sides of zero cannot be told
    apart: None.
    """
    if sum(owners.values(), ZERO) == closed:
        return dict(owners)
    if any(quantity * closed <= 0 for quantity in owners.values()):
        return None
    total = sum((abs(quantity) for quantity in owners.values()), ZERO)
    exact = {owner: abs(closed) * abs(quantity) / total for owner, quantity in owners.items()}
    parts = {owner: share.to_integral_value(ROUND_FLOOR) for owner, share in exact.items()}
    # The largest remainders first, names break ties.
    waiting = sorted(exact, key=lambda owner: (parts[owner] - exact[owner], owner))
    for owner in waiting[: int(abs(closed) - sum(parts.values(), ZERO))]:
        parts[owner] += 1
    sign = 1 if closed > 0 else -1
    return {owner: sign * part for owner, part in parts.items() if part}


def transfers_of(
    ledger: Ledger, account: str, explained: Sequence[Explained], wall_ns: int, market_ns: int
) -> list[Transfer] | None:
    """The transfers of these events: each owner's options to the broker, the shares at the strike to the same owner.

    None when the owners cannot be told apart.
    """
    made: list[Transfer] = []
    for line, exercised in explained:
        name = line.instrument.instrument_id
        parts = split(line.closed, ledger.owners(account, name))
        if parts is None:
            return None
        for owner, quantity in parts.items():
            part = Gone(line.instrument, quantity, line.expired)
            made += _of_owner(account, owner, part, _kind(part, exercised), wall_ns, market_ns)
    return made


def _kind(line: Gone, exercised: bool) -> TransferKind:
    if not exercised:
        return TransferKind.EXPIRY
    return TransferKind.EXERCISE if line.closed > 0 else TransferKind.ASSIGNMENT


def _of_owner(
    account: str, owner: str, line: Gone, kind: TransferKind, wall_ns: int, market_ns: int
) -> Iterator[Transfer]:
    option, shares = line.instrument, line.shares
    assert option.strike is not None
    name = option.instrument_id
    base = f"{kind.value}:{account}:{name}:{owner}:{wall_ns}"
    told = {
        TransferKind.EXPIRY: "expired without value",
        TransferKind.EXERCISE: f"exercised into {shares:+f} {option.symbol} at {option.strike}",
        TransferKind.ASSIGNMENT: f"assigned into {shares:+f} {option.symbol} at {option.strike}",
    }[kind]
    reason = f"{line.closed:+f} {name} {told}, by the broker's positions"
    yield Transfer(
        base, base, kind, account, owner, BROKER, name, option.multiplier, line.closed, ZERO, ACTOR, reason, wall_ns,
        market_ns,
    )  # fmt: skip
    if kind is not TransferKind.EXPIRY:
        yield Transfer(
            f"{base}:shares", f"{base}:shares", kind, account, BROKER, owner, option.symbol, 1, shares, option.strike,
            ACTOR, reason, wall_ns, market_ns,
        )  # fmt: skip
