"""Bindings of hedgerow.api.risk.v1."""
