"""The search itself. No torch in here: it runs on a table in milliseconds."""
