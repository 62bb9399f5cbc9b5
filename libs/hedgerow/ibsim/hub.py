"""Who hears what: sends order, account and position news to the sessions concerned."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hedgerow.ibsim.accounts import PLAIN_VALUES, Accounts
from hedgerow.ibsim.codec import Value
from hedgerow.ibsim.codes import Code
from hedgerow.ibsim.contracts import Listing
from hedgerow.ibsim.messages import build, replies
from hedgerow.ibsim.orders import Execution, SimOrder
from hedgerow.ibsim.times import eastern

if TYPE_CHECKING:
    from hedgerow.ibsim.session import Session


class Hub:
    """The connected sessions by client id, and what each of them follows."""

    def __init__(self, account: str, accounts: Accounts, master_client_id: int | None) -> None:
        self.account = account
        self.sessions: dict[int, Session] = {}
        self._accounts = accounts
        self._master = master_client_id

    def sees_all(self, client_id: int) -> bool:
        """Whether this client id is the master client, who sees every client's orders."""
        return client_id == self._master

    def _concerned(self, client_id: int) -> Iterable[Session]:
        for each in {client_id, self._master}:
            session = self.sessions.get(each) if each is not None else None
            if session is not None:
                yield session

    def _own(self, client_id: int) -> list[Session]:
        session = self.sessions.get(client_id)
        return [session] if session is not None else []

    def open_order(self, listing: Listing, order: SimOrder, extra: dict[str, Value] | None = None) -> None:
        """openOrder to the owner and the master client; `extra` makes it a what-if answer, to the owner alone."""
        sessions = self._concerned(order.client_id) if extra is None else self._own(order.client_id)
        for session in sessions:
            session.send(build.open_order(session.version, listing, order, self.account, extra))

    def order_status(self, order: SimOrder) -> None:
        """orderStatus to the owner and the master client."""
        for session in self._concerned(order.client_id):
            session.send(build.order_status(session.version, order))

    def execution(self, listing: Listing, done: Execution) -> None:
        """A live execDetails to the owner and the master client."""
        for session in self._concerned(done.client_id):
            session.send(build.execution(session.version, listing, done, self.account))

    def commission(self, done: Execution) -> None:
        """commissionReport to the owner and the master client."""
        for session in self._concerned(done.client_id):
            session.send(build.commission(session.version, done))

    def pending_cancel(self, order: SimOrder) -> None:
        """orderStatus PendingCancel: the cancel is known of, and has not happened."""
        for session in self._concerned(order.client_id):
            session.send(build.order_status(session.version, order, "PendingCancel"))

    def order_error(self, order: SimOrder, code: Code | int, text: str) -> None:
        """An error or notice about an order, to its owner."""
        session = self.sessions.get(order.client_id)
        if session is not None:
            session.error(order.order_id, code, text)

    def position_changed(self, instrument_id: str) -> None:
        """position and updatePortfolio to everyone who follows them."""
        holding = self._accounts.holding(instrument_id)
        for session in self.sessions.values():
            if session.follows_positions:
                session.send(build.position(session.version, holding, self.account))
            if session.follows_account:
                session.send(build.portfolio_value(session.version, holding, self.account))

    def account_changed(self, market_time: int) -> None:
        """Fresh account values to everyone who follows them."""
        followers = [
            s for s in self.sessions.values() if s.follows_account or s.summaries or s.account_multis or s.pnls
        ]
        if not followers:
            return
        values = self._accounts.values()
        for session in followers:
            if session.follows_account:
                self.send_account_values(session, values, market_time)
            for req_id, tags in session.summaries.items():
                self.send_summary(session, req_id, tags, values)
            for req_id in session.account_multis:
                self.send_multi(session, req_id, values)
            for req_id, instrument_id in session.pnls.items():
                self.send_pnl(session, req_id, instrument_id, values)

    def send_account_values(self, session: Session, values: dict[str, str], market_time: int) -> None:
        """updateAccountValue for every tag, then updateAccountTime."""
        encode, version = replies.ACCOUNT_VALUE.encode, session.version
        plain = {"AccountCode": self.account, **PLAIN_VALUES}
        for key, value in plain.items():
            session.send(encode(version, {"key": key, "value": value, "account": self.account}))
        for key, value in values.items():
            row = {"key": key, "value": value, "currency": "USD", "account": self.account}
            session.send(encode(version, row))
        session.send(replies.ACCOUNT_TIME.encode(version, {"time": f"{eastern(market_time):%H:%M}"}))

    def send_portfolio(self, session: Session) -> None:
        """updatePortfolio for every position, those closed since included."""
        for holding in self._accounts.holdings(flat=True):
            session.send(build.portfolio_value(session.version, holding, self.account))

    def send_summary(self, session: Session, req_id: str, tags: frozenset[str], values: dict[str, str]) -> None:
        """accountSummary for the wanted tags; none named, or a ledger, means all."""
        everything = not tags or any(tag.startswith("$LEDGER") for tag in tags)
        encode, version = replies.ACCOUNT_SUMMARY.encode, session.version
        if everything or "AccountType" in tags:
            kind = {"key": "AccountType", "value": PLAIN_VALUES["AccountType"]}
            session.send(encode(version, {"reqId": req_id, "account": self.account, **kind}))
        for key, value in values.items():
            if everything or key in tags:
                row = {"reqId": req_id, "account": self.account, "key": key, "value": value, "currency": "USD"}
                session.send(encode(version, row))

    def send_multi(self, session: Session, req_id: str, values: dict[str, str]) -> None:
        """accountUpdateMulti for every tag."""
        for key, value in values.items():
            row = {"reqId": req_id, "account": self.account, "key": key, "value": value, "currency": "USD"}
            session.send(replies.ACCOUNT_UPDATE_MULTI.encode(session.version, row))

    def send_pnl(self, session: Session, req_id: str, instrument_id: str, values: dict[str, str]) -> None:
        """pnl of the account, or pnlSingle of one instrument; the day's is realized plus unrealized."""
        if not instrument_id:
            unrealized, realized = float(values["UnrealizedPnL"]), float(values["RealizedPnL"])
            row: dict[str, Value] = {
                "reqId": req_id,
                "daily": unrealized + realized,
                "unrealized": unrealized,
                "realized": realized,
            }
            session.send(replies.PNL.encode(session.version, row))
            return
        holding = self._accounts.holding(instrument_id)
        gained, booked = float(holding.unrealized_pnl), float(holding.position.realized_pnl)
        single: dict[str, Value] = {
            "reqId": req_id, "position": holding.position.quantity, "daily": gained + booked, "unrealized": gained,
            "realized": booked, "value": float(holding.market_value),
        }  # fmt: skip
        session.send(replies.PNL_SINGLE.encode(session.version, single))

    def flush(self) -> None:
        """Write out what every session has pending."""
        for session in self.sessions.values():
            session.flush()
