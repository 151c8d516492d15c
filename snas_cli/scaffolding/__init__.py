"""Plugin projects to begin with."""
