"""`hedgerow check`: the first users' criteria, shown one by one against a running system, from outside."""
