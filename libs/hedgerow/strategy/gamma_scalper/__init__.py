"""The gamma scalper: keeps the net delta of an option position near zero with its stock."""
