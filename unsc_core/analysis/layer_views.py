"""What the layers of one experiment receive, along a few directions that a person can look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from unsc_core.experiment.store import Arrays

if TYPE_CHECKING:
    from torch import Tensor

    from unsc_core.experiment.experiment import Experiment

RETAINED, FORGOTTEN = 120, 60
"""Most training samples of each kind that are looked at."""
LEADING = 3
"""Leading directions of the retained samples; a free direction follows them."""
WIDEST = 1024
"""Inputs of the widest layer whose frontier is computed: that of 4,000 inputs takes minutes."""


@dataclass(frozen=True, eq=False)
class LayerView:
    """Some inputs x of one layer (its first group), and one of its weight rows w.

    The directions are the LEADING first eigenvectors of the retained second moment, fewer if it has
    fewer, and then, unless none is free, the free direction along which the forgotten samples have
    most energy.

    Attributes:
        inputs: (n, directions) components of the vectors x, one vector per sample.
        forgotten: (n,) whether x is of a sample to be forgotten.
        outputs: (n,) w·x in the original.
        moved: (n,) Δw·x, by the run's change of this row alone.
        change: (directions,) components of Δw.
        change_norm: (1,) ‖Δw‖.
        energy: (2, directions) share of the retained, and of the forgotten samples' energy along
            the directions.
        kept: (directions,) whether the run's cut keeps them.
        unit: (1,) index of the row.
        frontier: (k, 2) the most that can be reached: shares of the retained energy let through,
            and of the forgotten samples' energy reached; see `subspace.both_moments`. Empty for a
            layer of more than WIDEST inputs, and without energy.
        best: (3,) the same within the energy that the cut lets through, and how many directions;
            empty for so wide a layer.
    """

    inputs: NDArray[Any]
    forgotten: NDArray[Any]
    outputs: NDArray[Any]
    moved: NDArray[Any]
    change: NDArray[Any]
    change_norm: NDArray[Any]
    energy: NDArray[Any]
    kept: NDArray[Any]
    unit: NDArray[Any]
    frontier: NDArray[Any]
    best: NDArray[Any]


def pack(views: Mapping[str, LayerView]) -> Arrays:
    """The arrays of these views, for the store."""
    return {
        f"view/{name}/{field.name}": getattr(view, field.name)
        for name, view in views.items()
        for field in fields(LayerView)
    }


def unpack(arrays: Arrays, layers: list[str]) -> dict[str, LayerView]:
    """Layer -> its view, from what `pack` made."""
    return {
        name: LayerView(*(arrays[f"view/{name}/{field.name}"] for field in fields(LayerView)))
        for name in layers
    }


def views(work: Experiment) -> dict[str, LayerView]:
    """Layer -> its view in this experiment."""
    spectra, cut_at = work.cut
    rows, forgotten = _samples(work)
    inputs = _inputs(work, rows)
    weights = [
        {name: weight.detach().double() for name, weight in model.named_parameters()}
        for model in (work.original, work.unlearned.model)
    ]
    retained = work.moments.retain(work.config.forget_classes)
    to_forget = work.moments.forget(work.config.forget_classes)
    last = list(spectra)[-1]
    found = {}
    for i, (name, groups) in enumerate(spectra.items()):
        work.stages.tick(i, len(spectra), f"layer {i + 1} of {len(spectra)}")
        if name not in inputs:
            continue
        before, after = (
            of[f"{name}.weight"].flatten(1).chunk(len(groups))[0].cpu() for of in weights
        )
        moments = tuple(moment[name].cpu() for moment in (retained, to_forget))
        unit = _unit(work, before, after, name == last)
        row = before[unit], (after - before)[unit]
        found[name] = _view(groups[0], cut_at[name], inputs[name], forgotten, moments, unit, row)
    return found


def _view(
    spectrum: Any,
    energy_threshold: float,
    x: Tensor,
    forgotten: NDArray[np.bool_],
    moments: tuple[Tensor, ...],
    unit: int,
    row: tuple[Tensor, Tensor],
) -> LayerView:
    import torch

    from unsc_core.subspace.both_moments import leading_free
    from unsc_core.subspace.null_space import null_space

    space = null_space(spectrum, energy_threshold)
    basis, free = (part.cpu() for part in (space.basis, space.complement))
    leading = spectrum.eigenvectors[:, :LEADING].cpu()
    directions = [leading]
    if free.shape[1] and free.shape[1] < free.shape[0]:
        directions.append(leading_free(free, moments[1][0])[:, None])
    axes = torch.cat(directions, 1)
    energies = [moment[0].double() for moment in moments]
    shares = [(axes * (c @ axes)).sum(0) / c.trace().clamp_min(1e-300) for c in energies]
    w, dw = row
    return LayerView(
        inputs=(x @ axes).float().numpy(),
        forgotten=forgotten,
        outputs=(x @ w).float().numpy(),
        moved=(x @ dw).float().numpy(),
        change=(dw @ axes).float().numpy(),
        change_norm=np.array([float(dw.norm())]),
        energy=torch.stack(shares).float().numpy(),
        kept=(basis.T @ axes).norm(dim=0).numpy() > 0.5,
        unit=np.array([unit]),
        **_reach(free, moments),
    )


def _reach(free: Tensor, moments: tuple[Tensor, ...]) -> dict[str, NDArray[np.float64]]:
    """The frontier, and the best on it within the energy that free directions (d, k) let through.

    A frontier of few directions has gaps: where it has nothing better there, the best is the cut.
    """
    from unsc_core.subspace.both_moments import frontier, within

    if len(free) > WIDEST:
        return {"frontier": np.zeros((0, 2)), "best": np.zeros(0)}
    retained, forgotten = (moment[:1] for moment in moments)
    through, reached = (
        float((free * (c[0].double() @ free)).sum() / c[0].double().trace().clamp_min(1e-300))
        for c in (retained, forgotten)
    )
    cut, best = [through, reached, free.shape[1]], within(retained, forgotten, through)
    if best.forgotten > reached:
        cut = [best.retained, best.forgotten, best.directions]
    shares = [[one.retained, one.forgotten] for one in frontier(retained, forgotten)]
    return {"frontier": np.array(shares).reshape(-1, 2), "best": np.array(cut, float)}


def _samples(work: Experiment) -> tuple[Tensor, NDArray[np.bool_]]:
    """(n,) training samples to look at, and which of them are to be forgotten."""
    draw = np.random.default_rng(work.config.seed)
    chosen = []
    for rows, most in (
        (work.split.retain_train(), RETAINED),
        (work.split.forget_train(), FORGOTTEN),
    ):
        chosen.append(np.sort(draw.permutation(rows)[:most]))
    forgotten = np.repeat([False, True], [len(one) for one in chosen])
    return work.data.index(np.concatenate(chosen)), forgotten


def _inputs(work: Experiment, rows: Tensor) -> dict[str, Tensor]:
    """Layer -> (n, d) float64: one vector, drawn at random, of each of these training samples."""
    import torch

    from unsc_core.learning.batches import evaluating
    from unsc_core.subspace.representations import inputs_of, representations, represented_layers

    layers = represented_layers(work.original)
    generator = torch.Generator().manual_seed(work.config.seed)
    found: dict[str, Tensor] = {}

    def look(name: str, inputs: Tensor) -> None:
        x, _ = representations(layers[name], inputs, 1, generator)
        if name not in found and len(x[0]) >= len(rows):  # a layer may be called again
            found[name] = x[0][:: len(x[0]) // len(rows)][: len(rows)].double().cpu()

    with inputs_of(layers, look), evaluating(work.original), torch.no_grad():
        work.original(work.data.inputs(work.data.x_train[rows]))
    return found


def _unit(work: Experiment, before: Tensor, after: Tensor, is_last: bool) -> int:
    """The row to look at: in the last layer a forgotten class's, else the one that changed most."""
    if is_last and work.config.forget_classes and len(before) == work.dataset.num_classes:
        return work.config.forget_classes[0]
    return int((after - before).norm(dim=1).argmax())
