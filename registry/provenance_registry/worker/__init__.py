"""The registry's background work: follow the ledger, seal batches, see transactions through."""
