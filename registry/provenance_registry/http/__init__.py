"""The registry over HTTP: translation between requests and use cases, nothing else."""
