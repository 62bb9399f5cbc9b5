"""What --param says, and what it may not say."""

import pytest

from hedgerow.backtest.sweep.parameters import combinations, overrides, parse_parameter
from hedgerow.domain.errors import InvalidValue


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a.b=10:100:10", (10, 20, 30, 40, 50, 60, 70, 80, 90, 100)),
        ("a=0.1:0.5:0.1", (0.1, 0.2, 0.3, 0.4, 0.5)),
        ("a=10:25:10", (10, 20)),
        ("a=3:1:-1", (3, 2, 1)),
        ("a=5:5:1", (5,)),
        ("a=10,25, 50.5", (10, 25, 50.5)),
        ("a=fixed,tiered", ("fixed", "tiered")),
        ("a=true,false", (True, False)),
    ],
)
def test_values(text, values):
    parameter = parse_parameter(text)
    assert parameter.values == values
    assert [type(value) for value in parameter.values] == [type(value) for value in values]


@pytest.mark.parametrize(
    "text",
    ["a", "a=", "=1", "a=1:x:1", "a=1:2:0", "a=2:1:1", "a=1:2:3:4", "a=2:1", "a=1,,2", "a=1,1", "a=nan:1:1", "a=[1]",
     "a=0:1e9:1", "a=null,1"],
)  # fmt: skip
def test_refused(text):
    with pytest.raises(InvalidValue, match="--param"):
        parse_parameter(text)


def test_the_grid_in_order():
    grid = combinations([parse_parameter("a=1:2:1"), parse_parameter("b=x,y")])
    assert grid == ((1, "x"), (1, "y"), (2, "x"), (2, "y"))
    assert overrides(("a", "b"), grid[1]) == ("a=1", 'b="y"')


def test_random_search_is_a_seeded_sample_of_the_grid():
    parameters = [parse_parameter("a=1:50:1"), parse_parameter("b=1:50:1")]
    drawn = combinations(parameters, draws=20, seed=3)
    assert drawn == combinations(parameters, draws=20, seed=3)
    assert drawn != combinations(parameters, draws=20, seed=4)
    assert len(set(drawn)) == 20
    assert set(drawn) <= set(combinations(parameters))
    assert list(drawn) == sorted(drawn)


def test_random_search_asked_for_more_than_there_is_takes_all():
    assert combinations([parse_parameter("a=1,2,3")], draws=10, seed=1) == ((1,), (2,), (3,))


def test_random_search_between_two_numbers():
    drawn = combinations([parse_parameter("a=0.5:1.5"), parse_parameter("b=1:100")], draws=30, seed=1)
    assert len(set(drawn)) == 30
    assert all(0.5 <= a <= 1.5 and isinstance(b, int) and 1 <= b <= 100 for a, b in drawn)
    with pytest.raises(InvalidValue, match="step"):
        combinations([parse_parameter("a=0.5:1.5")])


def test_one_key_twice():
    with pytest.raises(InvalidValue, match="every key once"):
        combinations([parse_parameter("a=1"), parse_parameter("a=2")])


def test_more_than_anybody_waits_for():
    with pytest.raises(InvalidValue, match="at most"):
        combinations([parse_parameter(f"{key}=1:1000:1") for key in "abc"])
