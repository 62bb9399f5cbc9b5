"""Scripted faults: what the simulated gateway does wrong, when, and to whom."""
