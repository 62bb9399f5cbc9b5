"""What is varied: `key=a:b:step`, `key=a:b`, `key=v,w,x`, and the combinations of it, all or drawn from a seed."""

from __future__ import annotations

import itertools
import json
import math
import random
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from hedgerow.domain.errors import InvalidValue

Value = int | float | bool | str
Combination = tuple[Value, ...]

MOST_VALUES = 100_000
MOST_COMBINATIONS = 1_000_000
_FIX = "for example --param gates.state.delta.hedge_threshold=10:100:10, or =10,25,50"


class Parameter(NamedTuple):
    """One key of the spec and what it takes on: `values`, or, where there are none, anything from `low` to `high`."""

    key: str
    values: tuple[Value, ...]
    low: Value = 0
    high: Value = 0

    def draw(self, generator: random.Random) -> Value:
        """One value at random: a whole number where both ends are whole, else six digits."""
        if self.values:
            return generator.choice(self.values)
        if isinstance(self.low, int) and isinstance(self.high, int):
            return generator.randint(self.low, self.high)
        return float(f"{generator.uniform(float(self.low), float(self.high)):.6g}")


def parse_parameter(text: str) -> Parameter:
    """`key=a:b:step` (b included where a step lands on it), `key=a:b` (for random search) or a list with commas.

    Raises InvalidValue.
    """
    key, separator, right = (part.strip() for part in text.partition("="))
    if not separator or not key or not right:
        raise InvalidValue("--param", text, "key=a:b:step, key=a:b or key=v,w,x", _FIX)
    ends = right.split(":")
    if len(ends) == 1:
        values = tuple(_scalar(part, text) for part in right.split(","))
        if len(set(map(repr, values))) != len(values):
            raise InvalidValue("--param", text, "every value listed once", _FIX)
        return Parameter(key, values)
    numbers = [_decimal(end, text) for end in ends]
    if len(numbers) == 2:
        low, high = numbers
        if not low < high:
            raise InvalidValue("--param", text, "a:b with a below b", _FIX)
        return Parameter(key, (), _plain(low, numbers), _plain(high, numbers))
    if len(numbers) != 3:
        raise InvalidValue("--param", text, "a:b:step, three numbers", _FIX)
    low, high, step = numbers
    if step == 0 or (high - low) * step < 0:
        raise InvalidValue("--param", text, "a step that leads from a to b", _FIX)
    if (high - low) / step >= MOST_VALUES:
        raise InvalidValue("--param", text, f"at most {MOST_VALUES} values", "take a larger step")
    count = int((high - low) / step) + 1
    return Parameter(key, tuple(_plain(low + step * index, numbers) for index in range(count)))


def _decimal(text: str, whole: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise InvalidValue("--param", whole, f"numbers around the colons, {text!r} is none", _FIX) from None
    if not number.is_finite():
        raise InvalidValue("--param", whole, "finite numbers", _FIX)
    return number


def _plain(number: Decimal, of: Sequence[Decimal]) -> Value:
    """A whole number where all of a range's numbers are written so, else the nearest float."""
    whole = all(each == each.to_integral_value() for each in of)
    return int(number) if whole else float(number)


def _scalar(text: str, whole: str) -> Value:
    text = text.strip()
    if not text:
        raise InvalidValue("--param", whole, "a value between the commas", _FIX)
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return text
    if not isinstance(value, (int, float, bool, str)) or (isinstance(value, float) and not math.isfinite(value)):
        raise InvalidValue("--param", whole, "numbers, words, true or false", _FIX)
    return value


def combinations(parameters: Sequence[Parameter], draws: int = 0, seed: int = 0) -> tuple[Combination, ...]:
    """Every combination in the order of the parameters given, the last fastest; or `draws` of them at random.

    Random search draws without repetition; where all values are listed and `draws` is no fewer than the grid has, it
    is the grid. Raises InvalidValue for no parameter, one given twice, a:b without random search, or too many.
    """
    if not parameters:
        raise InvalidValue("--param", "", "at least one parameter", _FIX)
    keys = [parameter.key for parameter in parameters]
    if len(set(keys)) != len(keys):
        raise InvalidValue("--param", " ".join(keys), "every key once", "put its values in one list")
    if draws < 0:
        raise InvalidValue("--random", draws, "above zero")
    continuous = [parameter for parameter in parameters if not parameter.values]
    if continuous and not draws:
        text = f"{continuous[0].key}={continuous[0].low}:{continuous[0].high}"
        raise InvalidValue("--param", text, "a step, unless combinations are drawn", "write a:b:step or add --random N")
    total = 0 if continuous else math.prod(len(parameter.values) for parameter in parameters)
    if (draws or total) > MOST_COMBINATIONS:
        raise InvalidValue("--param", draws or total, f"at most {MOST_COMBINATIONS} combinations", "use --random N")
    if not draws or 0 < total <= draws:
        return tuple(itertools.product(*(parameter.values for parameter in parameters)))
    generator = random.Random(seed)
    if total:
        return tuple(_at(parameters, index) for index in sorted(generator.sample(range(total), draws)))
    drawn: dict[Combination, None] = {}
    for _ in range(100 * draws):
        if len(drawn) == draws:
            break
        drawn[tuple(parameter.draw(generator) for parameter in parameters)] = None
    return tuple(drawn)


def _at(parameters: Sequence[Parameter], index: int) -> Combination:
    """The grid's combination of that number."""
    values: list[Value] = []
    for parameter in reversed(parameters):
        index, place = divmod(index, len(parameter.values))
        values.append(parameter.values[place])
    return tuple(reversed(values))


def overrides(keys: Sequence[str], combination: Combination) -> tuple[str, ...]:
    """The combination as `key=value` overrides of a spec."""
    return tuple(f"{key}={json.dumps(value)}" for key, value in zip(keys, combination, strict=True))
