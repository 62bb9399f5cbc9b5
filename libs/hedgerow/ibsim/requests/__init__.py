"""What the gateway does with each request: one handler per message id, in tables by family."""
