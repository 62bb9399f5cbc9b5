"""Attacks on the promises: real processes killed, stopped and cut off, and what reached the broker counted."""
