"""Orders as a pure fold: decide(book, command) -> events, apply(book, event) -> report."""
