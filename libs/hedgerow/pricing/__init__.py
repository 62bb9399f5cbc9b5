"""Option pricing in plain Python that numba compiles unchanged: no I/O, no clock, no numba import."""
