"""Recipes: what a search is to do, as a YAML file that is checked before anything runs."""
