"""Bindings of hedgerow.api.stats."""
