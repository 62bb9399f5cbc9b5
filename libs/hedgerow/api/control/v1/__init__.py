"""Bindings of hedgerow.api.control.v1."""
