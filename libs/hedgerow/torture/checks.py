"""What must hold of a case's intents, seen from outside: the tap, the broker's book, execution's database."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.domain.order import Intent
from hedgerow.ibsim.orders import Status
from hedgerow.torture.registry import CaseFailed, require
from hedgerow.torture.world import World, name_of, until
from hedgerow.wire.common import decimal_from_wire
from services.execution.domain.intents import payload_hash

IDLE_CASES = 6
"""Cases of a world after which an order must have left: promises about orders hold for ever where none is sent."""
AGREE_S = 5.0
"""Wall seconds positions may take to agree once every order is settled."""
TERMINAL = frozenset({"FILLED", "CANCELED", "REJECTED", "DENIED"})


@dataclass(frozen=True, slots=True)
class Settled:
    """Where an intent ended."""

    intent: Intent
    status: str
    reason: str
    frames: int


async def settle(world: World, intents: Sequence[Intent]) -> list[Settled]:
    """Cancels what rests and waits until every intent is terminal, or UNKNOWN where the broker has nothing of it.

    Raises CaseFailed when one stays in between, or when what the broker has is not what execution says.
    """
    for intent in intents:
        order = await world.order(world.named(intent))
        if order is not None and name_of(order.order_status) not in TERMINAL | {"UNKNOWN"}:
            await world.cancel(world.named(intent))
    settled = [await _settled(world, intent) for intent in intents]
    # A frame that was held up on its way may have come to the broker while others were waited for.
    late = {
        each.intent.intent_id
        for each in settled
        if each.status == "UNKNOWN" and world.market.orders(world.named(each.intent))
    }
    return [await _settled(world, each.intent) if each.intent.intent_id in late else each for each in settled]


async def _settled(world: World, intent: Intent) -> Settled:
    name = world.named(intent)

    async def over() -> execution_pb2.Order | str | None:
        order = await world.order(name)
        at_broker = world.market.orders(name)
        if order is None:
            return "ABSENT" if not at_broker else None
        status = name_of(order.order_status)
        world.note(f"{name} is {status}, at the broker {[each.status.value for each in at_broker]}")
        if status == "UNKNOWN":
            return order if not at_broker else None
        if status not in TERMINAL and at_broker and at_broker[0].status in (Status.SUBMITTED, Status.PRE_SUBMITTED):
            await world.cancel(name)
        paid = all(fill.HasField("commission") for fill in order.fills)
        return order if status in TERMINAL and paid else None

    found = await until(over, f"{intent.intent_id} ({name}) is terminal, or UNKNOWN and not at the broker")
    frames = len(world.tap.new_orders(name))
    if found == "ABSENT":
        require(not frames, f"{frames} frames of {name}, an order execution does not know")
        return Settled(intent, "ABSENT", "", frames)
    return Settled(intent, name_of(found.order_status), found.reason, frames)


def at_most_one_frame(world: World, intents: Sequence[Intent]) -> None:
    """No intent had more than one new-order frame, ever, and the broker has no two orders of one name."""
    for intent in intents:
        name = world.named(intent)
        frames = world.tap.new_orders(name)
        require(len(frames) <= 1, f"{len(frames)} new-order frames of {name}: {[each.order_id for each in frames]}")
        held = world.market.orders(name)
        require(len(held) <= 1, f"the broker holds {len(held)} orders named {name}")


def journaled_before_sent(world: World, intents: Sequence[Intent]) -> None:
    """When each frame crossed the tap, its row was committed: intent, names, payload, verdict, epoch."""
    by_name = {world.named(intent): intent for intent in intents}
    for seen in world.tap.orders:
        intent = by_name.get(seen.client_order_id)
        if intent is None:
            continue
        row = seen.written
        require(isinstance(row, dict), f"{seen.client_order_id} left before its row was committed")
        assert isinstance(row, dict)
        require(
            row["broker_order_id"] == seen.order_id, f"order id {seen.order_id} sent, {row['broker_order_id']} kept"
        )
        require(row["intent_id"] == intent.intent_id, f"the row of {seen.client_order_id} is of another intent")
        require(row["payload_hash"] == payload_hash(intent), f"{seen.client_order_id}: the row has another payload")
        require('"allowed":true' in row["verdict"].replace(" ", ""), f"{seen.client_order_id} left without an approval")
        require(row["epoch"] >= 1, f"{seen.client_order_id} has no epoch")
        fields = seen.fields
        sent = (fields["action"], Decimal(fields["totalQuantity"]), fields["account"])
        wanted = (intent.side.value, intent.quantity, intent.account)
        require(sent == wanted, f"{seen.client_order_id}: {sent} sent, {wanted} wanted")


def no_frame_twice(world: World) -> None:
    """No name ever crossed the tap as a new order more than once."""
    twice = {name: n for name, n in Counter(seen.client_order_id for seen in world.tap.orders).items() if n > 1}
    require(not twice, f"new-order frames by name: {twice}")


def no_order_id_twice(world: World) -> None:
    """Every order id that ever crossed the tap belongs to one order only."""
    owners: dict[int, set[str]] = {}
    for seen in world.tap.orders:
        owners.setdefault(seen.order_id, set()).add(seen.client_order_id)
    shared = {number: names for number, names in owners.items() if len(names) > 1}
    require(not shared, f"order ids used twice: {shared}")


def told_truly(world: World, settled: Sequence[Settled]) -> None:
    """What execution says of each order is what the broker has, and what was refused never left."""
    for each in settled:
        name = world.named(each.intent)
        held = world.market.orders(name)
        if each.status in ("DENIED", "ABSENT"):
            withheld = world.journaled(name)
            require(not each.frames, f"{name} is {each.status} and left all the same ({each.reason}, {withheld})")
        if not held:
            require(each.status in ("DENIED", "UNKNOWN", "ABSENT", "REJECTED"), f"{name} is {each.status} from nothing")
            continue
        row = world.journaled(name)
        require(row is not None, f"the broker has {name}, execution's database does not")
        assert row is not None
        require(
            Decimal(row["cum_qty"]) == held[0].filled,
            f"{name}: {held[0].filled} filled at the broker, {row['cum_qty']} by the journal",
        )
        right = {Status.FILLED: "FILLED", Status.CANCELED: "CANCELED", Status.INACTIVE: "REJECTED"}[held[0].status]
        require(each.status == right, f"{name} is {each.status}, at the broker {held[0].status.value}")


async def positions_agree(world: World) -> None:
    """Net positions of the journal become the broker's."""
    try:
        await until(lambda: world.net_positions() == world.market.positions(), "positions agree", AGREE_S)
    except CaseFailed as error:
        raise CaseFailed(f"positions: journal {world.net_positions()}, broker {world.market.positions()}") from error


def chain_holds(world: World) -> None:
    """Sequences without a gap, each event chained to the one before."""
    previous = "0" * 64
    rows = world.rows("SELECT sequence, prev_hash, hash FROM journal ORDER BY sequence")
    for number, row in enumerate(rows, 1):
        require(row["sequence"] == number and row["prev_hash"] == previous, f"the chain breaks at {number}")
        previous = row["hash"]


async def attribution_agrees(world: World) -> None:
    """Each strategy holds what the newest revisions of its own orders' executions add up to."""
    owners = {row["client_order_id"]: row["strategy"] for row in world.rows("SELECT * FROM orders")}

    def differences() -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
        theirs: dict[tuple[str, str], Decimal] = {}
        for each in world.market.executions():
            place = (owners[each.order_ref], each.instrument_id)
            theirs[place] = theirs.get(place, Decimal(0)) + each.side.sign * each.quantity
        ours = {
            (row["strategy"], row["instrument"]): Decimal(row["quantity"])
            for row in world.rows("SELECT strategy, instrument, quantity FROM positions")
        }
        zero = Decimal(0)
        return {
            place: (ours.get(place, zero), theirs.get(place, zero))
            for place in ours.keys() | theirs.keys()
            if ours.get(place, zero) != theirs.get(place, zero)
        }

    try:
        await until(lambda: not differences(), "attribution agrees", AGREE_S)
    except CaseFailed as error:
        raise CaseFailed(f"(strategy, instrument): (journal, broker): {differences()}") from error


async def everything(world: World, intents: Sequence[Intent], corrected: bool = False) -> list[Settled]:
    """Promises 1 to 3 and the ends of 4, for one case's intents; `corrected` where executions were taken back."""
    settled = await settle(world, intents)
    require(
        world.tap.orders or world.case < IDLE_CASES, f"not one order left in {world.case} cases: nothing is attacked"
    )
    try:
        at_most_one_frame(world, intents)
        journaled_before_sent(world, intents)
        no_order_id_twice(world)
        if not corrected:
            told_truly(world, settled)
        await positions_agree(world)
    except CaseFailed as error:
        ended = Counter(f"{each.status} {each.reason}".strip() for each in settled)
        raise CaseFailed(f"{error}\nended: {dict(ended)}") from error
    except sqlite3.Error as error:
        raise CaseFailed(f"execution's database cannot be read: {error}") from error
    return settled


def quantity(order: execution_pb2.Order) -> Decimal:
    """What is executed of it."""
    return decimal_from_wire("cum_qty", order.cum_qty)
