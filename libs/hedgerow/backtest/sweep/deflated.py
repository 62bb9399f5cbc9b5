"""The deflated Sharpe ratio: how likely a Sharpe ratio is real, given how many were tried and how returns are shaped.

After Bailey and Lopez de Prado, "The Deflated Sharpe Ratio: Correcting for Selection Bias, Backtest Overfitting and
Non-Normality" (2014). All Sharpe ratios here are per observation, not annualised.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist, variance

EULER_MASCHERONI = 0.5772156649015329
_NORMAL = NormalDist()


def expected_maximum(trials: int, deviation: float) -> float:
    """The Sharpe ratio the best of so many worthless trials is expected to show: SR0.

    `deviation` is the standard deviation of the Sharpe ratios over the trials; nought for a single trial.
    """
    if trials < 2:
        return 0.0
    first = _NORMAL.inv_cdf(1.0 - 1.0 / trials)
    second = _NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return deviation * ((1.0 - EULER_MASCHERONI) * first + EULER_MASCHERONI * second)


def deflated_sharpe(sharpe: float, count: int, skewness: float, kurtosis: float, benchmark: float) -> float | None:
    """Probability (0 to 1) that the true Sharpe ratio is above `benchmark`, which is SR0 of the trials.

    `count` observations gave `sharpe`; `kurtosis` is 3 for a normal. None where the estimate has no finite error.
    """
    spread = 1.0 - skewness * sharpe + (kurtosis - 1.0) / 4.0 * sharpe * sharpe
    if count < 2 or not spread > 0.0:
        return None
    return _NORMAL.cdf((sharpe - benchmark) * math.sqrt(count - 1) / math.sqrt(spread))


def deviation_of(sharpes: Sequence[float]) -> float:
    """Standard deviation of the trials' Sharpe ratios (sample); nought for fewer than two."""
    return math.sqrt(variance(sharpes)) if len(sharpes) > 1 else 0.0
