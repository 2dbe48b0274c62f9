"""Representations -> second moments -> spectra -> null spaces."""
