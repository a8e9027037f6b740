"""``python -m provenance_cli``: the command line, as launchers call it."""

from provenance_cli.main import main

if __name__ == "__main__":
    main()
