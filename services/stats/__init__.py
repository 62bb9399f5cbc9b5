"""Read-only statistics over what the daemons wrote; needs none of them alive."""
