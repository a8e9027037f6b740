"""The encodings of CSV files that offices produce, found out where that is certain."""

from __future__ import annotations

import re

from provenance.errors import MalformedError

ENCODINGS = ("utf-8", "gb18030", "cp1252", "big5")
"""Encodings of CSV files that may be named; the first two are found out."""
_MOST_ACCENTED = 0.2
"""Share of letters outside ASCII in text of western Europe; French has 4 %."""
_MOST_RARE = 0.6
"""Share of characters outside GB2312 in real text: none in simplified Chinese, under a half in traditional."""


def decode(data: bytes, name: str, encoding: str | None = None, kept: str | None = None) -> tuple[str, str]:
    """Return the text of a CSV file and its encoding: the one given, else UTF-8, UTF-16 with a mark, or GB18030.

    `kept` is what was named when it was read before: it counts where the file is no UTF-8, as which it may have been
    saved since.  GBK, Windows' code page 936, is a part of GB18030.  Nearly any bytes are GB18030 of some sort: text
    that reads as rare characters is refused rather than signed.  Any bytes are Windows-1252 as well: it is proposed,
    and must be named.
    """
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    candidates = [encoding] if encoding else ["utf-16"] if marked else ["utf-8", kept or "gb18030"]
    for candidate in candidates:
        try:
            text = data.decode("utf-8-sig" if candidate == "utf-8" else candidate)
        except UnicodeDecodeError:
            continue
        if "\0" not in text and (encoding or kept or candidate != "gb18030" or _is_plausible(text)):
            return text.removeprefix("\ufeff"), candidate
    if not encoding and (sample := _western(data)):
        raise MalformedError(
            "unknown-encoding",
            "{file} is neither UTF-8 nor GB18030 text.",
            hint="Where “{sample}” reads right, run the command again with --encoding cp1252; else save the file as "
            "“CSV UTF-8” or .xlsx.",
            file=name,
            sample=sample,
        )
    raise MalformedError(
        "unknown-encoding",
        "{file} is neither UTF-8 nor GB18030 text.",
        hint="In the spreadsheet program choose “CSV UTF-8”, save as .xlsx, or name the encoding with --encoding.",
        file=name,
    )


def _is_plausible(text: str) -> bool:
    """Tell whether text decoded as GB18030 was so: most of its characters are common ones, none is private."""
    foreign = [character for character in text if ord(character) > 0x7F]
    if any(0xE000 <= ord(character) <= 0xF8FF for character in foreign):
        return False
    rare = sum(1 for character in foreign if not character.encode("gb2312", "ignore"))
    return rare <= _MOST_RARE * len(foreign)


def _western(data: bytes) -> str:
    """Return words with an accent where bytes could be Windows-1252, an empty text where they could not."""
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return ""
    accented = sum(1 for character in text if character.isalpha() and not character.isascii())
    if "\0" in text or accented > _MOST_ACCENTED * sum(1 for character in text if character.isalpha()):
        return ""
    place = next((place for place, character in enumerate(text) if not character.isascii()), 0)
    start = max(text.rfind(sign, 0, place) for sign in ',;\t\r\n"')
    return " ".join(re.split('[,;\t\r\n"]', text[start + 1 : place + 40])[0].split())[:60]
