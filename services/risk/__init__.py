"""Risk: a verdict on every order before it leaves; an error is never an allow."""
