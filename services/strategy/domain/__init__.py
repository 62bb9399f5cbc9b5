"""The daemon's pure parts: its machine, its own position, its order, its block reasons."""
