"""What the scripts beside this file add to figures: matrices read together, epochs that are kept, cuts that move at once."""

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
    mount(
        "linked",
        ("linked.html", "linked.css", "linked.js"),
        {"names": names, "matrices": matrices, "unit": unit, "trace": trace},
    )


def epochs() -> None:
    """Keep the shown epoch of the figure on the page in the address; for those who want no motion, go from epoch to epoch at once."""
    mount("epochs", ("epochs.js",), {})


def cuts(ranks: dict[str, dict[str, int]], sliders: dict[str, list[str]]) -> None:
    """Move the cut of every spectrum on the page while a γ is moved, before the server draws it anew.

    Args:
        ranks: γ as the slider reads -> every layer's rank.
        sliders: label of a slider -> the layers whose cut it moves.
    """
    mount("cuts", ("cuts.js",), {"ranks": ranks, "sliders": sliders})
