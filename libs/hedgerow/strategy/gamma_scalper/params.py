"""The gamma scalper's parameters: the chain's, with none of its own."""

from hedgerow.strategy.kit.params import Params

__all__ = ["Params"]
