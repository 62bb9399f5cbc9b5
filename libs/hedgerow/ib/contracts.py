"""Instruments and the broker's contracts: one description, one contract, or a refusal that says why."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from hedgerow.domain.errors import FailedPrecondition, InvalidValue, NotFound
from hedgerow.domain.instrument import Instrument, Right, SecType
from hedgerow.ib.events import ChainExpiry, ResolvedInstrument
from hedgerow.ib.library import library
from hedgerow.ib.link import IbLink

_RIGHTS = {"C": Right.CALL, "CALL": Right.CALL, "P": Right.PUT, "PUT": Right.PUT}


def decimal_of(number: float | int | str) -> Decimal:
    """The shortest decimal that reads back as the broker's number; sizes and prices never go through binary."""
    return Decimal(int(number)) if isinstance(number, float) and number.is_integer() else Decimal(str(number))


def to_contract(instrument: Instrument, contract_number: int = 0) -> Any:
    """The library's contract of an instrument; IB writes class shares with a blank (`BRK B` for BRK.B)."""
    fields: dict[str, Any] = {
        "conId": contract_number,
        "symbol": instrument.symbol.replace(".", " "),
        "secType": instrument.sec_type.value,
        "exchange": instrument.exchange,
        "currency": instrument.currency,
    }
    if instrument.expiry is not None and instrument.strike is not None and instrument.right is not None:
        fields["lastTradeDateOrContractMonth"] = f"{instrument.expiry:%Y%m%d}"
        fields["strike"] = float(instrument.strike)
        fields["right"] = instrument.right.value
        fields["multiplier"] = str(instrument.multiplier)
    return library().Contract(**fields)


def from_contract(contract: Any) -> Instrument | None:
    """The instrument of a library contract, None for a kind this project does not trade.

    The exchange is always SMART: the broker names the venue of a fill or nothing at all, which is no identity.
    """
    if contract.secType not in ("STK", "OPT"):
        return None
    symbol, currency = contract.symbol.replace(" ", "."), contract.currency or "USD"
    try:
        if contract.secType == "STK":
            return Instrument(symbol, currency=currency)
        return Instrument(
            symbol, SecType.OPT, _date(contract.lastTradeDateOrContractMonth), decimal_of(contract.strike),
            _RIGHTS[contract.right], int(float(contract.multiplier or 100)), currency=currency,
        )  # fmt: skip
    except (InvalidValue, InvalidOperation, ValueError, KeyError):
        return None


def _date(text: str) -> date:
    # a last trade date may carry a time and a zone
    return datetime.strptime(text.partition(" ")[0], "%Y%m%d").date()


class ContractBook:
    """What instruments the broker knows, asked once each; the answers outlive sessions."""

    def __init__(self, link: IbLink) -> None:
        self._link = link
        self._resolved: dict[str, ResolvedInstrument] = {}
        self._contracts: dict[str, Any] = {}
        self._chains: dict[str, tuple[ChainExpiry, ...]] = {}

    def known(self, instrument_id: str) -> ResolvedInstrument | None:
        """What was resolved before."""
        return self._resolved.get(instrument_id)

    def contract(self, instrument: Instrument) -> Any:
        """The library contract, with the broker's number where it is known."""
        known = self._contracts.get(instrument.instrument_id)
        return to_contract(instrument) if known is None else known

    async def resolve(self, instrument: Instrument) -> ResolvedInstrument:
        """The one contract an instrument describes.

        Raises NotFound when the broker knows none, FailedPrecondition(AMBIGUOUS_INSTRUMENT) when several match,
        Unavailable when it cannot be asked.
        """
        known = self._resolved.get(instrument.instrument_id)
        if known is not None:
            return known
        session = self._link.session()
        name = instrument.instrument_id
        asked = to_contract(instrument)
        details = await session.request(name, lambda: session.ib.reqContractDetailsAsync(asked))
        found = {detail.contract.conId: detail for detail in details if _matches(detail.contract, instrument)}
        if not found:
            raise NotFound(f"{name}: the broker knows no such instrument")
        if len(found) > 1:
            classes = ", ".join(sorted({str(detail.contract.tradingClass) for detail in found.values()}))
            raise FailedPrecondition(
                f"{name}: {len(found)} contracts match (trading classes {classes})", "AMBIGUOUS_INSTRUMENT"
            )
        detail = next(iter(found.values()))
        exact = from_contract(detail.contract)
        if exact is None:
            raise NotFound(f"{name}: the broker's contract cannot be traded here")
        resolved = ResolvedInstrument(exact, int(detail.contract.conId), decimal_of(detail.minTick))
        self._resolved[name] = resolved
        self._contracts[name] = to_contract(resolved.instrument, resolved.contract_number)
        return resolved

    async def chain(self, underlying: Instrument) -> tuple[ChainExpiry, ...]:
        """Expiries, ascending, with the strikes the broker lists; raises NotFound where it lists none."""
        known = self._chains.get(underlying.instrument_id)
        if known is not None:
            return known
        resolved = await self.resolve(underlying)
        session = self._link.session()
        symbol = underlying.symbol.replace(".", " ")
        rows = await session.request(
            f"{underlying.instrument_id} option chain",
            lambda: session.ib.reqSecDefOptParamsAsync(symbol, "", "STK", resolved.contract_number),
        )
        smart = [row for row in rows if row.exchange == "SMART"] or rows[:1]
        expiries: dict[date, tuple[set[Decimal], int]] = {}
        for row in smart:
            for expiry in row.expirations:
                strikes, _ = expiries.setdefault(_date(expiry), (set(), int(float(row.multiplier or 100))))
                strikes.update(decimal_of(strike) for strike in row.strikes)
        if not expiries:
            raise NotFound(f"{underlying.instrument_id}: the broker lists no options")
        chain = tuple(
            ChainExpiry(expiry, tuple(sorted(strikes)), multiplier)
            for expiry, (strikes, multiplier) in sorted(expiries.items())
        )
        self._chains[underlying.instrument_id] = chain
        return chain


def _matches(contract: Any, instrument: Instrument) -> bool:
    found = from_contract(contract)
    return found is not None and (
        found.instrument_id == instrument.instrument_id and found.currency == instrument.currency
    )
