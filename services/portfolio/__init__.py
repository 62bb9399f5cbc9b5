"""Portfolio: accounts, the attribution ledger, profit and exposure; a projection that never invents a fill."""
