"""A session under arbitrary input: every frame is answered, refused or ends the connection; nothing else happens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow.ibsim.codec import PREFIX, FrameBuffer, frame, raw_frame, split
from hedgerow.ibsim.config import IbsimConfig
from hedgerow.ibsim.messages.layout import Field
from hedgerow.ibsim.messages.order_in import PLACE_ORDER
from hedgerow.ibsim.requests.dispatch import HANDLERS, dispatch
from hedgerow.ibsim.session import Session
from hedgerow.ibsim.simulation import Simulation

OPEN_NS = 1_709_562_600_000_000_000
# Values that mean something somewhere, beside any text at all.
WORDS = st.one_of(
    st.sampled_from(
        [
            "", "0", "1", "2", "-1", "1e400", "nan", "inf", "1E+50", "0.005", "SIMX", "STK", "OPT", "BAG", "SMART",
            "USD", "BUY", "SELL", "MKT", "LMT", "GTC", "20240328", "100", "C", "SIM0000001", "1 D", "5 mins",
            "MIDPOINT", "20240304 09:45:00", "2147483648", "99999999999999999999",
        ]
    ),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12),
)  # fmt: skip
ORDER_FIELDS = [part.name for part in PLACE_ORDER._parts if isinstance(part, Field)][1:]
PLAIN = {"symbol": "SIMX", "secType": "STK", "exchange": "SMART", "action": "BUY", "totalQuantity": "1", "orderId": "1"}
SETTINGS = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Transport:
    """Collects what a session writes."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.closed = False

    def get_extra_info(self, name: str) -> Any:
        return None

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return 0


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    made = Simulation(IbsimConfig(start_ns=OPEN_NS + 1800 * 10**9))
    made.universe.by_id["SIMX"].quote.update(OPEN_NS, 99.99, 100.01, 500, 500, False)
    yield made
    made.close()


def open_session(simulation: Simulation, version: int = 178) -> tuple[Session, Transport]:
    transport = Transport()
    session = Session(simulation, dispatch, 1)
    session.connection_made(transport)  # type: ignore[arg-type]
    session.data_received(PREFIX + raw_frame(f"v157..{version}".encode()) + frame([71, 2, 10, ""]))
    transport.written.clear()
    return session, transport


def finish(session: Session, transport: Transport) -> None:
    """Whatever was written is whole frames, and the session either answers on or is closed."""
    if not transport.closed:
        transport.written.clear()
        session.data_received(frame([49, 1]))
        assert b"49\x001\x00" in transport.written
    FrameBuffer().feed(bytes(transport.written))
    session.connection_lost(None)


@given(st.sampled_from(sorted(HANDLERS)), st.lists(WORDS, max_size=30), st.sampled_from([157, 176, 178]))
@SETTINGS
def test_any_request(simulation: Simulation, message_id: int, fields: list[str], version: int) -> None:
    session, transport = open_session(simulation, version)
    session.data_received(frame([message_id, *fields]))
    finish(session, transport)


@given(
    st.dictionaries(
        st.sampled_from([p.name for p in PLACE_ORDER._parts if isinstance(p, Field)][1:]), WORDS, max_size=8
    )
)
@SETTINGS
def test_any_order(simulation: Simulation, changed: dict[str, str]) -> None:
    session, transport = open_session(simulation)
    given_fields = {"orderType": "MKT", "transmit": "1", "orderId": str(simulation.book.next_order_id(10))} | changed
    values = []
    for part in PLACE_ORDER._parts:
        if isinstance(part, Field):
            if part.since <= 178 < part.until:
                values.append("3" if part.name == "id" else given_fields.get(part.name, PLAIN.get(part.name, "")))
        elif part.__name__ in ("_delta_neutral_contract", "_conditions"):
            values.append("0")
    session.data_received(frame(values))
    answers = [split(payload) for payload in FrameBuffer().feed(bytes(transport.written))]
    assert answers, "an order is never met with silence"
    assert answers[0][0] in ("4", "5")
    finish(session, transport)


@given(st.lists(st.binary(max_size=40), max_size=10))
@SETTINGS
def test_any_bytes(simulation: Simulation, chunks: list[bytes]) -> None:
    session, transport = open_session(simulation)
    for chunk in chunks:
        if not transport.closed:
            session.data_received(chunk)
    if transport.closed or session._buffer.pending:
        session.connection_lost(None)
    else:
        finish(session, transport)
