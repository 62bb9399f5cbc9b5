"""Layouts of the requests that ask rather than order."""

from __future__ import annotations

from hedgerow.ibsim.messages.layout import Layout, Reader
from hedgerow.ibsim.messages.order_in import CONTRACT


def _market_data_legs(reader: Reader, got: dict[str, str], _: int) -> None:
    if got["secType"] == "BAG":
        reader.take(4 * reader.count())
    if reader.count():
        reader.take(3)


def _history_legs(reader: Reader, got: dict[str, str], _: int) -> None:
    if got["secType"] == "BAG":
        reader.take(4 * reader.count())


START_API = Layout("id version clientId")
MARKET_DATA = Layout(
    f"id version reqId {CONTRACT}", _market_data_legs, "genericTicks snapshot regulatorySnapshot options"
)
CANCEL_BY_ID = Layout("id version reqId")
MARKET_DATA_TYPE = Layout("id version marketDataType")
ACCOUNT_UPDATES = Layout("id version subscribe account")
EXECUTIONS = Layout("id version reqId clientId account time symbol secType exchange side")
CONTRACT_DETAILS = Layout(f"id version reqId {CONTRACT} includeExpired secIdType secId issuerId@176")
HISTORICAL_DATA = Layout(
    f"id reqId {CONTRACT} includeExpired endDateTime barSize duration useRth whatToShow formatDate",
    _history_legs,
    "keepUpToDate chartOptions",
)
ACCOUNT_SUMMARY = Layout("id version reqId group tags")
ACCOUNT_UPDATES_MULTI = Layout("id version reqId account modelCode ledgerAndNlv")
OPTION_CHAIN = Layout("id reqId symbol futFopExchange secType conId")
MATCHING_SYMBOLS = Layout("id reqId pattern")
MARKET_RULE = Layout("id ruleId")
PNL = Layout("id reqId account modelCode")
PNL_SINGLE = Layout("id reqId account modelCode conId")
CANCEL_PNL = Layout("id reqId")
