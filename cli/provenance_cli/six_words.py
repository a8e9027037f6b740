"""Six words that two people compare by telephone: who hears them may have another language than who reads them out."""

from __future__ import annotations

from provenance.encoding import Digest
from provenance.words import six_words
from provenance_cli.context import App
from provenance_cli.i18n import _


def say_words(app: App, digest: Digest) -> list[str]:
    """Say the words of a digest in the language of the session, and then in the other; return the former."""
    words = list(six_words(digest, app.lang))
    app.say("   " + "  ".join(words), bold=True)
    if app.lang == "en":
        told, other = _("The same in Chinese: {words}"), "zh-Hans"
    else:
        told, other = _("The same in English: {words}"), "en"
    app.say("   " + told.format(words="  ".join(six_words(digest, other))))
    return words
