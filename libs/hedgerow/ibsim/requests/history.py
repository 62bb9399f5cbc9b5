"""Requests for historical bars, made from the rows of the day being played."""

from __future__ import annotations

from hedgerow.ibsim.bars import BAR_SECONDS, Bar, BarRequest, make_bars, parse_duration, parse_end
from hedgerow.ibsim.codec import Value, frame
from hedgerow.ibsim.codes import Code, RequestRefused, validating
from hedgerow.ibsim.messages import requests
from hedgerow.ibsim.messages.ids import Reply, Request
from hedgerow.ibsim.messages.layout import Layout
from hedgerow.ibsim.requests.handler import Fields, Handler
from hedgerow.ibsim.session import Session
from hedgerow.ibsim.times import SECOND_NS, eastern, event_text

_SHOWN = ("TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK")


def _historical_data(session: Session, fields: Fields) -> None:
    simulation = session.simulation
    listing = simulation.universe.one(fields)
    if fields["whatToShow"] not in _SHOWN:
        raise validating(f"Invalid data type {fields['whatToShow'][:16]}; the simulator has {', '.join(_SHOWN)}")
    if fields["barSize"] not in BAR_SECONDS:
        raise validating("Historical data bar size setting is invalid. Legal ones are: " + ", ".join(BAR_SECONDS))
    if fields["keepUpToDate"] == "1":
        raise validating("keepUpToDate is not simulated")
    now = simulation.time.now()
    end = min(now, parse_end(fields["endDateTime"], now))
    request = BarRequest(
        instrument=simulation.listings.index(listing) if listing.listed else -1,
        start=end - parse_duration(fields["duration"]),
        end=end,
        bar_ns=BAR_SECONDS[fields["barSize"]] * SECOND_NS,
        regular_only=fields["useRth"] == "1",
        shown=fields["whatToShow"],
    )
    bars = make_bars(simulation.day, request)
    if not bars:
        what = f"{listing.fields['symbol']}@{fields['exchange']} {fields['whatToShow'].capitalize()}"
        text = f"Historical Market Data Service error message:HMDS query returned no data: {what}"
        raise RequestRefused(Code.HISTORICAL_DATA_ERROR, text)
    _send(session, fields, request, bars)


def _send(session: Session, fields: Fields, request: BarRequest, bars: list[Bar]) -> None:
    version = session.version
    values: list[Value] = [
        Reply.HISTORICAL_DATA.value, fields["reqId"], event_text(request.start // SECOND_NS, version),
        event_text(request.end // SECOND_NS, version), len(bars),
    ]  # fmt: skip
    daily = request.bar_ns >= 86_400 * SECOND_NS
    for bar in bars:
        if daily:
            when = f"{eastern(bar.time):%Y%m%d}"
        elif fields["formatDate"] == "2":
            when = str(bar.time // SECOND_NS)
        else:
            when = event_text(bar.time // SECOND_NS, version)
        # A tape of quotes has no volume; a real gateway says -1 for midpoints too.
        values += [when, bar.open, bar.high, bar.low, bar.close, -1, -1, -1]
    session.send(frame(values))


def _cancel(_: Session, __: Fields) -> None:
    """Every request is answered at once, so there is nothing to cancel."""


HANDLERS = {
    Request.HISTORICAL_DATA: Handler(requests.HISTORICAL_DATA, _historical_data, "reqId"),
    Request.CANCEL_HISTORICAL_DATA: Handler(Layout("id"), _cancel),
}
