"""Generated bindings of the contracts in `proto/`: never edited; `make proto` writes them anew."""
