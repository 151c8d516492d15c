"""Ways to decide what to try next."""
