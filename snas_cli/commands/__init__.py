"""A file for each subcommand: parse, call, render."""
