"""Bindings of hedgerow.api.market_data.v1."""
