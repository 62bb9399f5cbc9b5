"""Bindings of hedgerow.api.common."""
