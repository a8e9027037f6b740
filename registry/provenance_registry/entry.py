"""The registry's command: what is asked for, or else running; web server and ledger are loaded by what needs them."""

from __future__ import annotations

import json
import logging
import os
import sys

from provenance.errors import ProvenanceError


def main() -> int:
    """Carry out the command that was given, or run the registry until it is told to stop; return an exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for noisy in ("httpx", "alembic", "eth"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        if sys.argv[1:]:
            from provenance_registry import care

            return care.run(sys.argv[1:])
        from provenance_registry import running

        return running.run()
    except ProvenanceError as error:
        _tell(error)
        return 5


def _tell(error: ProvenanceError) -> None:
    """Say why the registry does not start: to whoever asked for it as problem details, else in plain English."""
    if os.environ.get("KILNMARK_TELL_PROBLEMS"):
        from provenance_registry.http.problems import problem

        print(json.dumps(problem(error)), flush=True)
    else:
        print(f"{error.message}" + (f"\n{error.hint}" if error.hint else ""), file=sys.stderr)
