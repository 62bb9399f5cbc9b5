"""Risk rules as pure values: one rule per module, evaluated whole by a rule set."""
