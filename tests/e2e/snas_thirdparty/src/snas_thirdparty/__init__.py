"""A package of snas plugins by somebody else."""
