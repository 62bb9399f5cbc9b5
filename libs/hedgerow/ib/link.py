"""A supervised broker connection: attempts, retries, probes and recoveries; callers see domain errors only."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from asyncio import FIRST_COMPLETED
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TYPE_CHECKING, NoReturn

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_fixed

from hedgerow.clock import Clock, wall_now
from hedgerow.domain.errors import BrokerAccountRefused, FailedPrecondition, HedgerowError, Unavailable
from hedgerow.domain.trading_state import BrokerLink, LinkState
from hedgerow.failpoints import failpoint
from hedgerow.ib.account_guard import check_accounts, check_port
from hedgerow.ib.codes import ErrorMeaning, meaning_of
from hedgerow.ib.library import CLIENT_NAME, CLIENT_VERSION
from hedgerow.ib.pacing import HistoryBudget
from hedgerow.settings import BrokerSettings
from hedgerow.telemetry.logs import get_logger

if TYPE_CHECKING:
    from hedgerow.ib.events import Bar
    from hedgerow.ib.listener import AccountHandler, MarketHandler, OrderHandler
    from hedgerow.ib.session import Session

NS_PER_S = 1_000_000_000


_ATTEMPT_BEGINS_S = 1.0


class Recovery(StrEnum):
    """What a recovery has to make good before the link is READY."""

    NEW_SESSION = "NEW_SESSION"
    DATA_LOST = "DATA_LOST"  # 1101: subscriptions are gone
    DATA_KEPT = "DATA_KEPT"  # 1102: subscriptions should flow on


class IbLink:
    """One client id's connection, kept up until closed.

    `on_state` gets every change of state. Recovery hooks run after each (re)connect, in the order added, while the
    state is RECONCILING; a hook that raises a domain error ends the session, and another attempt follows.
    `mark(n)` gives the connect options of a session, n - 1 sessions before it having been able to send.
    """

    def __init__(
        self, broker: BrokerSettings, client_id: int, role: str, clock: Clock,
        on_state: Callable[[BrokerLink], None] | None = None, mark: Callable[[int], str] | None = None,
    ) -> None:  # fmt: skip
        """Raises InvalidValue when mode sim would dial a real gateway's port."""
        check_port(broker)
        self.broker, self.client_id, self.role, self.clock = broker, client_id, role, clock
        self.state = BrokerLink(LinkState.DISCONNECTED, "NOT_STARTED", 0, wall_now())
        self.tradable_accounts: tuple[str, ...] = ()
        self.market: MarketHandler | None = None
        self.orders: OrderHandler | None = None
        self.accounts: AccountHandler | None = None
        self.last_look: Callable[[bool], None] | None = None
        """Asked right before an order's first byte (True), or a cancel's (False): what it raises keeps it here."""
        self.histories: HistoryBudget[list[Bar]] = HistoryBudget()
        self._mark = mark
        self._sessions = 0
        self._listeners: list[Callable[[BrokerLink], None]] = [on_state] if on_state is not None else []
        self._error_listeners: list[Callable[[int, int, str], None]] = []
        self._hooks: list[Callable[[Recovery], Awaitable[None]]] = []
        self._session: Session | None = None
        self._retry = asyncio.Event()
        self._attempt: asyncio.Future[None] | None = None
        self._wake = asyncio.Event()
        self._connectivity_lost = False
        self._due: Recovery | None = None
        self._latched = ""
        self._task: asyncio.Task[None] | None = None
        self._log = get_logger(role=role, client_id=client_id)

    def add_state_listener(self, listener: Callable[[BrokerLink], None]) -> None:
        """Also tell `listener` of every change of state."""
        self._listeners.append(listener)

    def add_error_listener(self, listener: Callable[[int, int, str], None]) -> None:
        """Tell `listener` (request_id, code, text) of every error and notice."""
        self._error_listeners.append(listener)

    def add_recovery(self, hook: Callable[[Recovery], Awaitable[None]]) -> None:
        """Run `hook` after every (re)connect, before the link counts as READY."""
        self._hooks.append(hook)

    @property
    def ready(self) -> bool:
        """Whether requests go through and all recoveries are done."""
        return self.state.state is LinkState.READY

    @property
    def up(self) -> bool:
        """Whether there is a session whose broker can be reached, recovered or not."""
        return self._session is not None and self._session.alive and not self._connectivity_lost

    def session(self) -> Session:
        """The session, for this package only; raises Unavailable(BROKER_DOWN) when there is none."""
        session = self._session
        if session is None or not session.alive:
            raise Unavailable(f"no broker connection: {self.state.reason or 'gone'}", "BROKER_DOWN")
        return session

    @property
    def silence_ms(self) -> float:
        """Wall milliseconds since anything arrived, infinite without a session."""
        return self._session.silent_for_s * 1000 if self._session is not None else float("inf")

    async def probe(self, timeout_s: float) -> None:
        """Asks for the time: the answer proves that the broker has read all that was sent. Raises Unavailable."""
        await self.session().probe(timeout_s)

    def start(self) -> asyncio.Task[None]:
        """Keeps the link up in a task of its own; it ends when cancelled or closed."""
        if self._task is None:
            self._task = asyncio.create_task(self.run(), name=f"ib-link-{self.role}")
        return self._task

    async def close(self) -> None:
        """Ends the connection and its supervision."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self._drop("CLOSED")

    def retry_now(self) -> None:
        """Cuts the wait for the next attempt short; does nothing to a connection that stands.

        Raises FailedPrecondition when the link is latched down.
        """
        if self._latched:
            raise FailedPrecondition(f"the broker link is latched down: {self._latched}", BrokerAccountRefused.reason)
        if self._session is None:
            self._retry.set()

    async def retry(self) -> BrokerLink:
        """As `retry_now`; the connection as the attempt begins, as it stands where there is nothing to try."""
        self.retry_now()
        if self.state.next_retry_time and self._session is None:
            if self._attempt is None or self._attempt.done():
                self._attempt = asyncio.get_running_loop().create_future()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_ATTEMPT_BEGINS_S):
                    await asyncio.shield(self._attempt)
        return self.state

    def drop(self, reason: str) -> None:
        """Ends the present session; the next attempt follows after the retry interval."""
        if self._session is not None:
            self._session.close(reason)

    async def run(self) -> None:
        """Attempts, serves, and attempts again, for ever; latches down when an account does not fit the mode."""
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(Unavailable),
            wait=wait_fixed(self.broker.retry_interval_s),
            sleep=self._pause,
            before_sleep=self._announce_retry,
        )
        try:
            await attempts(self._serve)
        except BrokerAccountRefused as error:
            self._latched = str(error)
            self._log.error("broker link latched down", reason=error.reason, cause=str(error))
            self._drop(error.reason)
            await asyncio.Future()  # latched: only a restart with a right configuration lifts it

    async def _serve(self) -> NoReturn:
        """One session from connect to loss; always ends by an error."""
        # imported here, for the library must first be imported inside the loop
        from hedgerow.ib.session import Session  # noqa: PLC0415

        self._publish(LinkState.CONNECTING)
        options = "" if self._mark is None else self._mark(self._sessions + 1)
        session = Session(self.broker, self.client_id, self._error, self.orders is not None, options)
        self._connectivity_lost, self._due = False, None
        listener = session.listener
        listener.market, listener.orders, listener.accounts_handler = self.market, self.orders, self.accounts
        try:
            await session.connect()
            failpoint("ib.session")
            self.tradable_accounts = check_accounts(self.broker, session.accounts)
            self._sessions += 1
            self._session = session
            self._log.info(
                "broker connected", client=CLIENT_NAME, client_version=CLIENT_VERSION, accounts=session.accounts,
                next_order_id=session.next_order_id,
            )  # fmt: skip
            probe = asyncio.create_task(self._probe(session), name=f"ib-probe-{self.role}")
            try:
                await self._watch(session)
            finally:
                probe.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await probe
        finally:
            session.close("CLOSED")
            self._session = None

    async def _watch(self, session: Session) -> NoReturn:
        """Runs the recoveries that fall due; raises Unavailable when the session is gone."""
        recovery: Recovery | None = Recovery.NEW_SESSION
        while True:
            if recovery is not None:
                await self._recover(recovery)
            elif self._connectivity_lost:
                self._publish(LinkState.DISCONNECTED, "CONNECTIVITY_LOST")
            self._wake.clear()
            if self._due is None:
                limit_s = self.broker.connectivity_lost_limit_s if self._connectivity_lost else None
                waiting = asyncio.ensure_future(self._wake.wait())
                happened, _ = await asyncio.wait((waiting, session.gone), timeout=limit_s, return_when=FIRST_COMPLETED)
                waiting.cancel()
                if not happened:
                    session.close("CONNECTIVITY_LOST")  # its end was missed, or never said: a new session is told anew
            if session.gone.done():
                raise Unavailable(f"the broker connection ended: {session.gone.result()}", session.gone.result())
            recovery, self._due = self._due, None

    async def _recover(self, recovery: Recovery) -> None:
        failpoint("ib.recover")
        self._publish(LinkState.RECONCILING, recovery.value)
        for hook in self._hooks:
            try:
                await hook(recovery)
            except (BrokerAccountRefused, Unavailable):
                raise
            except HedgerowError as error:
                raise Unavailable(f"recovery failed: {error}", error.reason) from error
        failpoint("ib.recovered")
        if self._connectivity_lost:
            self._publish(LinkState.DISCONNECTED, "CONNECTIVITY_LOST")
        elif self._due is None:
            self._publish(LinkState.READY)

    async def _probe(self, session: Session) -> None:
        """Asks a silent broker for the time: a half-open socket looks connected for ever."""
        interval = self.broker.probe_interval_s
        while session.alive:
            await asyncio.sleep(interval)
            if session.alive and session.silent_for_s >= interval:
                try:
                    await session.probe(min(interval, self.broker.request_timeout_s))
                except Unavailable as error:
                    session.close("PROBE_TIMEOUT" if error.reason == "REQUEST_TIMEOUT" else error.reason)

    def _error(self, request_id: int, code: int, text: str) -> None:
        meaning = meaning_of(code)
        if meaning is ErrorMeaning.CONNECTIVITY_LOST:
            self._connectivity_lost = True
            self._wake.set()
        elif meaning in (ErrorMeaning.CONNECTIVITY_BACK, ErrorMeaning.CONNECTIVITY_BACK_DATA_LOST):
            self._connectivity_lost = False
            lost = meaning is ErrorMeaning.CONNECTIVITY_BACK_DATA_LOST or self._due is Recovery.DATA_LOST
            self._due = Recovery.DATA_LOST if lost else Recovery.DATA_KEPT
            self._wake.set()
        if meaning not in (ErrorMeaning.INFORMATIONAL, ErrorMeaning.DATA_FARM_BACK):
            level = logging.INFO if meaning is ErrorMeaning.ORDER_CANCELED else logging.WARNING
            self._log.log(level, "broker notice", code=code, request_id=request_id, text=text, meaning=meaning.value)
        for listener in self._error_listeners:
            listener(request_id, code, text)

    async def _announce_retry(self, retry: RetryCallState) -> None:
        error = retry.outcome.exception() if retry.outcome is not None else None
        reason = error.reason if isinstance(error, HedgerowError) else "CONNECTION_LOST"
        wait_s = retry.next_action.sleep if retry.next_action is not None else self.broker.retry_interval_s
        self._log.warning("broker link down", reason=reason, cause=str(error), retry_in_s=wait_s)
        self._publish(LinkState.DISCONNECTED, reason, wall_now() + int(wait_s * NS_PER_S))

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._retry.wait()
        self._retry.clear()

    def _drop(self, reason: str) -> None:
        if self._session is not None:
            self._session.close(reason)
            self._session = None
        self._publish(LinkState.DISCONNECTED, reason)

    def _publish(self, state: LinkState, reason: str = "", next_retry_time: int = 0) -> None:
        self.state = BrokerLink(state, reason, next_retry_time, wall_now())
        if self._attempt is not None and not self._attempt.done():
            self._attempt.set_result(None)
        for listener in self._listeners:
            listener(self.state)
