"""placeOrder and the other order requests, as a client sends them."""

from __future__ import annotations

from hedgerow.ibsim.codec import MalformedFrame
from hedgerow.ibsim.messages.layout import Layout, Reader, whole

CONTRACT = (
    "conId symbol secType expiry strike right multiplier exchange primaryExchange currency localSymbol tradingClass"
)
_CONDITION_FIELDS = {1: 6, 3: 3, 4: 3, 5: 4, 6: 5, 7: 5}
_UNSET = 1e300


def _combo(reader: Reader, got: dict[str, str], _: int) -> None:
    if got["secType"] == "BAG":
        reader.take(8 * reader.count())
        reader.take(reader.count())
        reader.take(2 * reader.count())


def _delta_neutral(reader: Reader, got: dict[str, str], _: int) -> None:
    if got["deltaNeutralOrderType"]:
        reader.take(8)


def _scale(reader: Reader, got: dict[str, str], _: int) -> None:
    increment = got["scalePriceIncrement"]
    try:
        scaled = bool(increment) and 0 < float(increment) < _UNSET
    except ValueError as error:
        raise MalformedFrame(f"scalePriceIncrement: {increment[:40]!r} is not a number") from error
    if scaled:
        reader.take(7)


def _hedge(reader: Reader, got: dict[str, str], _: int) -> None:
    if got["hedgeType"]:
        reader.take(1)


def _delta_neutral_contract(reader: Reader, _: dict[str, str], __: int) -> None:
    if reader.count():
        reader.take(3)


def _algo(reader: Reader, got: dict[str, str], _: int) -> None:
    if got["algoStrategy"]:
        reader.take(2 * reader.count())


def _benchmark(reader: Reader, got: dict[str, str], _: int) -> None:
    if got["orderType"] in ("PEG BENCH", "PEGBENCH"):
        reader.take(5)


def _conditions(reader: Reader, _: dict[str, str], __: int) -> None:
    count = reader.count()
    for _index in range(count):
        kind = reader.count()
        if kind not in _CONDITION_FIELDS:
            raise MalformedFrame(f"condition type {kind} is unknown")
        reader.take(_CONDITION_FIELDS[kind])
    if count:
        reader.take(2)


def _pegged(reader: Reader, got: dict[str, str], server_version: int) -> None:
    if server_version < 170:
        return
    if got["exchange"] == "IBKRATS":
        reader.take(1)
    if got["orderType"] in ("PEG BEST", "PEGBEST"):
        reader.take(1)
        if reader.take()[0] == "Infinite":
            reader.take(2)
    elif got["orderType"] in ("PEG MID", "PEGMID"):
        reader.take(2)


PLACE_ORDER = Layout(
    f"id orderId {CONTRACT} secIdType secId action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account"
    " openClose origin orderRef transmit parentId blockOrder sweepToFill displaySize triggerMethod outsideRth hidden",
    _combo,
    "sharesAllocation discretionaryAmt goodAfterTime goodTillDate faGroup faMethod faPercentage faProfile@-177"
    " modelCode shortSaleSlot designatedLocation exemptCode ocaType rule80A settlingFirm allOrNone minQty percentOffset"
    " eTradeOnly firmQuoteOnly nbboPriceCap auctionStrategy startingPrice stockRefPrice delta stockRangeLower"
    " stockRangeUpper overridePercentageConstraints volatility volatilityType deltaNeutralOrderType"
    " deltaNeutralAuxPrice",
    _delta_neutral,
    "continuousUpdate referencePriceType trailStopPrice trailingPercent scaleInitLevelSize scaleSubsLevelSize"
    " scalePriceIncrement",
    _scale,
    "scaleTable activeStartTime activeStopTime hedgeType",
    _hedge,
    "optOutSmartRouting clearingAccount clearingIntent notHeld",
    _delta_neutral_contract,
    "algoStrategy",
    _algo,
    "algoId whatIf orderMiscOptions solicited randomizeSize randomizePrice",
    _benchmark,
    _conditions,
    "adjustedOrderType triggerPrice lmtPriceOffset adjustedStopPrice adjustedStopLimitPrice adjustedTrailingAmount"
    " adjustableTrailingUnit extOperator softDollarName softDollarValue cashQty decisionMaker decisionAlgo"
    " executionTrader executionAlgo dontUseAutoPriceForHedge isOmsContainer discretionaryUpToLimitPrice"
    " usePriceMgmtAlgo duration@158 postToAts@160 autoCancelParent@162 advancedErrorOverride@166 manualOrderTime@169",
    _pegged,
)

CANCEL_ORDER = Layout("id version orderId manualOrderCancelTime@169")
COMPLETED_ORDERS = Layout("id apiOnly")


def place_order(fields: list[str], server_version: int) -> dict[str, str]:
    """A placeOrder's fields by name; consumed to the last field, or MalformedFrame."""
    got = PLACE_ORDER.decode(fields, server_version, exact=True)
    got["orderId"] = str(whole(got["orderId"], "orderId"))
    return got
