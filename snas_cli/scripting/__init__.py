"""Searches from Python: what scripts and notebooks call as `snas_cli.search(…)` and so on, and what
the commands call too."""
