"""The registry: a web service that registers certificates, anchors them and answers scans.

It is trusted with availability, not with the truth: every answer that it gives can be checked against the ledger.
"""
