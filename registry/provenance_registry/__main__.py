"""``python -m provenance_registry``.

Helper processes load this module too, and need nothing of the registry but what they are asked for: what takes memory
and seconds is loaded by the registry itself alone.
"""

import sys

if __name__ == "__main__":
    from provenance_registry.entry import main

    sys.exit(main())
