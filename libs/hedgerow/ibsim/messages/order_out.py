"""openOrder, orderStatus, completedOrder, executions and commissions, as the gateway sends them."""

from __future__ import annotations

from hedgerow.ibsim.codec import UNSET_DOUBLE as _D
from hedgerow.ibsim.codec import UNSET_INTEGER as _I
from hedgerow.ibsim.codec import UNSET_LONG as _L
from hedgerow.ibsim.messages.layout import Layout

# Eleven contract fields, primaryExchange left out.
CONTRACT = "conId symbol secType expiry strike right multiplier exchange currency localSymbol tradingClass"
_ORDER = "action totalQuantity orderType lmtPrice=0.0 auxPrice=0.0 tif=DAY ocaGroup account openClose origin=0 orderRef"
_FA = "faGroup faMethod faPercentage faProfile@-177"
_COMPETE = "minTradeQty@170 minCompeteSize@170 competeOffset@170 midOffsetWhole@170 midOffsetHalf@170"

ORDER_STATUS = Layout(
    "id=3 orderId status filled remaining avgFillPrice permId parentId=0 lastFillPrice clientId whyHeld mktCapPrice=0"
)

# deltaNeutralOrderType is left empty: a real TWS may send "None", and then eight more fields follow.
OPEN_ORDER = Layout(
    f"id=5 orderId {CONTRACT} {_ORDER} clientId permId outsideRth=0 hidden=0 discretionaryAmt=0 goodAfterTime"
    f" sharesAllocation {_FA} modelCode goodTillDate rule80A percentOffset settlingFirm shortSaleSlot=0"
    " designatedLocation exemptCode=-1 auctionStrategy=0 startingPrice stockRefPrice delta stockRangeLower"
    " stockRangeUpper displaySize=0 blockOrder=0 sweepToFill=0 allOrNone=0 minQty ocaType=3 eTradeOnly=0"
    " firmQuoteOnly=0 nbboPriceCap parentId=0 triggerMethod=0 volatility volatilityType=0 deltaNeutralOrderType"
    " deltaNeutralAuxPrice continuousUpdate=0 referencePriceType=0 trailStopPrice trailingPercent basisPoints"
    " basisPointsType comboLegsDescription legs=0 orderLegs=0 routingParameters=0 scaleInitLevelSize"
    " scaleSubsLevelSize scalePriceIncrement hedgeType optOutSmartRouting=0 clearingAccount clearingIntent=IB"
    " notHeld=0 deltaNeutralContract=0 algoStrategy solicited=0 whatIf=0 status"
    f" initMarginBefore={_D} maintMarginBefore={_D} equityBefore={_D} initMarginChange={_D} maintMarginChange={_D}"
    f" equityChange={_D} initMarginAfter={_D} maintMarginAfter={_D} equityAfter={_D} commission minCommission"
    " maxCommission commissionCurrency=USD warningText randomizeSize=0 randomizePrice=0 conditions=0"
    f" adjustedOrderType=None triggerPrice={_D} adjustedTrailStopPrice={_D} lmtPriceOffset={_D}"
    f" adjustedStopPrice={_D} adjustedStopLimitPrice={_D} adjustedTrailingAmount={_D} adjustableTrailingUnit=0"
    " softDollarName softDollarValue softDollarDisplay cashQty=0 dontUseAutoPriceForHedge=1 isOmsContainer=0"
    f" discretionaryUpToLimitPrice=0 usePriceMgmtAlgo=0 duration@159 postToAts={_I}@160 autoCancelParent=0@162"
    f" {_COMPETE}"
)

# A completed order carries neither its orderId nor its clientId: permId and orderRef are what is left.
COMPLETED_ORDER = Layout(
    f"id=101 {CONTRACT} {_ORDER} permId outsideRth=0 hidden=0 discretionaryAmt=0 goodAfterTime {_FA} modelCode"
    " goodTillDate rule80A percentOffset settlingFirm shortSaleSlot=0 designatedLocation exemptCode=-1 startingPrice"
    " stockRefPrice delta stockRangeLower stockRangeUpper displaySize=0 sweepToFill=0 allOrNone=0 minQty ocaType=3"
    " triggerMethod=0 volatility volatilityType=0 deltaNeutralOrderType deltaNeutralAuxPrice continuousUpdate=0"
    " referencePriceType=0 trailStopPrice trailingPercent comboLegsDescription legs=0 orderLegs=0 routingParameters=0"
    " scaleInitLevelSize scaleSubsLevelSize scalePriceIncrement hedgeType clearingAccount clearingIntent=IB notHeld=0"
    " deltaNeutralContract=0 algoStrategy solicited=0 status randomizeSize=0 randomizePrice=0 conditions=0"
    f" completedTrailStopPrice={_D} lmtPriceOffset={_D} cashQty=0 dontUseAutoPriceForHedge=1 isOmsContainer=0"
    f" autoCancelDate filledQuantity refFuturesConId={_I} autoCancelParent=0"
    " shareholder imbalanceOnly=0 routeMarketableToBbo=0"
    f" parentPermId={_L} completedTime completedStatus {_COMPETE}"
)
COMPLETED_ORDERS_END = Layout("id=102")
OPEN_ORDERS_END = Layout("id=53 version=1")

EXECUTION = Layout(
    f"id=11 reqId orderId {CONTRACT} execId time account execExchange side shares price permId clientId liquidation=0"
    " cumQty avgPrice orderRef evRule evMultiplier modelCode lastLiquidity=2 pendingPriceRevision=0@178"
)
EXECUTIONS_END = Layout("id=55 version=1 reqId")
COMMISSION = Layout(f"id=59 version=1 execId commission currency=USD realizedPnl={_D} yield={_D} yieldRedemptionDate=0")
