"""Pure values every other layer speaks in: no I/O, no wire format, no clock."""
