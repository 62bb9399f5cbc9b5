"""Messages by the names the TWS API's documentation uses, in both directions."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from hedgerow.ibsim.messages.ids import Reply, Request

HELLO = -1
"""What a client says before it has a message id: its version offer."""

REQUESTS: dict[str, int] = {
    "hello": HELLO, "startApi": Request.START_API, "placeOrder": Request.PLACE_ORDER,
    "cancelOrder": Request.CANCEL_ORDER, "reqGlobalCancel": Request.GLOBAL_CANCEL,
    "reqOpenOrders": Request.OPEN_ORDERS, "reqAllOpenOrders": Request.ALL_OPEN_ORDERS,
    "reqAutoOpenOrders": Request.AUTO_OPEN_ORDERS, "reqCompletedOrders": Request.COMPLETED_ORDERS,
    "reqExecutions": Request.EXECUTIONS, "reqPositions": Request.POSITIONS, "cancelPositions": Request.CANCEL_POSITIONS,
    "reqIds": Request.IDS, "reqCurrentTime": Request.CURRENT_TIME, "reqManagedAccts": Request.MANAGED_ACCOUNTS,
    "reqMktData": Request.MARKET_DATA, "cancelMktData": Request.CANCEL_MARKET_DATA,
    "reqMarketDataType": Request.MARKET_DATA_TYPE, "reqHistoricalData": Request.HISTORICAL_DATA,
    "cancelHistoricalData": Request.CANCEL_HISTORICAL_DATA, "reqContractDetails": Request.CONTRACT_DETAILS,
    "reqSecDefOptParams": Request.OPTION_CHAIN, "reqMatchingSymbols": Request.MATCHING_SYMBOLS,
    "reqMarketRule": Request.MARKET_RULE, "reqAccountUpdates": Request.ACCOUNT_UPDATES,
    "reqAccountSummary": Request.ACCOUNT_SUMMARY, "cancelAccountSummary": Request.CANCEL_ACCOUNT_SUMMARY,
    "reqAccountUpdatesMulti": Request.ACCOUNT_UPDATES_MULTI,
    "cancelAccountUpdatesMulti": Request.CANCEL_ACCOUNT_UPDATES_MULTI, "reqPnL": Request.PNL,
    "cancelPnL": Request.CANCEL_PNL, "reqPnLSingle": Request.PNL_SINGLE, "cancelPnLSingle": Request.CANCEL_PNL_SINGLE,
    "setServerLogLevel": Request.SET_LOG_LEVEL,
}  # fmt: skip

REPLIES: dict[str, int] = {
    "tickPrice": Reply.TICK_PRICE, "tickSize": Reply.TICK_SIZE, "orderStatus": Reply.ORDER_STATUS, "error": Reply.ERROR,
    "openOrder": Reply.OPEN_ORDER, "updateAccountValue": Reply.ACCOUNT_VALUE,
    "updatePortfolio": Reply.PORTFOLIO_VALUE, "updateAccountTime": Reply.ACCOUNT_TIME,
    "nextValidId": Reply.NEXT_VALID_ID, "contractDetails": Reply.CONTRACT_DETAILS, "execDetails": Reply.EXECUTION,
    "managedAccounts": Reply.MANAGED_ACCOUNTS, "historicalData": Reply.HISTORICAL_DATA,
    "tickOptionComputation": Reply.TICK_OPTION_COMPUTATION, "tickString": Reply.TICK_STRING,
    "currentTime": Reply.CURRENT_TIME, "contractDetailsEnd": Reply.CONTRACT_DETAILS_END,
    "openOrderEnd": Reply.OPEN_ORDERS_END, "accountDownloadEnd": Reply.ACCOUNT_DOWNLOAD_END,
    "execDetailsEnd": Reply.EXECUTIONS_END, "tickSnapshotEnd": Reply.TICK_SNAPSHOT_END,
    "marketDataType": Reply.MARKET_DATA_TYPE, "commissionReport": Reply.COMMISSION, "position": Reply.POSITION,
    "positionEnd": Reply.POSITIONS_END, "accountSummary": Reply.ACCOUNT_SUMMARY,
    "accountSummaryEnd": Reply.ACCOUNT_SUMMARY_END, "accountUpdateMulti": Reply.ACCOUNT_UPDATE_MULTI,
    "accountUpdateMultiEnd": Reply.ACCOUNT_UPDATE_MULTI_END,
    "securityDefinitionOptionParameter": Reply.OPTION_CHAIN,
    "securityDefinitionOptionParameterEnd": Reply.OPTION_CHAIN_END, "symbolSamples": Reply.SYMBOL_SAMPLES,
    "tickReqParams": Reply.TICK_PARAMETERS, "marketRule": Reply.MARKET_RULE, "pnl": Reply.PNL,
    "pnlSingle": Reply.PNL_SINGLE, "completedOrder": Reply.COMPLETED_ORDER,
    "completedOrdersEnd": Reply.COMPLETED_ORDERS_END,
}  # fmt: skip

REPORTS = frozenset({Reply.OPEN_ORDER, Reply.ORDER_STATUS, Reply.EXECUTION, Reply.COMMISSION, Reply.ERROR})
"""Replies that may tell of one order."""

LISTS = frozenset(
    {Request.OPEN_ORDERS, Request.ALL_OPEN_ORDERS, Request.AUTO_OPEN_ORDERS, Request.COMPLETED_ORDERS,
     Request.EXECUTIONS}
)  # fmt: skip
"""Requests answered with lists of orders or executions: such answers are no live reports."""


def _number(table: dict[str, int], value: object) -> object:
    if isinstance(value, str) and not value.isdigit():
        if value not in table:
            raise ValueError(f"not a message name; one of {', '.join(sorted(table))}")
        return int(table[value])
    return value


RequestId = Annotated[int, BeforeValidator(lambda value: _number(REQUESTS, value))]
"""A client's message, by name or number."""

ReplyId = Annotated[int, BeforeValidator(lambda value: _number(REPLIES, value))]
"""A gateway's message, by name or number."""
