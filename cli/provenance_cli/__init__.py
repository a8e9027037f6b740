"""The command line: parse, call the core or the registry's API, render."""
