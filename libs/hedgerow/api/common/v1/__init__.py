"""Bindings of hedgerow.api.common.v1."""
