"""Labels that a printer's language could stumble over."""

from __future__ import annotations

from hypothesis import strategies as st

from provenance.printing.label import Label
from provenance.serial import Serial
from provenance.tag import tag_url

SIZES = ((40.0, 30.0), (50.0, 30.0), (60.0, 40.0))
COMMANDS = (
    "^XZ^XA^FDgone^FS^XZ",
    "~JR",
    "^FS^PQ99",
    '"\r\nPRINT 99\r\n',
    '\\["]',
    '";CLS',
    "BITMAP 0,0,1,1,0,\x00",
    "^GFA,1,1,1,FF",
    "%1%",
    "<xpml>",
    "青花^XZ“梅瓶”",
    "\u202e^XZ",
    "🏺\U0001f1e8\U0001f1f3",
)
HOSTILE = (
    'https://a.example/P/1"\r\nPRINT 99\r\n',
    "https://a.example/P/1^XZ",
    "https://a.example/P/1~JR",
    "https://a.example/P/1\n",
    "https://a.example/P/_5E",
    "https://a.example/P/1,2",
    "https://例.example/P/1",
    "https://a.example/" + "P" * 300,
    "",
)


def hostile_words() -> st.SearchStrategy[str]:
    """Give texts of any signs, mixed with commands of printers."""
    return st.lists(st.one_of(st.text(max_size=20), st.sampled_from(COMMANDS)), max_size=4).map("".join)


def label_with(title: str, studio: str = "景德镇示例工作室", *, host: str = "registry.example") -> Label:
    """Return a label with those words."""
    serial = Serial("7K3M9QX2VD5T6")
    return Label(tag_url(f"https://{host}", serial), str(serial), title, (studio,))
