"""Strategies as pure functions: parameters, state, and `step(params, state, observation)`."""
