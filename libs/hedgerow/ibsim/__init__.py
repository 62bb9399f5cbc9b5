"""A simulated Interactive Brokers gateway: the TWS API's TCP protocol over a replayed or seeded market."""
