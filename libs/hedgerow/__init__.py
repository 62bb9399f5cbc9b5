"""Hedgerow runs systematic option-hedging strategies on Interactive Brokers."""
