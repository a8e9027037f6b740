"""The language of a studio's name is told by its script, where that tells one and the page is in another."""

from __future__ import annotations

import pytest

from provenance.catalogs import LANGUAGES
from provenance_registry.http.page_names import language_of_name


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("林家窑", {"en": "zh", "fr": "zh", "ko": "zh"}),
        ("〇八陶 · 1987", {"en": "zh", "fr": "zh", "ko": "zh"}),
        ("森の窯", dict.fromkeys(("en", "fr", "ko", "zh-Hans", "zh-Hant"), "ja")),
        ("한빛 도예", dict.fromkeys(("en", "fr", "ja", "zh-Hans", "zh-Hant"), "ko")),
        ("林家窑 Lin Kiln", {}),
        ("Atelier de l’Étang", {}),
        ("1987", {}),
        ("", {}),
    ],
)
def test_a_name_is_of_the_language_that_its_script_tells(name: str, told: dict[str, str]) -> None:
    assert {tag: found for tag in LANGUAGES if (found := language_of_name(name, tag))} == told
