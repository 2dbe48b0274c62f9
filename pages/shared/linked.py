"""What the scripts beside this file add to figures: matrices that are read together, and epochs that are kept."""

from __future__ import annotations

from pages.shared.component import mount


def hover(names: list[str], matrices: dict[str, list[list[float]]], unit: str, trace: str) -> None:
    """Mark the cell under the pointer in all matrices on the page, and read it out.

    Args:
        names: of the classes.
        matrices: title -> values as shown, row = true class.
        unit: behind each value.
        trace: the name of the trace whose marks carry [row, column].
    """
    mount("linked", ("linked.html", "linked.css", "linked.js"), {"names": names, "matrices": matrices, "unit": unit, "trace": trace})


def epochs() -> None:
    """Keep the shown epoch of the figure on the page in the address; for those who want no motion, go from epoch to epoch at once."""
    mount("epochs", ("epochs.js",), {})
