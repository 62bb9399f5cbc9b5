"""The gamma scalper as a strategy: parameters, state and step under the names every strategy has."""

from hedgerow.strategy.gamma_scalper.config import GammaScalperConfig as Config
from hedgerow.strategy.gamma_scalper.params import Params
from hedgerow.strategy.gamma_scalper.state import State, initial_state
from hedgerow.strategy.gamma_scalper.step import step
from hedgerow.strategy.kit.config import params

NEEDS = ("underlying", "legs", "stock_quantity", "order", "trading_state", "commands", "links")

__all__ = ["NEEDS", "Config", "Params", "State", "initial_state", "params", "step"]
