"""What the gamma scalper remembers between evaluations: what the chain does, and nothing of its own."""

from hedgerow.strategy.kit.state import State, initial_state

__all__ = ["State", "initial_state"]
