"""Bindings of hedgerow.api.stats.v1."""
