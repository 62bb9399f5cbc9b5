"""Execution: the only writer to the broker; journals, risk-checks, sends and follows every order."""
