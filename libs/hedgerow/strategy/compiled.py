"""The mark of a function that numba may compile; see `hedgerow.pricing.compiled`."""

from hedgerow.pricing.compiled import MARKED, compiled, compiled_apart

__all__ = ["MARKED", "compiled", "compiled_apart"]
