"""What a run found, as one HTML file that needs no network."""
