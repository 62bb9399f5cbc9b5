"""What a recorded gateway sent against what the simulated one sends: field counts by message and server version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from hedgerow.ibsim.codec import MalformedFrame
from hedgerow.ibsim.codes import Code
from hedgerow.ibsim.faults.names import REPLIES, REQUESTS
from hedgerow.ibsim.messages import order_out, replies
from hedgerow.ibsim.messages.ids import Reply, Request
from hedgerow.ibsim.messages.layout import Layout
from hedgerow.ibsim.messages.order_in import place_order
from hedgerow.ibsim.versions import NEWEST, OLDEST
from hedgerow.ibsim.wirelog import Direction, WireRecord, read_wire_log

_LAYOUTS: dict[int, Layout] = {
    Reply.ORDER_STATUS: order_out.ORDER_STATUS, Reply.OPEN_ORDER: order_out.OPEN_ORDER,
    Reply.COMPLETED_ORDER: order_out.COMPLETED_ORDER, Reply.COMPLETED_ORDERS_END: order_out.COMPLETED_ORDERS_END,
    Reply.OPEN_ORDERS_END: order_out.OPEN_ORDERS_END, Reply.EXECUTION: order_out.EXECUTION,
    Reply.EXECUTIONS_END: order_out.EXECUTIONS_END, Reply.COMMISSION: order_out.COMMISSION,
    Reply.ERROR: replies.ERROR, Reply.NEXT_VALID_ID: replies.NEXT_VALID_ID,
    Reply.MANAGED_ACCOUNTS: replies.MANAGED_ACCOUNTS, Reply.CURRENT_TIME: replies.CURRENT_TIME,
    Reply.ACCOUNT_VALUE: replies.ACCOUNT_VALUE, Reply.PORTFOLIO_VALUE: replies.PORTFOLIO_VALUE,
    Reply.ACCOUNT_TIME: replies.ACCOUNT_TIME, Reply.ACCOUNT_DOWNLOAD_END: replies.ACCOUNT_DOWNLOAD_END,
    Reply.ACCOUNT_SUMMARY: replies.ACCOUNT_SUMMARY, Reply.ACCOUNT_SUMMARY_END: replies.ACCOUNT_SUMMARY_END,
    Reply.ACCOUNT_UPDATE_MULTI: replies.ACCOUNT_UPDATE_MULTI,
    Reply.ACCOUNT_UPDATE_MULTI_END: replies.ACCOUNT_UPDATE_MULTI_END, Reply.POSITION: replies.POSITION,
    Reply.POSITIONS_END: replies.POSITIONS_END, Reply.PNL: replies.PNL, Reply.PNL_SINGLE: replies.PNL_SINGLE,
    Reply.CONTRACT_DETAILS: replies.CONTRACT_DETAILS, Reply.CONTRACT_DETAILS_END: replies.CONTRACT_DETAILS_END,
    Reply.OPTION_CHAIN_END: replies.OPTION_CHAIN_END, Reply.TICK_PARAMETERS: replies.TICK_PARAMETERS,
    Reply.MARKET_DATA_TYPE: replies.MARKET_DATA_TYPE, Reply.TICK_SNAPSHOT_END: replies.TICK_SNAPSHOT_END,
}  # fmt: skip
_TICKS = {Reply.TICK_PRICE: 7, Reply.TICK_SIZE: 5, Reply.TICK_STRING: 5, Reply.TICK_OPTION_COMPUTATION: 12}
# Lists inside the message: their length says nothing of the layout.
_REPEATING = frozenset({Reply.HISTORICAL_DATA, Reply.OPTION_CHAIN, Reply.SYMBOL_SAMPLES, Reply.MARKET_RULE})
_ANY_LENGTH = "a list of any length"


@dataclass
class Row:
    """One message kind at one server version: how many frames had how many fields, and what was expected."""

    message: str
    message_id: int
    server_version: int
    sender: str
    recorded: Counter[int] = field(default_factory=Counter)
    simulated: list[int] = field(default_factory=list)
    note: str = ""

    @property
    def agrees(self) -> bool:
        """Whether every recorded frame has a count the simulated gateway has, too."""
        if self.note:
            return self.note == _ANY_LENGTH
        return set(self.recorded) <= set(self.simulated)

    def as_json(self) -> dict[str, object]:
        """The row as plain values."""
        return {
            "message": self.message, "id": self.message_id, "server_version": self.server_version,
            "sender": self.sender, "recorded": {str(count): self.recorded[count] for count in sorted(self.recorded)},
            "simulated": self.simulated, "agrees": self.agrees, "note": self.note,
        }  # fmt: skip

    def __str__(self) -> str:
        verdict = "same  " if self.agrees else "DIFFERS"
        counts = ", ".join(f"{count} fields x {times}" for count, times in sorted(self.recorded.items()))
        wanted = self.note or ("simulated: " + ", ".join(map(str, self.simulated)))
        return f"{verdict:7} {self.server_version} {self.sender:7} {self.message}: {counts}; {wanted}"


def expected(message_id: int, server_version: int, fields: list[str]) -> int | None:
    """How many fields the simulated gateway gives that message; None for a kind it never sends."""
    if message_id in _TICKS:
        return _TICKS[Reply(message_id)]
    layout = _LAYOUTS.get(message_id)
    if layout is None:
        return None
    count = layout.encode(server_version, {})[4:].count(b"\0")
    if message_id in (Reply.OPEN_ORDER, Reply.COMPLETED_ORDER):
        marked = layout.encode(server_version, {"deltaNeutralOrderType": "\1"})[4:].split(b"\0")
        place = marked.index(b"\1")
        # the literal "None" of a real gateway is followed by eight more fields, as any type of order is
        if len(fields) > place and fields[place]:
            count += 8
    return count


def compare(recorded: Path, reference: Path | None = None) -> list[Row]:
    """A row per message kind and server version of the recording, those that differ first.

    Without a reference the simulated gateway's own layouts are it; else another wire log.
    Raises InvalidValue when a file is no wire log.
    """
    rows: dict[tuple[int, int, str], Row] = {}
    other = _lengths(reference) if reference is not None else None
    codes: set[int] = set()
    for record, version, fields in _frames(recorded):
        sender = "gateway" if record.direction is Direction.OUT else "client"
        key = (record.message_id, version, sender)
        if key not in rows:
            rows[key] = Row(_name(record.message_id, sender), record.message_id, version, sender)
        row = rows[key]
        row.recorded[len(fields)] += 1
        if record.direction is Direction.IN:
            _check_request(row, fields, version)
        else:
            _check_reply(row, fields, None if other is None else other.get(key, set()))
            if record.message_id == Reply.ERROR and len(fields) > 3 and fields[3].lstrip("-").isdigit():
                codes.add(int(fields[3]))
    unknown = sorted(codes - {int(code) for code in Code})
    found = sorted(rows.values(), key=lambda row: (row.agrees, row.server_version, row.sender, row.message_id))
    for row in found:
        if row.message_id == Reply.ERROR and row.sender == "gateway" and unknown:
            row.message += f" (codes the simulated gateway has not: {', '.join(map(str, unknown))})"
    return found


def _frames(path: Path) -> Iterable[tuple[WireRecord, int, list[str]]]:
    """Every frame after the handshake, with its connection's server version and its fields."""
    versions: dict[int, int] = {}
    for record in read_wire_log(path):
        if record.direction is Direction.OUT and record.connection_id not in versions:
            versions[record.connection_id] = record.message_id  # the answer to the version offer
            continue
        version = versions.get(record.connection_id)
        if version is None:
            continue
        try:
            yield record, version, record.fields
        except MalformedFrame:
            continue


def _lengths(path: Path) -> dict[tuple[int, int, str], set[int]]:
    found: dict[tuple[int, int, str], set[int]] = {}
    for record, version, fields in _frames(path):
        sender = "gateway" if record.direction is Direction.OUT else "client"
        found.setdefault((record.message_id, version, sender), set()).add(len(fields))
    return found


def _check_reply(row: Row, fields: list[str], reference: set[int] | None) -> None:
    if row.message_id in _REPEATING:
        row.note = _ANY_LENGTH
    elif not OLDEST <= row.server_version <= NEWEST:
        row.note = f"server version {row.server_version} is not simulated"
    elif reference is not None:
        row.simulated = sorted(reference)
        row.note = "" if reference else "not in the reference"
    else:
        wanted = expected(row.message_id, row.server_version, fields)
        if wanted is None:
            row.note = "the simulated gateway never sends it"
        elif wanted not in row.simulated:
            row.simulated.append(wanted)


def _check_request(row: Row, fields: list[str], version: int) -> None:
    row.simulated = sorted(row.recorded)
    if row.message_id == Request.PLACE_ORDER:
        try:
            place_order(fields, version)
        except MalformedFrame as error:
            row.note = f"not understood: {error}"
    elif row.message_id not in REQUESTS.values():
        row.note = "the simulated gateway does not know this request"


def _name(message_id: int, sender: str) -> str:
    table = REPLIES if sender == "gateway" else REQUESTS
    return next((name for name, number in table.items() if number == message_id), f"message {message_id}")
