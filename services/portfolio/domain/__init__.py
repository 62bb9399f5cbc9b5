"""The attribution ledger as pure values: fold, transfers, comparison with the broker, views."""
