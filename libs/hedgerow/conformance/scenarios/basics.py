"""Plain conduct: what every client library must see of connection, account, contracts and market data."""

from __future__ import annotations

import time

from hedgerow.conformance.client import ContractSpec, OrderSpec
from hedgerow.conformance.gateway import EXPIRY, SYMBOL
from hedgerow.conformance.scenario import Scenarios
from hedgerow.conformance.world import CALL, CALL_ID, STOCK, World, error_codes, wait_code

SCENARIOS = Scenarios()


@SCENARIOS.conduct
def connects_and_is_greeted(world: World) -> None:
    """Version, account, ids and the three farm notices."""
    client = world.connect(world.gateway())
    assert client.server_version() == world.version_max
    assert client.accounts() == ["SIM0000001"]
    notices = {2104, 2106, 2158}
    client.wait(lambda: notices <= {error.code for error in client.errors}, f"notices {notices}")
    assert abs(client.current_time() - time.time()) < 60


@SCENARIOS.conduct
def account_is_told(world: World) -> None:
    """Account values and summary, cash and a position marked at mid."""
    positions = [{"instrument_id": CALL_ID, "quantity": 20, "average_price": 1.5}]
    client = world.connect(world.gateway(positions=positions, cash_usd=1_000_000))
    values = client.account_values()
    assert float(values["TotalCashValue"]) == 1_000_000
    assert float(values["NetLiquidation"]) == 1_000_000 + 20 * 100 * 2.05
    summary = client.account_summary()
    assert float(summary["NetLiquidation"]) == 1_000_000 + 20 * 100 * 2.05
    assert float(summary["TotalCashValue"]) == 1_000_000


@SCENARIOS.conduct
def positions_are_told_and_pushed(world: World) -> None:
    """Initial positions, an option's cost with its multiplier, and changes as they happen."""
    gateway = world.gateway(positions=[{"instrument_id": CALL_ID, "quantity": -3, "average_price": 1.5}])
    client = world.connect(gateway)
    con_id = client.details(CALL)[0].con_id
    assert client.positions() == {con_id: (-3.0, 150.0)}
    assert client.portfolio()[con_id][:2] == (-3.0, 2.05)
    gateway.admin("seed_position", instrument_id=SYMBOL, quantity=50, average_price=99.5)
    stock_id = client.details(STOCK)[0].con_id
    client.wait(lambda: client.positions().get(stock_id) == (50.0, 99.5), "the seeded position")


@SCENARIOS.conduct
def stock_is_described(world: World) -> None:
    """Contract details of a stock."""
    client = world.connect(world.gateway())
    [found] = client.details(STOCK)
    assert (found.symbol, found.sec_type, found.min_tick) == (SYMBOL, "STK", 0.01)
    assert found.long_name == "SIMULATED SIMX"
    assert found.liquid_hours == "20240304:0930-20240304:1600"
    assert found.time_zone == "US/Eastern"
    [same] = client.details(ContractSpec(symbol="", sec_type="", con_id=found.con_id))
    assert same == found


@SCENARIOS.conduct
def option_is_described(world: World) -> None:
    """Contract details of one option, and of all that a half-open description matches."""
    client = world.connect(world.gateway())
    [found] = client.details(CALL)
    assert (found.expiry, found.strike, found.right, found.multiplier) == (EXPIRY, 100.0, "C", "100")
    assert found.under_con_id == client.details(STOCK)[0].con_id
    both = client.details(ContractSpec(sec_type="OPT", expiry=EXPIRY, strike=100.0))
    assert {d.right for d in both} == {"C", "P"}
    month = client.details(ContractSpec(sec_type="OPT", expiry=EXPIRY[:6], right="P"))
    assert len(month) > 10
    assert len({d.con_id for d in month}) == len(month)


@SCENARIOS.conduct
def unknown_contract_is_refused(world: World) -> None:
    """200 for details, market data and orders."""
    client = world.connect(world.gateway())
    assert client.details(ContractSpec(symbol="NOSUCH")) == []
    wait_code(client, 200)
    client.errors.clear()
    client.subscribe(ContractSpec(con_id=1))
    wait_code(client, 200)
    client.errors.clear()
    client.place(ContractSpec(sec_type="OPT", expiry=EXPIRY, strike=100.0), OrderSpec("BUY", 1))  # call or put?
    wait_code(client, 200)
    assert "ambiguous" in client.errors[-1].text
    client.errors.clear()
    assert client.details(ContractSpec(exchange="MOON")) == []
    wait_code(client, 200)


@SCENARIOS.conduct
def option_chain_is_listed(world: World) -> None:
    """Expirations and strikes per exchange."""
    client = world.connect(world.gateway())
    stock_id = client.details(STOCK)[0].con_id
    chains = client.chains(SYMBOL, stock_id)
    assert {chain.exchange for chain in chains} == {"SMART", "CBOE"}
    smart = next(chain for chain in chains if chain.exchange == "SMART")
    assert smart.multiplier == "100"
    assert EXPIRY in smart.expirations
    assert 100.0 in smart.strikes


@SCENARIOS.conduct
def quotes_stream(world: World) -> None:
    """Bid, ask and sizes; changes; an absent side; and that an unchanged quote was quoted again."""
    gateway = world.gateway()
    client = world.connect(gateway)
    handle = client.subscribe(STOCK)
    client.wait(lambda: client.quote(handle).bid == 99.99, "the first bid")
    view = client.quote(handle)
    assert (view.ask, view.bid_size, view.ask_size, view.market_data_type) == (100.01, 1000, 1000, 1)
    gateway.quote(SYMBOL, 101.5, 101.52, size=300)
    client.wait(lambda: (client.quote(handle).bid, client.quote(handle).bid_size) == (101.5, 300), "the new bid")
    assert client.quote(handle).ask == 101.52
    gateway.quote(SYMBOL, 101.5, 101.52, size=200)
    client.wait(lambda: client.quote(handle).bid_size == 200, "the new size")
    gateway.quote(SYMBOL, 101.5, None)
    client.wait(lambda: client.quote(handle).ask == -1, "the absent ask")
    before = client.quote(handle).updates
    gateway.quote(SYMBOL, 101.5, None)
    client.wait(lambda: client.quote(handle).updates > before, "an unchanged quote being noticed")
    client.unsubscribe(handle)
    client.wait(lambda: gateway.admin("status")["clients"][0]["subscriptions"] == 0, "the subscription to end")


@SCENARIOS.conduct
def greeks_stream(world: World) -> None:
    """Model greeks of an option, moving with the underlying, and not computed without an ask."""
    gateway = world.gateway()
    client = world.connect(gateway)
    handle = client.subscribe(CALL)
    client.wait(lambda: client.quote(handle).delta is not None, "greeks")
    first = client.quote(handle).delta
    assert first is not None
    assert 0.4 < first < 0.7
    assert 0.05 < (client.quote(handle).implied_volatility or 0) < 1
    theta = client.quote(handle).theta
    assert theta is not None
    assert -1 < theta < 0  # per day, per share
    gateway.quote(SYMBOL, 101.99, 102.01)
    client.wait(lambda: (client.quote(handle).delta or 0) > first, "delta rising with the underlying")
    gateway.quote(CALL_ID, 2.00, None)
    client.wait(lambda: client.quote(handle).delta is None, "not computed")


@SCENARIOS.conduct
def snapshot_answers_once(world: World) -> None:
    """A snapshot leaves no subscription behind."""
    gateway = world.gateway()
    client = world.connect(gateway)
    view = client.snapshot(STOCK)
    assert (view.bid, view.ask) == (99.99, 100.01)
    assert gateway.admin("status")["clients"][0]["subscriptions"] == 0


@SCENARIOS.conduct
def delayed_data_is_labelled(world: World) -> None:
    """Notice 10167 and type 3 before delayed ticks."""
    client = world.connect(world.gateway(market_data="delayed"))
    handle = client.subscribe(STOCK)
    client.wait(lambda: client.quote(handle).bid == 99.99, "a delayed bid")
    assert 10167 in error_codes(client)
    assert client.quote(handle).market_data_type == 3


@SCENARIOS.conduct
def history_is_served(world: World) -> None:
    """Bars of the day so far; 162 where there is nothing."""
    client = world.connect(world.gateway())
    closes = client.closes(STOCK, "1 D", "5 mins", "MIDPOINT")
    assert len(closes) == 6  # half an hour of the session
    assert all(80 < close < 120 for close in closes)
    asks, bids = client.closes(STOCK, "1 D", "5 mins", "ASK"), client.closes(STOCK, "1 D", "5 mins", "BID")
    assert all(bid < ask for bid, ask in zip(bids, asks, strict=True))
    assert client.closes(ContractSpec(symbol="NOSUCH"), "1 D", "5 mins", "MIDPOINT") == []
    wait_code(client, 200)
