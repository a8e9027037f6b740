"""The core of Kilnmark: certificates, batches, bundles and verdicts for handmade porcelain.

The domain modules do no I/O.  Files, photos, paper and chains are reached through the adapters
``keystore``, ``media``, ``printing`` and ``evm``; other programs import the modules they need by name,
so that importing the package itself costs nothing.
"""

__version__ = "0.1.0"
