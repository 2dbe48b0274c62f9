"""AUDITS: every audit by name, collected from the files of this folder.

An audit asks whether a class is forgotten or only hidden. It is one file that defines `AUDIT`, its
registry entry, and `measure`. The entry is read without importing the file, so torch and
scikit-learn are loaded when an audit runs, not when audits are listed. An attack with shadow models
defines `SHADOW_AUDIT` instead.
"""

from __future__ import annotations

from unsc_core.audits.entry import Audit, ShadowAudit
from unsc_core.registry import read_entries

AUDITS = read_entries(__name__, "AUDIT", Audit)
SHADOW_AUDITS = read_entries(__name__, "SHADOW_AUDIT", ShadowAudit)
"""Attacks that need shadow models, whose training takes long: made on demand only."""
ALL_AUDITS = AUDITS | SHADOW_AUDITS
