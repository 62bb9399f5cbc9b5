"""Distributions, against numpy and by hand."""

from __future__ import annotations

import random
from decimal import Decimal

import numpy as np
import pytest

from hedgerow.domain.distribution import distribution


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 100, 101])
def test_the_same_as_numpy(count: int) -> None:
    chance = random.Random(count)
    values = [Decimal(chance.randint(-100_000, 100_000)) / 100 for _ in range(count)]
    array = np.array([float(value) for value in values])
    found = distribution(values)
    assert found is not None
    expected = [*np.percentile(array, [0, 25, 50, 75, 100]), array.mean(), array.std()]
    assert list(found) == pytest.approx(expected, abs=1e-9)


def test_by_hand() -> None:
    assert distribution([Decimal(3), Decimal(1), Decimal(2), Decimal(4)]) == (1, 1.75, 2.5, 3.25, 4, 2.5, 1.25**0.5)
    assert distribution([Decimal("-7.5")]) == (-7.5, -7.5, -7.5, -7.5, -7.5, -7.5, 0)
    assert distribution([]) is None
