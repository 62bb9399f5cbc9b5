"""Bindings of hedgerow.api.control."""
