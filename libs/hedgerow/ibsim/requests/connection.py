"""Requests about the connection itself: start, ids, accounts, time."""

from __future__ import annotations

import time

from hedgerow.ibsim.codes import validating
from hedgerow.ibsim.messages import replies, requests
from hedgerow.ibsim.messages.ids import Request
from hedgerow.ibsim.messages.layout import Layout, whole
from hedgerow.ibsim.requests.handler import Fields, Handler
from hedgerow.ibsim.session import Session

_NO_FIELDS = Layout("id")


def _start_api(session: Session, fields: Fields) -> None:
    client_id = whole(fields["clientId"], "clientId")
    if not 0 <= client_id < 2**31:
        raise validating("Invalid client id")
    session.start(client_id)


def _ids(session: Session, _: Fields) -> None:
    session.send_next_id()


def _managed_accounts(session: Session, _: Fields) -> None:
    session.send(replies.MANAGED_ACCOUNTS.encode(session.version, {"accounts": session.simulation.hub.account}))


def _current_time(session: Session, _: Fields) -> None:
    # Wall time: clients use it to probe the connection, not to learn the market's time.
    session.send(replies.CURRENT_TIME.encode(session.version, {"time": int(time.time())}))


def _accepted(_: Session, __: Fields) -> None:
    """Nothing to answer: log level, automatic binding of manual orders."""


HANDLERS = {
    Request.START_API: Handler(requests.START_API, _start_api),
    Request.IDS: Handler(_NO_FIELDS, _ids),
    Request.MANAGED_ACCOUNTS: Handler(_NO_FIELDS, _managed_accounts),
    Request.CURRENT_TIME: Handler(_NO_FIELDS, _current_time),
    Request.SET_LOG_LEVEL: Handler(_NO_FIELDS, _accepted),
    Request.AUTO_OPEN_ORDERS: Handler(_NO_FIELDS, _accepted),
}
