"""Stored runs: listed, exported, imported, reported."""
