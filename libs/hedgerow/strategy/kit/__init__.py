"""The chain every hedging strategy shares: a strategy states its rule, the kit does all the rest (see `kit.chain`)."""
