"""Writes networks in other formats and checks that what was written computes the same."""
