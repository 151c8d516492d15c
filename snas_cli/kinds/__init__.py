"""The interface of each kind of component; plugins import them from `snas_cli.api`."""
