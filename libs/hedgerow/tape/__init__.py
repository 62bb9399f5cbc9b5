"""Recorded market data: the Parquet tape, its importers and the calendar it lives in."""
