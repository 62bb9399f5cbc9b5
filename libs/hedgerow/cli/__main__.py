"""`python -m hedgerow.cli` is the `hedgerow` command."""

from hedgerow.cli.main import main

main()
