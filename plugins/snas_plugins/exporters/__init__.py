"""Formats a trained network is written in."""
