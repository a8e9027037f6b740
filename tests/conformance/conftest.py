"""People and places of the conformance tests."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("provenance.testing.conformance")
