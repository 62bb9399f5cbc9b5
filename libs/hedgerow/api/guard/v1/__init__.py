"""Bindings of hedgerow.api.guard.v1."""
