"""Modules made into one script: their order, their names, and nothing lost with the comments."""

from __future__ import annotations

import pytest

from provenance_registry.http.linking import linked, linked_module, shortened
from provenance_registry.http.packing import encoding_for
from provenance_registry.http.static_files import FILES

MODULES = {name: data.decode() for name, data in FILES.items() if name.endswith(".js") and name != "check.js"}


def test_comments_go_and_texts_stay() -> None:
    text = (
        "// What it is.\n\n/** All\n * about it. */\nexport const AT = 'https://a'; // why: it's so\n\n"
        "const also = /[/]/; // and\nif(AT) {\n  // within\n  go(`${AT}//b`);\n}\n"
    )
    assert shortened(text) == "export const AT = 'https://a';\nconst also = /[/]/;\nif(AT) {\ngo(`${AT}//b`);\n}\n"


def test_what_is_needed_comes_first_and_once() -> None:
    modules = {
        "a.js": "import {b, bb} from './x/b.js';\nimport {c} from './c.js';\nexport function a() { return b + c; }\n",
        "x/b.js": "import {c} from '../c.js';\nexport {d} from './d.js';\nexport const b = c, bb = 2;\n",
        "x/d.js": "export class d {}\n",
        "c.js": "export const c = 1;\nconst a = 5;\n",
    }
    with pytest.raises(ValueError, match=r"b\.js"):
        linked(modules | {"x/b.js": "export default 1;\n"}, "a.js")
    text = linked_module(modules, "a.js")
    assert [text.count(f"const {name} = 1") for name in ("c", "b")] == [1, 0]
    assert text.index("const c = 1") < text.index("class d") < text.index("const b = c") < text.index("function a")
    assert text.endswith("export const {a} = m3;\n")
    assert "import" not in text


def test_what_is_imported_by_a_call_waits_for_it() -> None:
    modules = {"a.js": "const own = await import('./b.js');\n", "b.js": "export async function go() {}\n"}
    assert linked(modules, "a.js") == (
        "const m0 = async () => {\nasync function go() {}\nreturn {go};\n};\n"
        "const m1 = (() => {\nconst own = await m0();\nreturn {};\n})();\n"
    )


def test_no_text_in_our_modules_looks_like_a_comment() -> None:
    for name, text in MODULES.items():
        for line in text.splitlines():
            code, found, _ = line.partition(" // ")
            if found:
                assert code.count("'") % 2 == code.count("`") % 2 == code.count('"') % 2 == 0, (name, line)


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("BR", "br"), ("br;q=0, gzip;q=0.5", "gzip"),
        ("br;q=0.001", "br"), ("br;q=0.0", None), ("", None), ("identity", None), ("bread", None),
    ],
)  # fmt: skip
def test_a_coding_is_one_that_the_browser_accepts(header: str, coding: str | None) -> None:
    assert encoding_for(header) == coding
