"""Bindings of hedgerow.api.strategy.v1."""
