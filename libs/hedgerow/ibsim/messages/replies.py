"""Layouts of the answers that are not about orders."""

from __future__ import annotations

from hedgerow.ibsim.messages.layout import Layout
from hedgerow.ibsim.messages.order_out import CONTRACT

ERROR = Layout("id=4 version=2 reqId code text advancedReject@166")
NEXT_VALID_ID = Layout("id=9 version=1 orderId")
MANAGED_ACCOUNTS = Layout("id=15 version=1 accounts")
CURRENT_TIME = Layout("id=49 version=1 time")

ACCOUNT_VALUE = Layout("id=6 version=2 key value currency account")
PORTFOLIO_VALUE = Layout(
    "id=7 version=8 conId symbol secType expiry strike right multiplier primaryExchange currency localSymbol"
    " tradingClass position marketPrice marketValue averageCost unrealizedPnl realizedPnl account"
)
ACCOUNT_TIME = Layout("id=8 version=1 time")
ACCOUNT_DOWNLOAD_END = Layout("id=54 version=1 account")
ACCOUNT_SUMMARY = Layout("id=63 version=1 reqId account key value currency")
ACCOUNT_SUMMARY_END = Layout("id=64 version=1 reqId")
ACCOUNT_UPDATE_MULTI = Layout("id=73 version=1 reqId account modelCode key value currency")
ACCOUNT_UPDATE_MULTI_END = Layout("id=74 version=1 reqId")
POSITION = Layout(f"id=61 version=3 account {CONTRACT} position averageCost")
POSITIONS_END = Layout("id=62 version=1")
PNL = Layout("id=94 reqId daily unrealized realized")
PNL_SINGLE = Layout("id=95 reqId position daily unrealized realized value")

CONTRACT_DETAILS = Layout(
    "id=10 version=8@-164 reqId symbol secType expiry strike right exchange currency localSymbol marketName"
    " tradingClass conId minTick sizeMultiplier=1@-164 multiplier orderTypes validExchanges priceMagnifier=1"
    " underConId=0 longName primaryExchange contractMonth industry category subcategory timeZoneId tradingHours"
    " liquidHours evRule evMultiplier=0 securityIds=0 aggGroup=1 underSymbol underSecType marketRuleIds"
    " realExpirationDate stockType suggestedSize=100@163@-164 minSize=1@164 sizeIncrement=1@164"
    " suggestedSizeIncrement=100@164"
)
CONTRACT_DETAILS_END = Layout("id=52 version=1 reqId")
OPTION_CHAIN_END = Layout("id=76 reqId")

TICK_PARAMETERS = Layout("id=81 reqId minTick bboExchange=9c0001 snapshotPermissions=3")
MARKET_DATA_TYPE = Layout("id=58 version=1 reqId marketDataType")
TICK_SNAPSHOT_END = Layout("id=57 version=1 reqId")
