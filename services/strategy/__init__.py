"""One strategy daemon: observe, decide, explain; it never talks to the broker."""
