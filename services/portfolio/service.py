"""Portfolio's shell: takes in broker, reports and quotes; keeps the ledger, and tells its readers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from hedgerow.clock import Clock, wall_now
from hedgerow.domain.errors import HedgerowError, InvalidValue, Unavailable
from hedgerow.domain.execution_report import ExecutionReport, ReportKind
from hedgerow.domain.trace_context import parse
from hedgerow.domain.trading_state import BrokerLink, LinkState
from hedgerow.failpoints import failpoint
from hedgerow.rpc.streams import ConflatingBroadcast
from hedgerow.tape.sessions import expiry_close_ns
from hedgerow.telemetry import metrics
from hedgerow.telemetry.logs import get_logger
from hedgerow.telemetry.traces import record, within
from services.portfolio.config import PortfolioConfig
from services.portfolio.domain.adoption import Adopt, decide_adoption
from services.portfolio.domain.break_assignment import AssignBreak, decide_break_assignment
from services.portfolio.domain.comparison import BrokerHolding, Comparison, Place
from services.portfolio.domain.holding import HoldingKey
from services.portfolio.domain.ledger import FillLine, Ledger, Transfer
from services.portfolio.domain.views import PositionView, position_view, position_views
from services.portfolio.marks import MarkBook
from services.portfolio.ports import Account, Broker, Records

_BREAKS = metrics.gauge("hedgerow_portfolio_breaks", "Differences between ledger and broker that stand.")
_SEQUENCE = metrics.gauge("hedgerow_portfolio_report_sequence", "Last execution report folded in.")

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Whole:
    """Tells readers to take everything anew: completeness or the breaks changed."""


Event = PositionView | BrokerLink | Whole


def event_key(event: Event) -> object:
    """What a newer event of the same kind replaces for a slow reader: state, never history."""
    return event.key if isinstance(event, PositionView) else type(event)


class PortfolioService:
    """Everything runs on one event loop; only transfers wait for the disk, one at a time."""

    def __init__(
        self,
        config: PortfolioConfig,
        clock: Clock,
        ledger: Ledger,
        records: Records,
        broker: Broker,
        marks: MarkBook,
    ) -> None:
        self.config = config
        self.clock = clock
        self.ledger = ledger
        self.comparison = Comparison(int(config.break_settle_s * NS_PER_S), expiry_close_ns)
        self.accounts: dict[str, Account] = {}
        self.marks = marks
        self.events: ConflatingBroadcast[Event] = ConflatingBroadcast(event_key)
        self._records = records
        self._broker = broker
        self._compared = False
        self._broker_known = False
        self._reports_head: int | None = None
        self._reconciled = False
        self._told: tuple[object, ...] = ()
        self._transferring = asyncio.Lock()
        self._fetching = asyncio.Lock()
        self._answered: dict[str, PositionView] = {}
        self._refreshed: dict[str, list[Account]] = {}
        self._compare_now = asyncio.Event()
        self._log = get_logger()

    def restore(self, accounts: Sequence[Account]) -> None:
        """Takes in the accounts portfolio.db kept beside the ledger; call before serving."""
        self.accounts = {account.account: account for account in accounts}
        self._records.write_positions(position_views(self.ledger, self.comparison, self.marks.prices))
        self._want()

    # Views.

    @property
    def link(self) -> BrokerLink:
        """The broker connection."""
        return self._broker.link

    @property
    def complete(self) -> bool:
        """Whether the ledger was compared with the broker since it connected."""
        return self._compared

    @property
    def accounts_fetched_at(self) -> int:
        """Wall ns UTC of the last fetch of accounts, 0 before the first."""
        return max((account.fetched_at for account in self.accounts.values()), default=0)

    def positions(self, account: str = "", owner: str = "") -> list[PositionView]:
        """Positions held, or closed with something to tell; of one account and owner when named."""
        return [
            view
            for view in position_views(self.ledger, self.comparison, self.marks.prices)
            if account in ("", view.account)
            and owner in ("", view.owner)
            and (view.quantity or view.realized_pnl or view.commissions or view.transferred.quantity)
        ]

    # Broker.

    async def recover(self) -> None:
        """After a (re)connect: accounts and positions, whole; raises Unavailable."""
        self._compared = self._broker_known = False
        await self.fetch()

    async def fetch(self) -> list[Account]:
        """Asks the broker for accounts and positions now; raises Unavailable, FailedPrecondition."""
        failpoint("portfolio.fetch")
        async with self._fetching:
            accounts = await self._broker.accounts()
            names, holdings = await self._broker.holdings()
        self.accounts |= {account.account: account for account in accounts}
        self._records.write_accounts(accounts)
        self.comparison.replace_all(names, holdings)
        self._broker_known = True
        self._compare_now.set()
        self._want()
        self._log.info("accounts fetched", accounts=sorted(names), positions=len(holdings))
        return accounts

    async def refresh(self, request_id: str) -> list[Account]:
        """Fetches for a request; the same request id again gets the first answer.

        Raises Unavailable while the broker is away, and lets the next attempt start at once.
        """
        known = self._refreshed.get(request_id)
        if known is not None:
            return known
        link = self._broker.link
        if link.state not in (LinkState.READY, LinkState.RECONCILING):
            self._broker.retry_now()
            raise Unavailable(f"the broker is away: {link.reason}; trying again now", "WAITING_IB")
        accounts = self._refreshed[request_id] = await self.fetch()
        _bound(self._refreshed, self.config.answers_kept)
        return accounts

    async def retry_link(self) -> BrokerLink:
        """Tries the broker connection now; how the attempt begins. Raises FailedPrecondition when latched down."""
        return await self._broker.retry_link()

    def on_broker_position(self, place: Place, holding: BrokerHolding) -> None:
        """The broker pushed one position."""
        if self._broker_known:
            self.comparison.update(place, holding)
            self._compare_now.set()
            self._want()

    def on_link(self, link: BrokerLink) -> None:
        """The broker connection changed."""
        if link.state in (LinkState.DISCONNECTED, LinkState.CONNECTING):
            self._compared = self._broker_known = False
            self.comparison.unsettle()
        self.events.publish(link)
        self._tell_whole()

    async def refresh_forever(self) -> None:
        """Fetches accounts on the interval, while there is a broker; runs until cancelled."""
        while True:
            await asyncio.sleep(self.config.refresh_interval_s)
            if self._broker.link.state is LinkState.READY:
                try:
                    await self.fetch()
                except HedgerowError as error:
                    self._log.warning("accounts not fetched", reason=error.reason, cause=str(error))

    # Execution's reports.

    def on_reports(self, reports: Iterable[tuple[ExecutionReport, int]]) -> None:
        """Folds reports, each with its multiplier; raises ReportGap."""
        failpoint("portfolio.reports")
        lines: list[FillLine] = []
        try:
            for report, multiplier in reports:
                started = wall_now()
                line = self.ledger.apply_report(report, multiplier)
                if line is not None:
                    lines.append(line)
                    self._tell_booked(report, line, started)
        finally:
            _SEQUENCE.set(self.ledger.sequence)
            if lines:
                keys = {HoldingKey(line.account, line.strategy, line.instrument_id) for line in lines}
                failpoint("portfolio.book_fills")
                self._records.write_positions(self._publish(keys), lines)
                self._compare_now.set()
                self._want()

    def _tell_booked(self, report: ExecutionReport, line: FillLine, started: int) -> None:
        """A span below the fill's own, with the position that follows from it, and for a fill one line."""
        fill = parse(report.traceparent)
        own = None if fill is None else fill.child("portfolio")
        is_fill = report.kind is ReportKind.FILL
        if fill is not None and own is not None:
            held = self.ledger.holdings[HoldingKey(line.account, line.strategy, line.instrument_id)]
            record(
                "book_fill" if is_fill else "book_commission", own, fill.span_id, started, wall_now(),
                intent_id=report.intent_id, sequence=report.sequence, position=str(held.position.quantity),
                average_price=str(held.position.average_price), realized_pnl=str(held.position.realized_pnl),
                commissions=str(held.commissions),
            )  # fmt: skip
        if not is_fill:
            return
        with within(own):
            self._log.info(
                "fill booked", strategy=report.strategy, instrument=report.instrument_id, side=report.side.value,
                cum_qty=str(report.cum_qty), intent_id=report.intent_id, sequence=report.sequence,
            )  # fmt: skip

    def on_execution(self, head: int | None, reconciled: bool | None = None) -> None:
        """Where execution's reports stand (None = unreachable) and whether it agrees with the broker."""
        self._reports_head = head
        if reconciled is not None:
            self._reconciled = reconciled
        if not self._execution_ready():
            self.comparison.unsettle()
        self._compare_now.set()

    def on_reconciled(self, reconciled: bool) -> None:
        """Execution's own comparison with the broker changed."""
        self.on_execution(self._reports_head, reconciled)

    def _execution_ready(self) -> bool:
        head = self._reports_head
        return head is not None and self.ledger.sequence >= head and self._reconciled

    # Comparison and transfers.

    async def compare_forever(self) -> None:
        """Compares after every change, and while differences settle; runs until cancelled."""
        while True:
            try:
                async with asyncio.timeout(self.config.compare_interval_s if self.comparison.waiting() else None):
                    await self._compare_now.wait()
            except TimeoutError:
                pass
            self._compare_now.clear()
            try:
                await self.compare()
            except Unavailable as error:
                self._log.error("transfers not written", reason=error.reason, cause=str(error))
                await asyncio.sleep(self.config.compare_interval_s)
                self._compare_now.set()

    async def compare(self) -> None:
        """Compares and books what is due; raises Unavailable when the disk fails."""
        failpoint("portfolio.compare")
        if not self._broker_known:
            return
        async with self._transferring:
            await self._compare_and_book()

    async def _compare_and_book(self) -> None:
        """Until nothing is due: what was booked explains its difference, whose break is gone with it."""
        while due := self.comparison.compare(
            self.ledger, self._execution_ready(), wall_now(), self.clock.market_now(), time.monotonic_ns(),
            self.marks.prices,
        ):  # fmt: skip
            await self._book(due)
        if self._broker_known:
            self._compared = self.comparison.accounts <= self.ledger.opened
        _BREAKS.set(len(self.comparison.breaks))
        self._tell_whole()

    async def adopt(self, request: Adopt) -> PositionView:
        """Moves quantity from MANUAL to a strategy; the same request id again gets the first answer.

        Raises as `decide_adoption`, and Unavailable when the disk fails.
        """
        async with self._transferring:
            transfer = decide_adoption(self.ledger, request, wall_now(), self.clock.market_now())
            return await self._granted(request.request_id, transfer, request.strategy)

    async def assign_break(self, request: AssignBreak) -> PositionView:
        """Gives a standing difference to an owner; the same request id again gets the first answer.

        Raises as `decide_break_assignment`, and Unavailable when the disk fails.
        """
        async with self._transferring:
            now, market = wall_now(), self.clock.market_now()
            transfer = decide_break_assignment(self.ledger, self.comparison, request, now, market)
            view = await self._granted(request.request_id, transfer, request.owner)
            if transfer is not None and self._broker_known:
                await self._compare_and_book()
        return view

    async def _granted(self, request_id: str, transfer: Transfer | None, owner: str) -> PositionView:
        """Books what an operator asked for, None when that was done; the owner's position as first answered."""
        if transfer is not None:
            await self._book([transfer])
        known = self.ledger.transfers[request_id]
        view = self._answered.get(request_id)
        if view is None:
            view = self._answered[request_id] = self._view(HoldingKey(known.account, owner, known.instrument_id))
            _bound(self._answered, self.config.answers_kept)
        return view

    def transfers(self, account: str, instrument_id: str, size: int, token: str) -> tuple[list[Transfer], str]:
        """One page of the transfers that match, newest first, and the token of the next, empty at the end.

        Raises InvalidValue for a token that no page ended with.
        """
        found = [
            each
            for each in sorted(self.ledger.transfers.values(), key=_age, reverse=True)
            if each.instrument_id and account in ("", each.account) and instrument_id in ("", each.instrument_id)
        ]
        if token:
            known = next((each for each in self.ledger.transfers.values() if each.transfer_id == token), None)
            if known is None:
                raise InvalidValue("page_token", token, "the next_page_token of an earlier answer")
            found = [each for each in found if _age(each) < _age(known)]
        return found[:size], found[size - 1].transfer_id if len(found) > size else ""

    async def _book(self, transfers: Sequence[Transfer]) -> None:
        """Durable first, then in the ledger and told."""
        failpoint("portfolio.transfer")
        await self._records.write_transfers(transfers)
        failpoint("portfolio.transferred")
        keys: set[HoldingKey] = set()
        for each in transfers:
            self.ledger.apply_transfer(each)
            if each.instrument_id:
                owners = (each.from_owner, each.to_owner)
                keys |= {HoldingKey(each.account, owner, each.instrument_id) for owner in owners}
            self._log.info(
                "transfer", kind=each.kind.value, instrument=each.instrument_id, quantity=str(each.quantity),
                from_owner=each.from_owner, to_owner=each.to_owner, price=str(each.price), actor=each.actor,
                account=each.account, why=each.reason,
            )  # fmt: skip
        self._records.write_positions(self._publish(keys))
        self._want()

    # Readers.

    def _want(self) -> None:
        """Quotes are wanted of all that anyone holds or a strategy traded."""
        held = {place.instrument_id for place, each in self.comparison.holdings.items() if each.quantity}
        self.marks.want(frozenset(held | {key.instrument_id for key in self.ledger.holdings}))

    def _view(self, key: HoldingKey) -> PositionView:
        return position_view(key, self.ledger.holdings[key], self.marks.prices)

    def _publish(self, keys: Iterable[HoldingKey]) -> list[PositionView]:
        views = [self._view(key) for key in sorted(keys) if key in self.ledger.holdings]
        self.events.publish_all(list(views))
        return views

    def _tell_whole(self) -> None:
        """Tells readers to take everything anew when completeness or the breaks changed."""
        telling = (self._broker_known, self._compared, self.comparison.breaks, self.comparison.settling)
        if telling != self._told:
            self._told = telling
            self.events.publish(Whole())


def _age(transfer: Transfer) -> tuple[int, str]:
    return transfer.wall_ns, transfer.transfer_id


def _bound(answers: dict[str, Any], most: int) -> None:
    while len(answers) > most:
        del answers[next(iter(answers))]
