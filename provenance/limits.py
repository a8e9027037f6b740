"""What the subject of a certificate may hold at most: every limit is a field, with its reason.

Limits are part of the format: the JSON Schema has the same numbers, and a certificate beyond one of them is malformed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Lengths are in characters (Unicode code points), numbers in whole units, the rest are counts."""

    languages: int = 12
    """Languages of one text: twice those of the buyer's page."""
    title: int = 300
    """Three times the longest title of a thousand museum records (92)."""
    description: int = 5_000
    """A page; the longest provenance text of a thousand museum records has 4,224."""
    name: int = 300
    """Of a person, a workshop, a set or an edition: a firm's full name with its place."""
    lineage: int = 1_000
    """A maker's teachers through several generations."""
    form: int = 200
    """A term or two, like ``meiping vase``."""
    technique: int = 1_000
    """Every step from the wheel to the last enamel, in a sentence each."""
    clay_body: int = 200
    """A recipe's name and the pit."""
    glaze: int = 200
    """The same for the glaze."""
    decoration: int = 500
    """What is painted or carved, all round."""
    base_mark: int = 300
    """A mark with a poem, transcribed."""
    credit_line: int = 1_000
    """A museum's line of credit, with its donors."""
    made: int = 120
    """A date in words, like ``Qianlong period (1736-1795)``."""
    accession_number: int = 80
    """Museums' own numbers have up to 30 symbols."""
    kiln: int = 200
    """Each of kiln, fuel and atmosphere: a term and where it is from."""
    part: int = 200
    """What a part is called, like ``lid``."""
    millimetres: int = 20_000
    """The tallest porcelain vases are under 5 m; walls of tiles are longer."""
    grams: int = 5_000_000
    """Five tonnes: no kiln takes more in one piece."""
    celsius: int = 2_000
    """No clay body stands more; porcelain fires at 1,200 to 1,400."""
    edition: int = 1_000_000
    """More than a factory makes of one form by hand."""
    makers: int = 16
    """All hands that one piece goes through, named one by one."""
    set_pieces: int = 256
    """A dinner service for 24 has under 200."""
    parts: int = 32
    """A tea service that is sold as one piece."""
    photos: int = 24
    """All sides, the base, and details."""
    scans: int = 4
    """One of each separate part, or of each state."""
    files: int = 24
    """Of a digital work: the master, and the forms that it is shown in."""


LIMITS = Limits()
