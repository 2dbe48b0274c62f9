"""What scripts add to figures: links between them, the epoch in the address, moving cuts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pages.shared.components.mount import mount


def hover(
    names: list[str],
    matrices: dict[str, list[list[float]]],
    units: dict[str, str],
    trace: str,
    selected: dict[str, list[list[int]]],
) -> None:
    """Mark the cell under the pointer in all matrices on the page, and show its values.

    Args:
        names: of the classes.
        matrices: title -> values as shown, row = true class.
        units: title -> what is written behind each of its values.
        trace: name of the trace whose marks carry [row, column].
        selected: title -> how many of the selected samples are in each cell.
    """
    files = ("linked.html", "linked.css", "plots.js", "linked.js")
    data = {"names": names, "matrices": matrices, "units": units, "trace": trace}
    mount("linked", files, data | {"selected": selected})


def epochs() -> None:
    """Keep the shown epoch of a figure in the address; with reduced motion, skip transitions."""
    mount("epochs", ("epochs.js",), {})


def cuts(ranks: dict[str, dict[str, int]], sliders: dict[str, list[str]]) -> None:
    """Move the cut of every spectrum while γ is dragged, before the server draws it again.

    Args:
        ranks: γ as the slider shows it -> the rank of every layer.
        sliders: label of a slider -> the layers whose cut it moves.
    """
    mount("cuts", ("cuts.js",), {"ranks": ranks, "sliders": sliders})


def flow(data: dict[str, Any], select: Callable[[Any], None], edit: Callable[[Any], None]) -> None:
    """Bands from assigned classes to the retrained model's predictions.

    Args:
        data: what `figures.flow.bands` returns; and "targets": classes that a band can be dragged
            to, empty where labels cannot be changed.
        select: called with {"text": a selection, "at": when} after a click.
        edit: called with {"from": class, "to": class} after a drag that was confirmed.
    """
    files = ("flow.html", "flow.css", "make.js", "flow.js")
    mount("flow", files, data, on={"picked": select, "edit": edit})


def methods() -> None:
    """Pointing at a method in one figure dims the others in all figures that show methods."""
    mount("methods", ("plots.js", "methods.js"), {})
