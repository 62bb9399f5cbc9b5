"""The egress guard: a proxy beside the broker's gateway that owns epoch, latch, message budget and the frame log."""
