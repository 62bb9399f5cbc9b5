"""What market-data measures."""

from __future__ import annotations

from hedgerow.telemetry.metrics import counter, gauge

QUOTES = counter("hedgerow_market_data_quotes_total", "Quotes received from the broker.")
SENT = counter("hedgerow_market_data_quotes_sent_total", "Quotes sent to readers.")
DROPPED = counter("hedgerow_market_data_quotes_conflated_total", "Quotes conflated away for slow readers.")
READERS = gauge("hedgerow_market_data_readers", "Quote streams open.")
LINES = gauge("hedgerow_market_data_lines", "Market-data lines in use.")
LINK_READY = gauge("hedgerow_market_data_link_ready", "1 while the broker connection is ready.")
RECORDED = counter("hedgerow_market_data_rows_recorded_total", "Rows of the research tape on disk.")
