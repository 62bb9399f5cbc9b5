"""The conformance suite: what the simulated gateway does, told by any IB client library."""
