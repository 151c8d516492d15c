"""Kinds of network."""
