"""What helper processes load."""

from __future__ import annotations

import subprocess
import sys

HEAVY = "sqlalchemy", "eth", "web3", "litestar", "granian"


def test_a_helper_that_reads_certificates_loads_neither_database_nor_chain_nor_server() -> None:
    # A spawned process imports the module that its parent was started by, and the module of what it is asked.
    code = "import provenance_registry.__main__, provenance_registry.service.reading, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "provenance.certificate" in loaded
    assert not set(HEAVY) & set(loaded)
