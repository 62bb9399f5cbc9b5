"""One connection to the broker, from handshake to loss; a new one is made for every attempt."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from hedgerow.domain.egress import EgressCode
from hedgerow.domain.errors import FailedPrecondition, HedgerowError, NotFound, Unavailable
from hedgerow.failpoints import failpoint
from hedgerow.ib.codes import ErrorMeaning, meaning_of
from hedgerow.ib.direct_write import write_now
from hedgerow.ib.library import library
from hedgerow.ib.listener import Listener
from hedgerow.settings import BrokerSettings

T = TypeVar("T")

# The library numbers its requests from nextValidId, where the order ids live: an error could then not tell one
# from the other. Requests start here instead; order ids never come near.
FIRST_REQUEST_ID = 1 << 30


class Session:
    """One connection. `gone` resolves to an UPPER_SNAKE reason when it is gone; it never comes back.

    `on_error(request_id, code, text)` gets every error and notice after the handshake; `options` go along with the
    version offer.
    """

    def __init__(
        self, broker: BrokerSettings, client_id: int, on_error: Callable[[int, int, str], None], unthrottled: bool,
        options: str = "",
    ) -> None:  # fmt: skip
        # The library asks the policy for the loop, and a runner with a loop of its own kind never tells the policy.
        asyncio.set_event_loop(asyncio.get_running_loop())
        lib = library()
        self._broker, self._client_id, self._on_error = broker, client_id, on_error
        self._flights: dict[str, asyncio.Future[HedgerowError | None]] = {}
        self.gone: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.next_order_id = 0
        self.granted_order_id = 0
        self.accounts: tuple[str, ...] = ()
        self.ib: Any = lib.IB()
        self.listener = Listener(self.ib)
        self.listener.sink = self
        self.listener.clientId = client_id
        self.client: Any = lib.Client(self.listener)
        self.ib.wrapper, self.ib.client = self.listener, self.client
        if unthrottled:
            # the library would queue what exceeds its rate and send it later, after a stop or a cancel
            self.client.MaxRequests = 0
        self.client.setConnectOptions(options)
        self.client.conn.sendMsg = self._write
        self._last_look: Callable[[], None] | None = None
        self._now_or_never = False
        self.ib.RaiseRequestErrors = True
        self.client.apiError += self._api_error

    async def connect(self) -> None:
        """Shakes hands within the attempt's time; raises Unavailable with the reason.

        The library's own connect waits its whole time-out where the broker refuses the client id, and asks for
        orders and accounts before anyone could look at what kind of account it is: so only its handshake is used.
        """
        broker = self._broker
        failpoint("ib.connect")
        attempt = asyncio.ensure_future(self.client.connectAsync(broker.host, broker.port, self._client_id, None))
        try:
            await asyncio.wait(
                (attempt, self.gone), timeout=broker.attempt_timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
        except asyncio.CancelledError:
            attempt.cancel()
            self.close("CLOSED")
            raise
        where = f"{broker.host}:{broker.port}"
        if self.gone.done() and not (attempt.done() and attempt.exception() is not None):
            attempt.cancel()
            await asyncio.wait((attempt,))
            raise Unavailable(f"the broker at {where} refused the connection: {self.gone.result()}", self.gone.result())
        if not attempt.done():
            attempt.cancel()
            await asyncio.wait((attempt,))
            self.close("CONNECT_TIMEOUT")
            raise Unavailable(f"no handshake from {where} in {broker.attempt_timeout_s:g} s", "CONNECT_TIMEOUT")
        error = attempt.exception()
        if error is not None:
            self.close("BROKER_UNREACHABLE")
            if not isinstance(error, (OSError, ConnectionError, asyncio.TimeoutError)):
                raise error
            raise Unavailable(f"cannot reach the broker at {where}: {error}", "BROKER_UNREACHABLE") from error
        self.client.updateReqId(FIRST_REQUEST_ID)
        failpoint("ib.connected")
        self.accounts = tuple(self.client.getAccounts())

    @property
    def alive(self) -> bool:
        """Whether the socket is still up, as far as anyone knows."""
        return not self.gone.done()

    @property
    def silent_for_s(self) -> float:
        """Wall seconds since anything arrived."""
        return time.monotonic() - self.listener.last_read

    def request_id(self) -> int:
        """A fresh number for a request; raises Unavailable when the connection is gone."""
        self._require()
        number: int = self.client.getReqId()
        return number

    def send(
        self, frame: Callable[[], None], last_look: Callable[[], None] | None = None, now_or_never: bool = False
    ) -> None:
        """Runs a call that only writes one frame to the socket; raises Unavailable when the connection is gone.

        `last_look` is taken right before the first byte: what it raises keeps the frame here. With `now_or_never`
        a broker that does not read does so too (Unavailable, BROKER_BUSY), else the frame waits for it.
        """
        self._require()
        self._last_look, self._now_or_never = last_look, now_or_never
        try:
            failpoint("ib.send")
            frame()
            failpoint("ib.sent")
        except ConnectionError as error:
            raise Unavailable(f"the broker connection is gone: {error}", "BROKER_DOWN") from error
        finally:
            self._last_look, self._now_or_never = None, False

    def _write(self, data: bytes) -> None:
        """In place of the library's own: into the kernel before it returns, where the broker reads."""
        transport = self.client.conn.transport
        if transport is None:
            raise ConnectionResetError("closed")
        if self._last_look is not None:
            self._last_look()
            failpoint("ib.looked")
        try:
            write_now(transport, data)
        except BlockingIOError as error:
            if self._now_or_never:
                raise Unavailable("the broker does not read what it was sent before", "BROKER_BUSY") from error
            transport.write(data)

    async def request(self, what: str, start: Callable[[], Awaitable[T]], timeout_s: float | None = None) -> T:
        """The answer to one of the library's numbered requests.

        Raises Unavailable (gone, or no answer in time), NotFound (error 200), FailedPrecondition for other errors.
        """
        self._require()
        limit = self._broker.request_timeout_s if timeout_s is None else timeout_s
        try:
            async with asyncio.timeout(limit):
                failpoint("ib.request")
                return await start()
        except TimeoutError as error:
            raise Unavailable(f"{what}: no answer from the broker in {limit:g} s", "REQUEST_TIMEOUT") from error
        except ConnectionError as error:
            raise Unavailable(f"{what}: the broker connection is gone", "BROKER_DOWN") from error
        except library().RequestError as error:
            raise request_error(what, error.code, error.message) from error

    async def exclusive(
        self, flight: str, send: Callable[[], None], timeout_s: float | None = None, gone: str = "REQUEST_TIMEOUT"
    ) -> None:
        """Sends an unnumbered request and waits for its end; never two of a kind at once, for the first would hang.

        A request that got no answer in time ends the session, by the reason `gone`: asked again in it, a late answer
        would be taken for the next one's, and one lost in an outage would be waited for for ever. Raises Unavailable.
        """
        limit = self._broker.request_timeout_s if timeout_s is None else timeout_s
        try:
            async with asyncio.timeout(limit):
                while (earlier := self._flights.get(flight)) is not None:
                    await asyncio.shield(earlier)
                done: asyncio.Future[HedgerowError | None] = asyncio.get_running_loop().create_future()
                self._flights[flight] = done
                try:
                    failpoint("ib.exclusive")
                    self.send(send)
                except Unavailable:
                    del self._flights[flight]
                    raise
                failure = await asyncio.shield(done)
        except TimeoutError as error:
            self.close(gone)
            raise Unavailable(f"{flight}: no answer from the broker in {limit:g} s", "REQUEST_TIMEOUT") from error
        if failure is not None:
            raise failure

    async def probe(self, timeout_s: float) -> None:
        """Asks for the time: a half-open socket looks connected and answers nothing. Raises Unavailable."""
        await self.exclusive("current_time", self.client.reqCurrentTime, timeout_s, "PROBE_TIMEOUT")

    def close(self, reason: str) -> None:
        """Ends the connection; safe to call again."""
        self.lost(reason)
        self.listener.market = self.listener.orders = self.listener.accounts_handler = None
        transport = self.client.conn.transport
        self.client.connState = self.client.DISCONNECTED
        if transport is not None and reason in ("PROBE_TIMEOUT", "REQUEST_TIMEOUT"):
            transport.abort()  # a mute peer would never let a graceful close finish
        elif transport is not None:
            transport.close()

    def error(self, request_id: int, code: int, text: str) -> None:
        """From the listener."""
        if meaning_of(code) is ErrorMeaning.CLIENT_ID_IN_USE:
            self.lost("CLIENT_ID_IN_USE")
        elif code in (EgressCode.STALE_EPOCH, EgressCode.REFUSED) and request_id < 0:
            self.lost(EgressCode(code).name)
        elif request_id >= FIRST_REQUEST_ID and meaning_of(code) is not ErrorMeaning.INFORMATIONAL:
            for flight in [name for name in self._flights if name.endswith(f" {request_id}")]:
                self._land(flight, request_error(flight, code, text))
        self._on_error(request_id, code, text)

    def ended(self, flight: str) -> None:
        """From the listener."""
        self._land(flight, None)

    def _land(self, flight: str, failure: HedgerowError | None) -> None:
        done = self._flights.pop(flight, None)
        if done is not None and not done.done():
            done.set_result(failure)

    def lost(self, reason: str) -> None:
        """From the listener: nothing more will come."""
        failpoint("ib.lost")
        if self.gone.done():
            return
        self.gone.set_result(reason)
        for flight in list(self._flights):
            self._land(flight, Unavailable(f"{flight}: the broker connection is gone", "BROKER_DOWN"))

    def next_id(self, order_id: int) -> None:
        """From the listener: the broker's lowest free order id, which may roll back between sessions."""
        self.granted_order_id = self.granted_order_id or order_id
        self.next_order_id = max(self.next_order_id, order_id)

    def _api_error(self, text: str) -> None:
        # Before the handshake is over the library only logs a closed socket; here the attempt ends at once.
        self.lost("CONNECTION_REFUSED" if not self.client.isReady() else "CONNECTION_LOST")

    def _require(self) -> None:
        if not self.alive:
            raise Unavailable(f"the broker connection is gone: {self.gone.result()}", "BROKER_DOWN")


def request_error(what: str, code: int, text: str) -> HedgerowError:
    """The domain error of a request the broker answered with an error code."""
    if meaning_of(code) is ErrorMeaning.NO_SUCH_INSTRUMENT:
        return NotFound(f"{what}: the broker knows no such instrument ({text})")
    return FailedPrecondition(f"{what}: broker error {code}: {text}", f"BROKER_ERROR_{code}")
