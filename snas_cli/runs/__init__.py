"""The run directory: all that a run leaves behind, and all that anybody reads of it."""
