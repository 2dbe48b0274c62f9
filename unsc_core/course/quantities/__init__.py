"""Named quantities that lessons ask for: each is computed from stored results, never typed.

A quantity comes with the bars that it is asked on: those that are known, and the one to guess. A
new one is a function with the decorator `quantity` in a file of this folder; lesson files name it.
"""

from __future__ import annotations

from unsc_core.course.quantities import accuracies, classes, null_space, probe
from unsc_core.course.quantities.entry import QUANTITIES, Asked, Bar, UnknownQuantityError, written

__all__ = [
    "QUANTITIES",
    "Asked",
    "Bar",
    "UnknownQuantityError",
    "accuracies",
    "classes",
    "null_space",
    "probe",
    "written",
]
