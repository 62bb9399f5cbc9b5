"""Requests for market data: streaming, snapshots, and the kind of data."""

from __future__ import annotations

from hedgerow.ibsim.codes import DELAYED, Code, RequestRefused, validating
from hedgerow.ibsim.messages import replies, requests
from hedgerow.ibsim.messages.ids import Request
from hedgerow.ibsim.requests.handler import Fields, Handler
from hedgerow.ibsim.session import Session
from hedgerow.ibsim.ticks import Subscription

_REALTIME, _DELAYED_TYPE = 1, 3


def _market_data(session: Session, fields: Fields) -> None:
    simulation, req_id, version = session.simulation, fields["reqId"], session.version
    listing = simulation.universe.one(fields)
    if req_id in session.subscriptions:
        raise RequestRefused(Code.DUPLICATE_TICKER_ID, "Error processing request.-'bO' : cause - Duplicate ticker id")
    subscription = Subscription(session, req_id, listing, simulation.delayed)
    if simulation.delayed:
        session.error(req_id, Code.DELAYED_DATA, DELAYED)
    kind = _DELAYED_TYPE if simulation.delayed else _REALTIME
    session.send(replies.MARKET_DATA_TYPE.encode(version, {"reqId": req_id, "marketDataType": kind}))
    session.send(replies.TICK_PARAMETERS.encode(version, {"reqId": req_id, "minTick": listing.min_tick}))
    if listing.quote.time and not simulation.frozen:
        session.send_all(subscription.quote(listing.quote))
        if listing.instrument.is_option:
            simulation.send_model(listing, [subscription], simulation.time.now())
    if fields["snapshot"] == "1":
        session.send(replies.TICK_SNAPSHOT_END.encode(version, {"reqId": req_id}))
    else:
        session.subscribe(subscription)


def _cancel_market_data(session: Session, fields: Fields) -> None:
    if not session.unsubscribe(fields["reqId"]):
        raise RequestRefused(Code.UNKNOWN_TICKER_ID, f"Can't find EId with tickerId:{fields['reqId']}")


def _market_data_type(_: Session, fields: Fields) -> None:
    # The account's subscriptions decide what is served, as at a real gateway; a wish for less is not simulated.
    if fields["marketDataType"] not in ("1", "2", "3", "4"):
        raise validating("Invalid market data type")


HANDLERS = {
    Request.MARKET_DATA: Handler(requests.MARKET_DATA, _market_data, "reqId"),
    Request.CANCEL_MARKET_DATA: Handler(requests.CANCEL_BY_ID, _cancel_market_data, "reqId"),
    Request.MARKET_DATA_TYPE: Handler(requests.MARKET_DATA_TYPE, _market_data_type),
}
