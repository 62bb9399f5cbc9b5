"""The universe: which contracts exist, their ids, and which of them a request means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from hashlib import blake2s
from typing import TYPE_CHECKING

from hedgerow.domain.instrument import Instrument, SecType
from hedgerow.ibsim.codec import Value, text
from hedgerow.ibsim.codes import NO_DEFINITION, Code, RequestRefused, validating
from hedgerow.ibsim.market import QuoteState
from hedgerow.ibsim.messages.layout import whole

if TYPE_CHECKING:
    from hedgerow.ibsim.ticks import Subscription

STOCK_EXCHANGES = ("SMART", "NASDAQ", "ISLAND", "NYSE", "ARCA", "CBOE")
OPTION_EXCHANGES = ("SMART", "CBOE")
_RIGHTS = {"": "", "0": "", "?": "", "C": "C", "CALL": "C", "P": "P", "PUT": "P"}
# Real contract ids have nine digits or fewer; the simulator's lie in a range of their own.
_FIRST_ID, _ID_SPAN = 100_000_000, 800_000_000


@dataclass(slots=True, eq=False)
class Listing:
    """One contract as the gateway knows it; `listed` is False once the market has no quotes for it."""

    instrument: Instrument
    con_id: int
    quote: QuoteState = field(default_factory=QuoteState)
    subscriptions: list[Subscription] = field(default_factory=list)
    listed: bool = True
    underlying: Listing | None = None
    options: list[Listing] = field(default_factory=list)
    min_tick: Decimal = Decimal("0.01")
    fields: dict[str, Value] = field(default_factory=dict)

    @property
    def instrument_id(self) -> str:
        """The canonical id, `GOOG` or `GOOG 20160122 750 C`."""
        return self.instrument.instrument_id


def contract_fields(instrument: Instrument, con_id: int) -> dict[str, Value]:
    """The contract fields every message about this instrument repeats; exchange is SMART."""
    common: dict[str, Value] = {
        "conId": con_id, "symbol": instrument.symbol, "secType": instrument.sec_type.value, "exchange": "SMART",
        "currency": instrument.currency,
    }  # fmt: skip
    if not instrument.is_option:
        return common | {
            "expiry": "", "strike": "0.0", "right": "", "multiplier": "", "localSymbol": instrument.symbol,
            "tradingClass": "NMS", "primaryExchange": "NASDAQ",
        }  # fmt: skip
    assert instrument.expiry is not None
    assert instrument.strike is not None
    assert instrument.right is not None
    expiry, right = f"{instrument.expiry:%Y%m%d}", instrument.right.value
    return common | {
        "expiry": expiry, "strike": text(instrument.strike), "right": right, "multiplier": str(instrument.multiplier),
        "localSymbol": f"{instrument.symbol:<6}{expiry[2:]}{right}{int(instrument.strike * 1000):08d}",
        "tradingClass": instrument.symbol, "primaryExchange": "",
    }  # fmt: skip


class Universe:
    """Every contract there is; ids are stable because they are derived from the instrument's id."""

    def __init__(self) -> None:
        self.by_id: dict[str, Listing] = {}
        self.by_con_id: dict[int, Listing] = {}
        self._by_symbol: dict[tuple[str, str], list[Listing]] = {}

    def load(self, instruments: Iterable[Instrument]) -> list[Listing]:
        """List exactly these instruments, in this order; others known before become unlisted."""
        for listing in self.by_id.values():
            listing.listed = False
        listings = [self.ensure(instrument) for instrument in instruments]
        for listing in listings:
            listing.listed = True
        for listing in listings:
            if listing.instrument.is_option:
                listing.underlying = self.by_id.get(listing.instrument.symbol)
        for listing in listings:
            listing.options = []
        for listing in listings:
            if listing.underlying is not None:
                listing.underlying.options.append(listing)
        return listings

    def ensure(self, instrument: Instrument) -> Listing:
        """The listing of that instrument, made (unlisted) when it is new."""
        name = instrument.instrument_id
        known = self.by_id.get(name)
        if known is not None:
            return known
        digest = int.from_bytes(blake2s(name.encode(), digest_size=8).digest(), "big")
        con_id = _FIRST_ID + digest % _ID_SPAN
        while con_id in self.by_con_id:
            con_id += 1
        listing = Listing(instrument, con_id, listed=False, fields=contract_fields(instrument, con_id))
        self.by_id[name] = self.by_con_id[con_id] = listing
        # A request scans one symbol's stock, or one expiry's options, not the whole chain.
        for key in {"", str(listing.fields["expiry"])}:
            self._by_symbol.setdefault((instrument.symbol, key), []).append(listing)
        if not instrument.is_option:
            self._by_symbol[instrument.symbol, "STK"] = [listing]
        return listing

    def match(self, wanted: Mapping[str, str]) -> list[Listing]:
        """All contracts a request's contract fields describe; empty fields match anything."""
        con_id = whole(wanted["conId"], "conId")
        if con_id:
            found = self.by_con_id.get(con_id)
            candidates = [found] if found is not None else []
        else:
            part = "STK" if wanted["secType"] == "STK" else wanted["expiry"].split(" ")[0]
            known = self._by_symbol.get((_symbol(wanted), part if len(part) in (3, 8) else ""), [])
            candidates = [c for c in known if c.listed]
        return [c for c in candidates if _agrees(c, wanted)]

    def one(self, wanted: Mapping[str, str]) -> Listing:
        """The single contract an order or a subscription means. Raises RequestRefused (200, 321)."""
        if not wanted["exchange"]:
            raise validating("Please enter exchange")
        found = self.match(wanted)
        if not found:
            raise RequestRefused(Code.NO_SECURITY_DEFINITION, NO_DEFINITION)
        if len(found) > 1:
            raise RequestRefused(
                Code.NO_SECURITY_DEFINITION,
                f"The contract description specified for {_symbol(wanted)} is ambiguous; you must specify the"
                " multiplier or trading class.",
            )
        return found[0]


def _symbol(wanted: Mapping[str, str]) -> str:
    # An OCC local symbol begins with the underlying's symbol, padded with blanks.
    return wanted["symbol"] or wanted["localSymbol"].split(" ")[0]


def _agrees(listing: Listing, wanted: Mapping[str, str]) -> bool:
    fields = listing.fields
    sec_type = wanted["secType"]
    if sec_type and sec_type != fields["secType"]:
        return False
    for name in ("symbol", "currency", "localSymbol", "tradingClass"):
        if wanted[name] and wanted[name] != fields[name]:
            return False
    exchanges = OPTION_EXCHANGES if listing.instrument.sec_type is SecType.OPT else STOCK_EXCHANGES
    if wanted["exchange"] and wanted["exchange"] not in exchanges:
        return False
    if listing.instrument.sec_type is SecType.STK:
        return True
    right = _RIGHTS.get(wanted["right"].upper())
    expiry = str(fields["expiry"])
    return (
        (right == "" or right == fields["right"])
        and expiry.startswith(wanted["expiry"].split(" ")[0])
        and _same_number(wanted["strike"], listing.instrument.strike)
        and _same_number(wanted["multiplier"], Decimal(listing.instrument.multiplier))
    )


def _same_number(wanted: str, actual: Decimal | None) -> bool:
    try:
        value = Decimal(wanted or 0)
    except InvalidOperation:
        return False
    return value == 0 or value == actual


def known_sec_type(sec_type: str) -> bool:
    """Whether the simulator lists this kind of security at all."""
    return sec_type in {kind.value for kind in SecType}
