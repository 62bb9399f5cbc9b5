"""Faults of market data subscriptions: not subscribed (354), delayed (10167)."""

from __future__ import annotations

from typing import ClassVar, Literal

from hedgerow.ibsim.codes import DELAYED, Code
from hedgerow.ibsim.faults.connection import sessions
from hedgerow.ibsim.faults.engine import Run
from hedgerow.ibsim.faults.frames import Incoming
from hedgerow.ibsim.faults.model import OfClient, Standing
from hedgerow.ibsim.messages import replies
from hedgerow.ibsim.messages.ids import Request
from hedgerow.ibsim.ticks import Subscription

_NOT_SUBSCRIBED = "Requested market data is not subscribed."


class NoMarketData(OfClient, Standing):
    """354 for every market data request, those of before included, which end."""

    action: Literal["no_market_data"]

    sees_requests: ClassVar[bool] = True

    def start(self, run: Run) -> None:
        """End what there is."""
        for session in sessions(run, self):
            for req_id in list(session.subscriptions):
                session.unsubscribe(req_id)
                session.error(req_id, Code.NOT_SUBSCRIBED, _NOT_SUBSCRIBED)

    def incoming(self, run: Run, request: Incoming) -> bool:
        """Refuse a new one."""
        if request.kind != Request.MARKET_DATA or not self.concerns(run, request.client_id):
            return False
        request.session.error(request.fields[2], Code.NOT_SUBSCRIBED, _NOT_SUBSCRIBED)
        run.used()
        return True


class DelayedData(Standing):
    """10167: every subscription, and every later one, is served delayed data until it ends."""

    action: Literal["delayed_data"]

    def start(self, run: Run) -> None:
        """Delayed from now on."""
        run.faults.simulation.delayed = True
        self._switch(run, delayed=True)
        run.used()

    def stop(self, run: Run) -> None:
        """Real-time again, as far as the gateway is configured so."""
        run.faults.simulation.delayed = run.faults.simulation.configured_delayed
        self._switch(run, delayed=run.faults.simulation.delayed)

    def _switch(self, run: Run, *, delayed: bool) -> None:
        for session in run.faults.simulation.connections.values():
            for req_id, before in list(session.subscriptions.items()):
                session.unsubscribe(req_id)
                session.subscribe(Subscription(session, req_id, before.listing, delayed))
                if delayed:
                    session.error(req_id, Code.DELAYED_DATA, DELAYED)
                kind = {"reqId": req_id, "marketDataType": 3 if delayed else 1}
                session.send(replies.MARKET_DATA_TYPE.encode(session.version, kind))
        run.faults.simulation.publish()
