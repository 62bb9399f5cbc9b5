"""Bindings of hedgerow.api.risk."""
