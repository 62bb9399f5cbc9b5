"""Errors as values."""

import pickle

from hedgerow.domain.errors import InvalidValue


def test_a_refused_value_travels_between_processes_whole():
    error = InvalidValue("a.b", 3, "below 2", "take 1")
    again = pickle.loads(pickle.dumps(error))
    assert (again.key, again.value, again.rule, again.fix, str(again)) == ("a.b", 3, "below 2", "take 1", str(error))
