"""The registry's use cases: plain Python over the repository and the ledger port, without HTTP and without SQL."""
