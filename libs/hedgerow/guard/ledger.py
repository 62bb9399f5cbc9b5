"""What the frame log adds up to: epochs, latches, known orders, and every frame of an order; a pure fold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from hedgerow.domain.egress import WriterMark
from hedgerow.guard.frames import FrameKind, OrderFrame

BEGIN, START, CONNECT, FRAME, WITHHELD, LATCH, LIFT = (
    "BEGIN", "START", "CONNECT", "FRAME", "WITHHELD", "LATCH", "LIFT",
)  # fmt: skip


class Record(NamedTuple):
    """One line of the log: numbered from 1, wall ns UTC, and what happened as JSON values."""

    sequence: int
    wall_ns: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Latch:
    """Holds back what adds risk, of one account or (empty) of all; `durable` once it is on disk."""

    latch_id: str
    account: str
    actor: str
    reason: str
    wall_ns: int
    durable: bool

    def holds(self, account: str) -> bool:
        """Whether it holds an order for that account; one that names none could be for any."""
        return not self.account or not account or account == self.account


@dataclass(frozen=True, slots=True)
class LoggedFrame:
    """One frame as the log has it."""

    sequence: int
    wall_ns: int
    kind: FrameKind
    role: str
    epoch: int
    client_id: int
    order_id: int
    client_order_id: str
    payload_hash: str


class Ledger:
    """Folds records, in the order of the log."""

    def __init__(self) -> None:
        self.log_id = ""
        self.sequence = 0
        self.highest: dict[str, int] = {}
        """Highest epoch per role."""
        self.latches: dict[str, Latch] = {}
        """Those that stand, oldest first."""
        self.lifted: set[str] = set()
        self._begun: set[tuple[str, int]] = set()
        self._orders: dict[tuple[int, int], str] = {}
        self._frames: dict[str, list[LoggedFrame]] = {}
        self._by_sequence: dict[int, LoggedFrame] = {}

    def apply(self, record: Record) -> None:
        """One more record; raises KeyError or ValueError for one nobody wrote."""
        body = record.body
        match body["kind"]:
            case "BEGIN":
                self.log_id = str(body["log_id"])
            case "CONNECT":
                role, epoch = str(body["role"]), int(body["epoch"])
                self.highest[role] = max(epoch, self.highest.get(role, 0))
                if int(body["session"]) == 1:
                    self._begun.add((role, epoch))
            case "FRAME":
                self._frame(record, body)
            case "WITHHELD":
                self._take_back(int(body["frame"]))
            case "LATCH":
                self.set_latch(
                    Latch(body["latch_id"], body["account"], body["actor"], body["reason"], record.wall_ns, True)
                )
            case "LIFT":
                self.latches.pop(str(body["latch_id"]), None)
                self.lifted.add(str(body["latch_id"]))
            case "START":
                pass
            case kind:
                raise ValueError(f"{kind!r} is no kind of record")
        self.sequence = record.sequence

    def set_latch(self, latch: Latch) -> None:
        """In force from now on, on disk or not yet."""
        self.latches[latch.latch_id] = latch

    def latch_on(self, account: str) -> Latch | None:
        """The oldest latch that holds an order for that account."""
        return next((latch for latch in self.latches.values() if latch.holds(account)), None)

    def kind_of(self, client_id: int, frame: OrderFrame) -> FrameKind:
        """What the frame is, a new order and a change of a known one told apart."""
        known = frame.kind is FrameKind.NEW and (client_id, frame.order_id) in self._orders
        return FrameKind.MODIFY if known else frame.kind

    def name_of(self, client_id: int, frame: OrderFrame) -> str:
        """Our id of the order the frame is about; a cancel names its broker order id only."""
        return frame.client_order_id or self._orders.get((client_id, frame.order_id), "")

    def stale(self, mark: WriterMark) -> bool:
        """Whether a newer writer of that role has connected."""
        return mark.epoch < self.highest.get(mark.role, 0)

    def has_begun(self, role: str, epoch: int) -> bool:
        """Whether this log saw the first session of that epoch, and so every one."""
        return (role, epoch) in self._begun

    def frames(self, client_order_id: str) -> list[LoggedFrame]:
        """Every frame of that order, oldest first."""
        return list(self._frames.get(client_order_id, ())) if client_order_id else []

    def _frame(self, record: Record, body: Mapping[str, Any]) -> None:
        frame = LoggedFrame(
            record.sequence, record.wall_ns, FrameKind(body["frame"]), str(body["role"]), int(body["epoch"]),
            int(body["client_id"]), int(body["order_id"]), str(body["ref"]), str(body["hash"]),
        )  # fmt: skip
        self._frames.setdefault(frame.client_order_id, []).append(frame)
        self._by_sequence[frame.sequence] = frame
        if frame.kind in (FrameKind.NEW, FrameKind.MODIFY):
            self._orders[(frame.client_id, frame.order_id)] = frame.client_order_id

    def _take_back(self, sequence: int) -> None:
        """A frame that was logged and then not forwarded: it never was."""
        frame = self._by_sequence.pop(sequence)
        self._frames[frame.client_order_id].remove(frame)
        if frame.kind is FrameKind.NEW:
            self._orders.pop((frame.client_id, frame.order_id), None)


def frame_body(mark: WriterMark, client_id: int, frame: OrderFrame, kind: FrameKind, ref: str) -> dict[str, Any]:
    """The record of a frame about to be forwarded."""
    return {
        "kind": FRAME, "frame": kind.value, "role": mark.role, "epoch": mark.epoch, "client_id": client_id,
        "order_id": frame.order_id, "ref": ref, "hash": frame.payload_hash,
    }  # fmt: skip


def connect_body(mark: WriterMark) -> dict[str, Any]:
    """The record of a writer's connection about to be let through."""
    return {"kind": CONNECT, "role": mark.role, "epoch": mark.epoch, "session": mark.session}
