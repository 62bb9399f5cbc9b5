"""Bindings of hedgerow.api.strategy."""
