"""Bindings of hedgerow.api.portfolio.v1."""
