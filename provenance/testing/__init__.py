"""For tests, ours and others': a ledger in plain Python, and the suite that every ledger must pass.

``memory`` is a working simulator of the ledger port, ``rules`` are the contract's rules that it follows, and
``conformance`` holds `LedgerConformance`, which runs over it and over every real back-end alike.
"""
