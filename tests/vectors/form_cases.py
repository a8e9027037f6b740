"""Vectors of the form of certificates at its edges: what is still one, and what is none any more.

What the constructors refuse is signed all the same, as a stranger's program would.
"""

from __future__ import annotations

import json
from functools import partial
from string import ascii_lowercase
from typing import Any

from provenance.bundle import Bundle
from provenance.canonical import canonicalize
from provenance.certificate import MAX_CERTIFICATE_BYTES, Issuer
from provenance.encoding import Digest
from provenance.piece import Photo, WorkFile
from tests.support.stories import REGISTRY, Numbers, Story
from tests.vectors.casebook import Casebook, Change, changed, signed_anew

PHOTO, FILE = Photo(Digest.of(b"a photo")), WorkFile(Digest.of(b"a file"), "application/pdf")
BODY: dict[str, Any] = {
    **{name: {"value": 1, "unitCode": "MMT"} for name in ("height", "width", "depth", "diameter")},
    "weight": {"value": 1, "unitCode": "GRM"},
    "clayBody": {"en": "kaolin"},
    "firing": {"date": "2026-11-02"},
}
CONSENT = {"date": "2026-11-01"}
NAMES = {
    "a tab": "Lin\tkiln",
    "an ideographic space": "林家\u3000窑",
    "a no-break space": "Lin\u00a0kiln",
    "a line separator": "Lin\u2028kiln",
    "a joiner that is not seen": "Lin\u200dkiln",
    "a mark that turns what follows": "Lin\u200fkiln",
    "a symbol for private use": "Lin\ue000kiln",
    "the last noncharacter of its plane": "Lin\uffffkiln",
}
HOSTS = {
    "an underscore": "https://registry_one.example",
    "a letter beyond ASCII": "https://窑.example",
    "a point at its end": "https://registry.example.",
    "an empty label": "https://registry..example",
    "a hyphen first in a label": "https://-registry.example",
    "a hyphen last in a label": "https://registry-.example",
    "a label of 64": f"https://{'r' * 64}.example",
    "254 symbols": f"https://{'r' * 63}.{'r' * 63}.{'r' * 63}.{'r' * 62}",
    "brackets": "https://[2001:db8::7]",
    "somebody before it": "https://lin@registry.example",
    "no port after the colon": "https://registry.example:",
    "port 0": "https://registry.example:0",
    "a port with a leading zero": "https://registry.example:08443",
    "port 65536": "https://registry.example:65536",
    "port 80 of http": "http://registry.example:80",
}
GOOD_HOSTS = ("http://localhost:8757", "http://192.0.2.7", "https://a-b.2.example:65535", "http://registry.example:443")
LANGUAGES = ("es-419", "en-us", "EN", "zh-hans", "zh-CN-Hans", "e", "engl", "en-x-kiln", "de-1996", "en_GB", "")


def forms(book: Casebook, numbers: Numbers) -> None:
    """(0): at the edge of the form."""
    story = Story("a ledger of forms", numbers)
    lin = story.studio("lin", "林家窑")
    signed = partial(signed_anew, lin.signer)
    bundle = Bundle(story.sign(lin))
    serial, other, third = (str(one) for one in (bundle.certificate.piece.serial, numbers.serial(), numbers.serial()))

    def subject(**members: Any) -> Change:
        return signed(lambda c: c["credentialSubject"].update(members))

    def maker(**members: Any) -> Change:
        return subject(maker=[members])

    def put(kind: str, cases: dict[str, Change], shown: Bundle = bundle) -> None:
        for name, change in cases.items():
            book.add(f"{kind}: {name}", story, changed(shown, change), ledger=None)

    def told(accepted: dict[str, Change], refused: dict[str, Change], shown: Bundle = bundle) -> None:
        put("form", accepted, shown)
        put("malformed subject", refused, shown)

    def of(**members: Any) -> Change:
        return subject(set={"kind": "set", "size": 3, "pieces": [serial], **members})

    def named(name: str) -> Change:
        return signed(lambda c: c["issuer"].update(name=name))

    def moved(base: str) -> Change:
        host = base.partition("//")[2].replace(":", "%3A")

        def move(document: dict[str, Any]) -> None:
            text = json.dumps(document["certificate"]).replace(REGISTRY, base)
            document["certificate"] = json.loads(text.replace("did:web:registry.example:", f"did:web:{host}:"))
            signed(lambda c: None)(document)

        return move

    def lowered(document: dict[str, Any]) -> None:
        document["certificate"] = json.loads(json.dumps(document["certificate"]).replace("%3A", "%3a"))
        signed(lambda c: None)(document)

    book.add("form: a certificate as long as may be", story, sized(bundle, signed, MAX_CERTIFICATE_BYTES), ledger=None)
    book.add("malformed: a certificate of one byte too many", story, sized(bundle, signed, MAX_CERTIFICATE_BYTES + 1),
             ledger=None)  # fmt: skip

    rare = "\U00031350\U000323af 🏺 е\u0301"  # Ideographs of Unicode 15.0.
    names = {"rare symbols": rare, "spaces": " a  b "}
    put("form", {f"an issuer's name with {what}": named(name) for what, name in names.items()})
    put("malformed", {f"an issuer's name with {what}": named(name) for what, name in NAMES.items()})
    put("malformed", {f"a host with {what}": moved(base) for what, base in HOSTS.items()})
    small = Bundle(story.sign(lin, issuer=Issuer("https://registry.example:8443", "lin", lin.name)))
    put("malformed", {"a port's colon in the DID as %3a": lowered}, small)
    for base in GOOD_HOSTS:
        book.add(f"form: the registry {base}", story, Bundle(story.sign(lin, issuer=Issuer(base, "lin", lin.name))),
                 ledger=None)  # fmt: skip

    told(
        {
            "a date of two lines": subject(made="c. 1790\n\tor later"),
            "a number of two lines": subject(accessionNumber="A 1\n\tB 2"),
            "texts of a region": subject(glaze={"pt-BR": "celadon", "yue-Hant-HK": "青釉"}),
        },
        {
            "a date of white space": subject(made="\u3000\n"),
            "a number with a carriage return": subject(accessionNumber="A 1\r\nB 2"),
            "a text of ideographic spaces": subject(glaze={"zh-Hans": "\u3000\u2003"}),
            "texts in 13 languages": subject(glaze={f"a{letter}": "x" for letter in "abcdefghijklm"}),
            **{f"a text in the language “{tag}”": subject(glaze={tag: "x"}) for tag in LANGUAGES},
        },
    )
    told(
        {"one piece of a set of three": of(), "a set whose own piece is not the first": of(pieces=[other, serial])},
        {
            "a set that names a piece twice": of(pieces=[serial, other, serial]),
            "a set with more pieces than its size": of(pieces=[serial, other, third], size=2),
            "a set of one": of(size=1),
            "a set of 257": of(size=257),
            "a set without its own piece": of(pieces=[other, third]),
        },
    )
    name = {"en": "Lin Yi"}
    told(
        {
            "a painter with consent": maker(role="painter", name=name, consent=CONSENT),
            "a visitor without a name": maker(role="visitor"),
            "a visitor without a name, with claims": maker(role="visitor", claims={"teacher": name}),
        },
        {
            "a visitor with consent and without a name": maker(role="visitor", consent=CONSENT),
            "a painter with consent and without a name": maker(role="painter", consent=CONSENT),
            "a maker with no claim in its claims": maker(role="painter", name=name, claims={}),
        },
    )
    digital = Bundle(story.sign(lin, story.piece(height_mm=None, files=(FILE,))))
    told(
        {},
        {
            **{f"a digital work with {member}": subject(**{member: value}) for member, value in BODY.items()},
            "a file, and the type of an object": subject(type="Piece"),
            "a file as a tar": typed(signed, "application/x-tar"),
        },
        digital,
    )
    shown = Bundle(story.sign(lin, story.piece(height_mm=None, photos=(PHOTO,), files=(FILE,))))
    book.add("form: a digital work with a photo of it", story, shown, ledger=None)
    pictured = Bundle(story.sign(lin, story.piece(photos=(PHOTO,))))
    kinds = ("image/gif", "image/svg+xml", "model/obj", "image/JPEG", "image/jpg", "image/jpeg; q=1", "")
    told({}, {f"a photo of the media type “{kind}”": typed(signed, kind) for kind in kinds}, pictured)


def typed(signed: Any, media_type: str) -> Change:
    change: Change = signed(lambda c: c["relatedResource"][0].update(mediaType=media_type))
    return change


def sized(bundle: Bundle, signed: Any, size: int) -> bytes:
    """Return the bundle with a certificate of so many bytes: texts in several languages, the last one as it fits."""
    words = dict.fromkeys(("zh-Hans", "zh-Hant", "ja", "ko"), "青" * 5_000)
    length = 1
    for letter in ascii_lowercase:  # A signature has a symbol more or less in base58: each text has another one.
        details = {**words, "en": letter * length}
        made = changed(bundle, signed(lambda c, details=details: c["credentialSubject"].update(details=details)))
        found = len(canonicalize(json.loads(made)["certificate"]))
        if found == size:
            return made
        length += size - found
    raise AssertionError("no text fits")
