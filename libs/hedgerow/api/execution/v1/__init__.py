"""Bindings of hedgerow.api.execution.v1."""
