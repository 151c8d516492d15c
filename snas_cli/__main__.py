"""`python -m snas_cli` is `snas`."""

from snas_cli.app import main

main()
