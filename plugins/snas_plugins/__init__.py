"""The built-in components. Each imports `snas_cli.api` alone, as anybody's plugin would."""
