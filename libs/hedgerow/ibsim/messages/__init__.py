"""The wire's message families as tables: one layout per message, gated by server version."""
