"""From a frame to its handler; whatever a client sends ends in an answer, an error or a dropped connection."""

from __future__ import annotations

from hedgerow.ibsim.codec import MalformedFrame, split
from hedgerow.ibsim.codes import Code, RequestRefused
from hedgerow.ibsim.messages.ids import Request
from hedgerow.ibsim.messages.layout import whole
from hedgerow.ibsim.requests import account, connection, contracts, history, market_data, orders
from hedgerow.ibsim.requests.handler import Handler
from hedgerow.ibsim.session import Session

HANDLERS: dict[int, Handler] = {
    int(message_id): handler
    for table in (connection, account, contracts, market_data, history, orders)
    for message_id, handler in table.HANDLERS.items()
}
# Where a layout is known, an unknown field is too: a newer client must not be half understood.
_EXACT = {Request.PLACE_ORDER}
_LARGEST_ID = 2**31 - 1


def dispatch(session: Session, payload: bytes) -> None:
    """Handle one frame of a session that has finished its handshake."""
    fields = split(payload)
    try:
        message_id = int(fields[0])
    except (ValueError, IndexError):
        session.error(-1, Code.UNKNOWN_MESSAGE, "Fatal Error: Unknown message id.")
        return
    if message_id in session.simulation.muted:
        return
    handler = HANDLERS.get(message_id)
    if handler is None:
        session.error(-1, Code.UNKNOWN_MESSAGE, f"Fatal Error: Unknown message id. {message_id}")
        return
    if not session.is_ready and message_id != Request.START_API:
        session.error(-1, Code.NOT_CONNECTED, "Not connected")
        return
    _handle(session, handler, message_id, fields)


def _handle(session: Session, handler: Handler, message_id: int, fields: list[str]) -> None:
    req_id = "-1"
    try:
        got = handler.layout.decode(fields, session.version, exact=message_id in _EXACT)
        if handler.req_id:
            req_id = got[handler.req_id] = _as_id(got[handler.req_id])
        handler.handle(session, got)
    except RequestRefused as refusal:
        session.error(req_id, refusal.code, refusal.text)
    except MalformedFrame as error:
        if message_id == Request.PLACE_ORDER and len(fields) > 1 and fields[1].isdecimal():
            req_id = fields[1]
        session.error(req_id, Code.READING_REQUEST, f"Error reading request. Unable to parse data. {error}")


def _as_id(text: str) -> str:
    number = whole(text, "request id")
    if not -1 <= number <= _LARGEST_ID:
        raise MalformedFrame(f"request id: {text[:40]} is not a 32-bit id")
    return str(number)
