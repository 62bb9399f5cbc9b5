"""Schema migrations: one chain of revisions per kind of owner, packaged with the code."""
