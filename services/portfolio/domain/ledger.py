"""The attribution ledger: positions are the latest revision of each execution plus transfers, nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from hedgerow.domain.errors import HedgerowError
from hedgerow.domain.execution_report import ExecutionReport, split_revision
from hedgerow.domain.order import Side
from hedgerow.domain.position import BROKER, MANUAL, ZERO
from services.portfolio.domain.holding import Entry, Holding, HoldingKey


class ReportGap(HedgerowError):
    """Reports are missing between those folded in and the next: ask for them again."""

    reason = "REPORT_GAP"


class TransferKind(StrEnum):
    """Why quantity moved without a fill."""

    OPENING = "OPENING"  # what the account held when it was first compared, to MANUAL
    INFERRED = "INFERRED"  # a change at the broker that no strategy can have made, to MANUAL
    ADOPTION = "ADOPTION"  # from MANUAL to a strategy, by request
    BREAK_ASSIGNED = "BREAK_ASSIGNED"  # a standing difference, given to an owner by a named operator
    ASSIGNMENT = "ASSIGNMENT"  # a short option was assigned: option and shares change places at the strike
    EXERCISE = "EXERCISE"  # a long option was exercised: the same
    EXPIRY = "EXPIRY"  # an option expired worthless


@dataclass(frozen=True, slots=True)
class FillLine:
    """The latest known revision of one execution; `execution` is its id without the revision.

    `quantity` is above zero; `price` currency per share; `commission` None until known;
    `sequence` the report that told it.
    """

    execution: str
    revision: int
    account: str
    strategy: str
    instrument_id: str
    multiplier: int
    side: Side
    quantity: Decimal
    price: Decimal
    commission: Decimal | None
    event_time: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """Signed quantity that moves from one owner to another at `price` per share: the two sides add to zero.

    `actor` and `reason` say who and why; `request_id` is its idempotency key; times are ns UTC.
    An OPENING without instrument says that the account was compared and may hold nothing.
    """

    transfer_id: str
    request_id: str
    kind: TransferKind
    account: str
    from_owner: str
    to_owner: str
    instrument_id: str
    multiplier: int
    quantity: Decimal
    price: Decimal
    actor: str
    reason: str
    wall_ns: int
    market_ns: int


class Ledger:
    """Holdings per account, owner and instrument; `sequence` is the last report folded in.

    Changed only by `apply_report`, `apply_fill` and `apply_transfer`.
    """

    def __init__(self) -> None:
        self.sequence = 0
        self.holdings: dict[HoldingKey, Holding] = {}
        self.fills: dict[str, FillLine] = {}
        self.transfers: dict[str, Transfer] = {}  # by request_id
        self.opened: set[str] = set()  # accounts compared with the broker at least once
        self._traded: set[tuple[str, str]] = set()  # (account, instrument) a strategy ever had

    def apply_report(self, report: ExecutionReport, multiplier: int) -> FillLine | None:
        """Folds the next report in; the fill line it made or changed, None when it moved nothing.

        A report folded already changes nothing. Raises ReportGap when one is missing.
        """
        if report.sequence <= self.sequence:
            return None
        if report.sequence != self.sequence + 1:
            raise ReportGap(f"report {report.sequence} follows {self.sequence}")
        self.sequence = report.sequence
        if report.fill is None:
            return None
        execution, revision = split_revision(report.fill.execution_id)
        line = FillLine(
            execution,
            revision,
            report.account,
            report.strategy,
            report.instrument_id,
            multiplier,
            report.side,
            report.fill.quantity,
            report.fill.price,
            report.fill.commission,
            report.fill.event_time,
            report.sequence,
        )
        return self.apply_fill(line)

    def apply_fill(self, line: FillLine) -> FillLine | None:
        """Takes one execution in; None when this or a later revision is known with its commission."""
        known = self.fills.get(line.execution)
        if known is not None:
            if known.revision > line.revision:
                return None
            if line.commission is None:
                line = replace(line, commission=known.commission)
            if replace(line, sequence=known.sequence) == known:
                return None
        self.fills[line.execution] = line
        key = HoldingKey(line.account, line.strategy, line.instrument_id)
        self._traded.add((line.account, line.instrument_id))
        entry = Entry(line.event_time, line.execution, line.quantity * line.side.sign, line.price)
        self._holding(key, line.multiplier).put_fill(entry, line.commission)
        return line

    def apply_transfer(self, transfer: Transfer) -> bool:
        """Takes a transfer in; False when its request was taken in before."""
        if transfer.request_id in self.transfers:
            return False
        self.transfers[transfer.request_id] = transfer
        if transfer.kind is TransferKind.OPENING:
            self.opened.add(transfer.account)
        if not transfer.instrument_id:
            return True
        sides = ((transfer.from_owner, -transfer.quantity), (transfer.to_owner, transfer.quantity))
        for owner, quantity in sides:
            if owner == BROKER:
                continue
            if owner != MANUAL:
                self._traded.add((transfer.account, transfer.instrument_id))
            key = HoldingKey(transfer.account, owner, transfer.instrument_id)
            entry = Entry(transfer.market_ns, f"transfer:{transfer.transfer_id}", quantity, transfer.price)
            self._holding(key, transfer.multiplier).put_transfer(entry)
        return True

    def rewind(self) -> None:
        """Lets every report be told again, for a journal that begins anew; executions known change nothing twice."""
        self.sequence = 0

    def quantity(self, account: str, instrument_id: str) -> Decimal:
        """Signed quantity of all owners together."""
        return sum(
            (
                holding.position.quantity
                for key, holding in self.holdings.items()
                if key.account == account and key.instrument_id == instrument_id
            ),
            ZERO,
        )

    def owners(self, account: str, instrument_id: str) -> dict[str, Decimal]:
        """Signed quantity of every owner that holds some, by name."""
        found = {
            key.owner: holding.position.quantity
            for key, holding in self.holdings.items()
            if key.account == account and key.instrument_id == instrument_id and holding.position.quantity
        }
        return dict(sorted(found.items()))

    def multiplier(self, account: str, instrument_id: str) -> int:
        """Shares per contract of something held here before, 1 of anything else."""
        places = (((key.account, key.instrument_id), each) for key, each in self.holdings.items())
        return next((each.multiplier for place, each in places if place == (account, instrument_id)), 1)

    def holding(self, account: str, owner: str, instrument_id: str) -> Holding | None:
        """One owner's holding, None when there never was one."""
        return self.holdings.get(HoldingKey(account, owner, instrument_id))

    def traded(self, account: str, instrument_id: str) -> bool:
        """Whether a strategy ever had a share in it."""
        return (account, instrument_id) in self._traded

    def instruments(self, account: str) -> Iterator[str]:
        """Instruments any owner in the account ever held."""
        yield from {key.instrument_id: None for key in self.holdings if key.account == account}

    def _holding(self, key: HoldingKey, multiplier: int) -> Holding:
        holding = self.holdings.get(key)
        if holding is None:
            holding = self.holdings[key] = Holding(multiplier)
        return holding
