"""snas: evolves small, accurate, deployable image classifiers."""

__version__ = "0.1.0"
