"""Quotes, greeks, bars and chains of the broker: shared, aged, conflated for slow readers, never silently gapped."""
