"""Bindings of hedgerow.api.portfolio."""
