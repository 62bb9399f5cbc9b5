"""Real market data, end to end: GOOG's half day and TWX with its Saturday expiries."""

from __future__ import annotations

import json
from datetime import datetime

import pyarrow.parquet as pq
import pytest

from hedgerow.ibsim.wirelog import Direction, orders, read_wire_log
from tests.e2e.independent_delta import Quotes, net_delta
from tests.e2e.sessions import Session, hedgerow, imported

REPORT_KEYS = {
    "quotes", "evaluations", "intents", "orders", "fills", "denials", "blocks", "net_delta_start", "net_delta_end",
    "max_abs_net_delta", "realized_pnl", "unrealized_pnl", "commissions", "positions", "status_lamp", "client",
    "session", "config_hash", "wall_seconds",
}  # fmt: skip
CLOSE_GOOG = int(datetime.fromisoformat("2015-12-24T13:00:00-05:00").timestamp()) * 1_000_000_000


def test_the_report_holds_everything_and_the_day_was_hedged(goog: Session) -> None:
    report = goog.report
    assert report.keys() >= REPORT_KEYS
    assert report["session"] == {
        "date": "2015-12-24", "open": "2015-12-24T09:30:00-05:00", "close": "2015-12-24T13:00:00-05:00",
    }  # fmt: skip
    assert report["fills"] >= 1
    assert report["client"] in ("ib_insync", "ib_async")
    assert 200 <= report["quotes"] <= 210  # one a minute from 9:31 to 13:00
    assert report["evaluations"] >= report["quotes"]
    assert report["intents"] == report["orders"] + sum(report["denials"].values())
    legs = {p["instrument"]: p["quantity"] for p in report["positions"] if " " in p["instrument"]}
    assert legs == {"GOOG 20160115 750 C": 20.0, "GOOG 20160115 750 P": 20.0}


def test_the_day_ends_nearly_neutral(goog: Session) -> None:
    assert abs(goog.report["net_delta_end"]) < 500
    assert goog.report["max_abs_net_delta"] >= 25


def test_no_order_leaves_after_the_half_days_close(goog: Session) -> None:
    closed = [d for d in goog.decisions() if d["market_ts"] >= CLOSE_GOOG]
    assert closed
    assert not [d for d in closed if d["intent_id"]]
    assert {d["in_session"] for d in closed} == {False}


def test_the_byte_tap_saw_exactly_the_orders_of_the_store(goog: Session) -> None:
    tapped = [frame for frame in orders(goog.root / "ibsim" / "wire.log") if not frame.is_modify]
    stored = goog.rows("execution.db", "select client_order_id from orders where order_status != 'DENIED'")
    assert len(tapped) == goog.report["orders"] == len(stored)
    assert {frame.fields["orderRef"] for frame in tapped} == {row["client_order_id"] for row in stored}


def test_fills_are_at_the_tapes_quotes(goog: Session) -> None:
    """A buy pays an offer of the tape no higher than its limit, a sale gets a bid; both while the order stood."""
    assert goog.tape is not None
    table = pq.read_table(goog.tape, filters=[("instrument", "=", 0)])
    rows = list(zip(*(table[name].to_pylist() for name in ("ts", "bid", "ask")), strict=True))
    orders_by_id = {row["client_order_id"]: row for row in goog.rows("execution.db", "select * from orders")}
    fills = goog.rows("execution.db", "select * from fills")
    assert fills
    for fill in fills:
        order = orders_by_id[fill["client_order_id"]]
        since = json.loads(order["intent"])["quote_time"]
        until = fill["event_ns"] + 60_000_000_000
        prices = [ask if fill["side"] == "BUY" else bid for ts, bid, ask in rows if since <= ts <= until]
        price, limit = float(fill["price"]), float(order["limit_price"])
        assert price in [pytest.approx(each, abs=1e-9) for each in prices]
        assert price <= limit if fill["side"] == "BUY" else price >= limit


def test_no_order_is_filled_before_it_was_sent(goog: Session) -> None:
    rows = goog.rows("execution.db", "select client_order_id, type, market_ns from operations order by id")
    sent = {row["client_order_id"]: row["market_ns"] for row in rows if row["type"] == "ORDER_SENT"}
    filled = [row for row in rows if row["type"] == "FILL"]
    assert filled
    assert all(row["market_ns"] >= sent[row["client_order_id"]] for row in filled)


def test_net_delta_agrees_with_an_independent_computation(goog: Session) -> None:
    """Five moments of the session, from the tape's quotes, another root finder and another normal distribution.

    A leg keeps the volatility of the moment its quote was seen; a decision some seconds later has less time to expiry.
    """
    assert goog.tape is not None
    legs = ["GOOG 20160115 750 C", "GOOG 20160115 750 P"]
    quotes = Quotes.of(goog.tape, {"GOOG", *legs})
    usable = [
        d
        for d in goog.decisions()
        if d["in_session"]
        and d["net_delta"] is not None
        and d["leg_quote_times"] == [d["quote_time"]] * 2
        and all((leg, d["quote_time"]) in quotes.mids for leg in legs)
    ]
    moments = [usable[len(usable) * part // 6] for part in range(1, 6)]
    assert len({m["quote_time"] for m in moments}) == 5
    for moment in moments:
        assert net_delta(quotes, moment, legs, 20, "GOOG") == pytest.approx(moment["net_delta"], abs=2e-3)


@pytest.mark.parametrize("name", ["goog", "twx", "synthetic"])
def test_every_decision_replays_bit_for_bit(name: str, request: pytest.FixtureRequest) -> None:
    session: Session = request.getfixturevalue(name)
    done = session.run("replay", "verify", "latest", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    (log,) = told["strategies"].values()
    assert (told["divergences"], told["first"], log["gaps"]) == (0, None, 0)
    assert told["decisions"] >= session.report["evaluations"]


def test_twx_hedges_in_the_widened_window(twx: Session) -> None:
    assert twx.report["session"]["close"] == "2014-06-05T16:00:00-04:00"
    assert {p["instrument"] for p in twx.report["positions"]} >= {"TWX 20140719 70 C", "TWX 20140719 70 P"}
    assert twx.report["evaluations"] > 300


def test_where_no_expiry_fits_the_expiries_and_the_key_are_named(shared_data, tmp_path) -> None:  # type: ignore[no-untyped-def]
    tape = imported(tmp_path, shared_data, "TWX", "2014-06-05")
    done = hedgerow(tmp_path, "demo", "--tape", str(tape))
    assert done.returncode == 2
    assert "2014-07-19" in done.stderr
    assert "gates.strategy.structure" in done.stderr
    assert not (tmp_path / "sessions").exists()


def test_the_store_answers_after_the_session(goog: Session) -> None:
    (status,) = json.loads(goog.run("status", "--json").stdout)
    assert status["daemon_state"] == "STOPPED"
    operations = json.loads(goog.run("operations", "--json", "--limit", "1000").stdout)
    kinds = {row["type"] for row in operations}
    assert kinds >= {"HEDGE_INTENT", "ORDER_SENT", "FILL", "ADOPTION"}
    (day,) = json.loads(goog.run("stats", "--json").stdout)
    assert day["start_date"] == "2015-12-24"
    assert day["fills"] == goog.report["fills"]
    listed = json.loads(goog.run("session", "list", "--json").stdout)
    assert [row["symbol"] for row in listed] == ["GOOG"]


def test_every_connection_was_simulated(goog: Session) -> None:
    log = read_wire_log(goog.root / "ibsim" / "wire.log")
    named = [record for record in log if record.direction is Direction.OUT and record.message_id == 15]
    assert named
    assert {account for record in named for account in record.fields[2].split(",") if account} == {"SIM0000001"}
