"""Bindings of hedgerow.api.guard."""
