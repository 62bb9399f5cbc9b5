"""Bindings of hedgerow.api.execution."""
