"""Measurements with their aims beside them; run as scripts."""
