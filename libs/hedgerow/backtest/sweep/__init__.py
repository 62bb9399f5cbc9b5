"""Sweeps: one backtest per combination of parameters, on all cores or a cluster, with the same results either way."""
