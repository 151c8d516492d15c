"""Zero-cost scores of untrained networks."""
