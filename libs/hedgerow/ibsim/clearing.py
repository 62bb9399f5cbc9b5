"""What a trade does to the book: order, position, cash, commission and the execution itself."""

from __future__ import annotations

from decimal import Decimal

from hedgerow.domain.position import Position
from hedgerow.ibsim.accounts import Accounts
from hedgerow.ibsim.book import Book
from hedgerow.ibsim.codec import Value
from hedgerow.ibsim.contracts import Listing
from hedgerow.ibsim.fills import CommissionModel, Match
from hedgerow.ibsim.orders import Execution, SimOrder, Status


def clear(book: Book, order: SimOrder, listing: Listing, trade: Match, model: CommissionModel, now: int) -> Execution:
    """Book one trade of `order` at market time `now` (ns UTC) and commit it; the execution."""
    instrument, side = listing.instrument, order.side
    order.filled += trade.quantity
    order.value += trade.quantity * trade.price
    order.last_price = trade.price
    charged = model.total(order.filled, is_option=instrument.is_option) - order.commission
    order.commission += charged
    held = book.positions.get(order.instrument_id, Position())
    signed = side.sign * trade.quantity
    after = held.after(signed, trade.price, instrument.multiplier)
    realized = after.realized_pnl - held.realized_pnl if held.quantity * signed < 0 else None
    done = Execution(
        book.new_execution_id(), order.client_id, order.order_id, order.perm_id, order.instrument_id, side,
        trade.quantity, trade.price, order.filled, order.average_price, order.fields["orderRef"], charged, realized,
        now,
    )  # fmt: skip
    book.executions.append(done)
    book.positions[order.instrument_id] = after
    book.cash -= signed * trade.price * instrument.multiplier + charged
    if order.remaining <= 0:
        order.status, order.completed_at = Status.FILLED, now
    if listing.quote.mark is not None:
        book.marks[order.instrument_id] = listing.quote.mark
    book.commit((order,), done, instrument, (order.instrument_id,))
    return done


def what_if(
    book: Book, accounts: Accounts, order: SimOrder, listing: Listing, price: Decimal, model: CommissionModel
) -> dict[str, Value]:
    """The openOrder fields that say what `order` at `price` would cost and need."""
    held = book.positions.get(order.instrument_id, Position()).quantity
    after = held + order.side.sign * order.total
    before, equity = accounts.total_margin(), accounts.equity()
    change = accounts.margin(listing, after, price) - accounts.margin(listing, held, price)
    commission = model.total(order.total, is_option=listing.instrument.is_option)
    figures = {
        "initMarginBefore": before, "maintMarginBefore": before, "equityBefore": equity, "initMarginChange": change,
        "maintMarginChange": change, "equityChange": -commission, "initMarginAfter": before + change,
        "maintMarginAfter": before + change, "equityAfter": equity - commission, "commission": commission,
        "minCommission": commission, "maxCommission": commission,
    }  # fmt: skip
    return {"whatIf": "1", **{name: f"{value:.2f}" for name, value in figures.items()}}
