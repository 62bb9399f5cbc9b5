"""Backtests: the live decision code over recorded market data, as fast as the machine."""
