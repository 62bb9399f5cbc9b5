"""Requests about contracts: details, option chains, symbols, price increments."""

from __future__ import annotations

from hedgerow.ibsim.codec import Value, frame
from hedgerow.ibsim.codes import NO_DEFINITION, Code, RequestRefused, validating
from hedgerow.ibsim.contracts import OPTION_EXCHANGES, STOCK_EXCHANGES, Listing, known_sec_type
from hedgerow.ibsim.messages import replies, requests
from hedgerow.ibsim.messages.ids import Reply, Request
from hedgerow.ibsim.messages.layout import whole
from hedgerow.ibsim.requests.handler import Fields, Handler
from hedgerow.ibsim.session import Session
from hedgerow.ibsim.times import ZONE, Hours, eastern
from hedgerow.tape.sessions import last_trading_day

_MARKET_RULE = 26  # one cent at every price
_EXTENDED = ("0400", "2000")


def _contract_details(session: Session, fields: Fields) -> None:
    if fields["secType"] and not known_sec_type(fields["secType"]):
        raise validating("Please enter a valid security type")
    found = session.simulation.universe.match(fields)
    if not found:
        raise RequestRefused(Code.NO_SECURITY_DEFINITION, NO_DEFINITION)
    hours = session.simulation.time.hours
    for listing in found:
        values = _details(listing, hours) | {"reqId": fields["reqId"]}
        session.send(replies.CONTRACT_DETAILS.encode(session.version, values))
    session.send(replies.CONTRACT_DETAILS_END.encode(session.version, {"reqId": fields["reqId"]}))


def _details(listing: Listing, hours: Hours) -> dict[str, Value]:
    instrument, under = listing.instrument, listing.underlying
    exchanges = OPTION_EXCHANGES if instrument.is_option else STOCK_EXCHANGES
    opens, closes = eastern(hours.open_ns), eastern(hours.close_ns)
    day = f"{opens:%Y%m%d}"
    values: dict[str, Value] = {
        **listing.fields, "marketName": listing.fields["tradingClass"], "minTick": listing.min_tick,
        "orderTypes": "ACTIVETIM,DAY,GTC,IOC,LMT,MKT,WHATIF", "validExchanges": ",".join(exchanges),
        "longName": f"SIMULATED {instrument.symbol}", "timeZoneId": ZONE,
        "tradingHours": f"{day}:{_EXTENDED[0]}-{day}:{_EXTENDED[1]}",
        "liquidHours": f"{day}:{opens:%H%M}-{day}:{closes:%H%M}",
        "marketRuleIds": ",".join([str(_MARKET_RULE)] * len(exchanges)),
    }  # fmt: skip
    if instrument.is_option and instrument.expiry is not None:
        values |= {
            "underConId": under.con_id if under is not None else 0, "underSymbol": instrument.symbol,
            "underSecType": "STK", "contractMonth": f"{instrument.expiry:%Y%m}",
            "realExpirationDate": f"{last_trading_day(instrument.expiry):%Y%m%d}",
        }  # fmt: skip
    else:
        values |= {"stockType": "COMMON", "industry": "Simulated", "category": "Simulated"}
    return values


def _option_chain(session: Session, fields: Fields) -> None:
    under = session.simulation.universe.by_con_id.get(whole(fields["conId"], "conId"))
    if under is None or under.instrument.symbol != fields["symbol"] or under.instrument.is_option:
        raise RequestRefused(Code.NO_SECURITY_DEFINITION, NO_DEFINITION)
    instruments = [option.instrument for option in under.options]
    for multiplier in sorted({instrument.multiplier for instrument in instruments}):
        chain = [instrument for instrument in instruments if instrument.multiplier == multiplier]
        expiries = sorted({f"{i.expiry:%Y%m%d}" for i in chain if i.expiry is not None})
        strikes = sorted({i.strike for i in chain if i.strike is not None})
        for exchange in OPTION_EXCHANGES:
            values: list[Value] = [
                Reply.OPTION_CHAIN.value, fields["reqId"], exchange, under.con_id, under.instrument.symbol,
                str(multiplier), len(expiries), *expiries, len(strikes), *strikes,
            ]  # fmt: skip
            session.send(frame(values))
    session.send(replies.OPTION_CHAIN_END.encode(session.version, {"reqId": fields["reqId"]}))


def _matching_symbols(session: Session, fields: Fields) -> None:
    pattern = fields["pattern"].upper()
    stocks = [c for c in session.simulation.universe.by_id.values() if not c.instrument.is_option and c.listed]
    found = [c for c in stocks if pattern and c.instrument.symbol.startswith(pattern)]
    values: list[Value] = [Reply.SYMBOL_SAMPLES.value, fields["reqId"], len(found)]
    for listing in found:
        values += [listing.con_id, listing.instrument.symbol, "STK", "NASDAQ", "USD"]
        values += [1, "OPT"] if listing.options else [0]
        if session.version >= 176:
            values += [f"SIMULATED {listing.instrument.symbol}", ""]
    session.send(frame(values))


def _market_rule(session: Session, fields: Fields) -> None:
    if whole(fields["ruleId"], "ruleId") != _MARKET_RULE:
        raise validating("Invalid market rule id")
    session.send(frame([Reply.MARKET_RULE.value, _MARKET_RULE, 1, 0, "0.01"]))


HANDLERS = {
    Request.CONTRACT_DETAILS: Handler(requests.CONTRACT_DETAILS, _contract_details, "reqId"),
    Request.OPTION_CHAIN: Handler(requests.OPTION_CHAIN, _option_chain, "reqId"),
    Request.MATCHING_SYMBOLS: Handler(requests.MATCHING_SYMBOLS, _matching_symbols, "reqId"),
    Request.MARKET_RULE: Handler(requests.MARKET_RULE, _market_rule),
}
