"""Moving house: how a successor takes over the state of a predecessor's final block.

`replay` yields, in order, the calls that rebuild that state on a fresh ledger; `resume` those that are left after an
interruption at any point; `compare` holds both ledgers against each other.  Nothing here seals: whoever moves compares
first, and sends `SealCall` when nothing differs.

>>> while new.waiting(importer.address):  # doctest: +SKIP
...     sleep(1)
>>> for call in resume(old, final_block, new):  # doctest: +SKIP
...     new.send(new.prepare(call, importer, new.next_nonce(importer.address)))  # and wait until it is mined
>>> assert not compare(old, final_block, new, new.head())  # doctest: +SKIP
"""

from __future__ import annotations

from provenance.succession.compare import MAX_DIFFERENCES, Difference, compare
from provenance.succession.replay import MAX_PIECES, live_recoveries, replay, resume

__all__ = ["MAX_DIFFERENCES", "MAX_PIECES", "Difference", "compare", "live_recoveries", "replay", "resume"]
