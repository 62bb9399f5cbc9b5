"""Order requests: place, cancel, and the lists of open, completed and executed ones."""

from __future__ import annotations

from datetime import datetime

from hedgerow.ibsim.messages import build, order_in, order_out, requests
from hedgerow.ibsim.messages.ids import Request
from hedgerow.ibsim.messages.layout import Layout, whole
from hedgerow.ibsim.orders import Execution, SimOrder
from hedgerow.ibsim.requests.handler import Fields, Handler
from hedgerow.ibsim.session import Session
from hedgerow.ibsim.times import eastern

_NO_FIELDS = Layout("id")
_SIDES = {"BUY": "BUY", "BOT": "BUY", "SELL": "SELL", "SLD": "SELL"}


def _place_order(session: Session, fields: Fields) -> None:
    session.simulation.desk.place(session.client_id, fields)


def _cancel_order(session: Session, fields: Fields) -> None:
    session.simulation.desk.cancel(session.client_id, whole(fields["orderId"], "orderId"))


def _global_cancel(session: Session, _: Fields) -> None:
    session.simulation.desk.cancel_all()


def _open_orders(session: Session, _: Fields) -> None:
    _send_open(session, session.simulation.desk.working(session.client_id), Request.OPEN_ORDERS)


def _all_open_orders(session: Session, _: Fields) -> None:
    _send_open(session, session.simulation.desk.working(), Request.ALL_OPEN_ORDERS)


def _send_open(session: Session, orders: list[SimOrder], request: Request) -> None:
    simulation = session.simulation
    hidden = simulation.faults.hidden(session, request)
    for order in orders:
        if order.perm_id in hidden:
            continue
        listing = simulation.universe.by_id[order.instrument_id]
        session.send(build.open_order(session.version, listing, order, simulation.hub.account))
        session.send(build.order_status(session.version, order))
    session.send(order_out.OPEN_ORDERS_END.encode(session.version, {}))


def _completed_orders(session: Session, _: Fields) -> None:
    simulation = session.simulation
    hidden = simulation.faults.hidden(session, Request.COMPLETED_ORDERS)
    for order in simulation.book.by_perm_id.values():
        if order.status.is_done and order.perm_id not in hidden:
            listing = simulation.universe.by_id[order.instrument_id]
            session.send(build.completed_order(session.version, listing, order, simulation.hub.account))
    session.send(order_out.COMPLETED_ORDERS_END.encode(session.version, {}))


def _executions(session: Session, fields: Fields) -> None:
    simulation, version = session.simulation, session.version
    today = eastern(simulation.time.now()).date()
    since = _since(fields["time"])
    hidden = simulation.faults.hidden(session, Request.EXECUTIONS)
    for done in simulation.book.executions:
        when = eastern(done.time)
        if when.date() != today or (since is not None and when.replace(tzinfo=None) < since):
            continue  # a gateway remembers the executions of one day
        if done.perm_id in hidden or not _wanted(session, done, fields):
            continue
        listing = simulation.universe.by_id[done.instrument_id]
        session.send(build.execution(version, listing, done, simulation.hub.account, fields["reqId"]))
        session.send(build.commission(version, done))
    session.send(order_out.EXECUTIONS_END.encode(version, {"reqId": fields["reqId"]}))


def _since(text: str) -> datetime | None:
    """An execution filter's time, `20151224-10:30:00` or with blanks; None when absent or unreadable."""
    digits = text.replace("-", " ").split()[:2]
    try:
        return datetime.strptime(" ".join(digits), "%Y%m%d %H:%M:%S")
    except ValueError:
        return None


def _wanted(session: Session, done: Execution, fields: Fields) -> bool:
    # A client is shown its own executions; only the master client sees everyone's.
    if done.client_id != session.client_id and not session.simulation.hub.sees_all(session.client_id):
        return False
    wanted_client = whole(fields["clientId"], "clientId")
    listing = session.simulation.universe.by_id[done.instrument_id]
    return (
        (not wanted_client or wanted_client == done.client_id)
        and fields["account"] in ("", session.simulation.hub.account)
        and fields["symbol"] in ("", listing.instrument.symbol)
        and fields["secType"] in ("", listing.instrument.sec_type.value)
        and (not fields["side"] or _SIDES.get(fields["side"].upper()) == done.side.value)
    )


HANDLERS = {
    Request.PLACE_ORDER: Handler(order_in.PLACE_ORDER, _place_order, "orderId"),
    Request.CANCEL_ORDER: Handler(order_in.CANCEL_ORDER, _cancel_order, "orderId"),
    Request.GLOBAL_CANCEL: Handler(_NO_FIELDS, _global_cancel),
    Request.OPEN_ORDERS: Handler(_NO_FIELDS, _open_orders),
    Request.ALL_OPEN_ORDERS: Handler(_NO_FIELDS, _all_open_orders),
    Request.COMPLETED_ORDERS: Handler(_NO_FIELDS, _completed_orders),
    Request.EXECUTIONS: Handler(requests.EXECUTIONS, _executions, "reqId"),
}
