"""Risk as pure values: exposure folded from execution's reports, and decide/apply of one check."""
