"""Geometry of an experiment's subspaces: forgotten energy, angles between classes, movement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import prod
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from unsc_core.analysis import layer_views
from unsc_core.analysis.layer_views import LayerView
from unsc_core.config import ExperimentConfig
from unsc_core.data.dataset import Dataset
from unsc_core.experiment.artefacts import SUBSPACES
from unsc_core.experiment.keys import content_key, keys
from unsc_core.experiment.resolve import settings
from unsc_core.experiment.store import Artefact, Store
from unsc_core.progress import Report, silent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor, nn

    from unsc_core.experiment.experiment import Experiment

VERSION = 3
"""Part of the key: raise it when a change of the code changes the result."""
DRIFT_IMAGES = 32
"""Most retained test images per class that movement is measured on."""
MAX_DRIFT_NUMBERS = 2**20
"""Most numbers in all these images: large images, or many classes, get fewer, but one per class."""
DRIFT_BATCH = 16


@dataclass(frozen=True, eq=False)
class Subspaces:
    """The geometry of one experiment, layer by layer.

    Attributes:
        forget_energy: layer -> (groups, d): the forgotten samples' energy along each retained
            eigenvector, in the order of the spectrum.
        angles: layer -> (classes, classes) mean principal angles between the classes' subspaces, in
            degrees; empty if there are only moments of one request.
        energy_threshold: the γ these subspaces are cut at.
        drift: layer -> {"bound", "alone", "whole"}: root mean square movement of the
            pre-activations of retained test images, relative to their size in the original.
            "alone": by this layer's change on its inputs in the original. "whole": in the
            unlearned network, where its inputs have changed as well. "bound": the most that
            "alone" can be, ‖ΔW‖₂ times the part of these inputs outside the kept subspace; None
            without a projection.
        views: layer -> some of its inputs along a few directions.
    """

    forget_energy: dict[str, NDArray[Any]]
    angles: dict[str, NDArray[Any]]
    energy_threshold: float
    drift: dict[str, dict[str, float | None]]
    views: dict[str, LayerView] = field(default_factory=dict)


def key(config: ExperimentConfig, dataset: Dataset) -> str:
    """The key of a resolved config's subspaces, made from its experiment's."""
    found = keys(config, dataset)
    measured = content_key(
        subspaces=VERSION,
        spectra=found.spectra,
        test=dataset.test_digest,
        images=[DRIFT_IMAGES, MAX_DRIFT_NUMBERS],
    )
    return f"{found.unlearned}-{measured}"


def read(config: ExperimentConfig, dataset: Dataset, store: Store) -> Subspaces | None:
    """The stored subspaces of a resolved config, or None."""
    stored = SUBSPACES.read(store, key(config, dataset))
    if stored is None:
        return None
    layers, arrays = stored.meta["layers"], stored.arrays  # safetensors does not keep the order
    forget, angles = (
        {layer: arrays[f"{part}/{layer}"] for layer in layers if f"{part}/{layer}" in arrays}
        for part in ("forget", "angles")
    )
    drift = {layer: stored.meta["drift"][layer] for layer in layers}
    views = layer_views.unpack(arrays, [name for name in layers if f"view/{name}/unit" in arrays])
    return Subspaces(forget, angles, stored.meta["energy_threshold"], drift, views)


def make(config: ExperimentConfig, store: Store, report: Report = silent) -> None:
    """Compute and store the subspaces of a config, and whatever they need."""
    from unsc_core.experiment.experiment import Experiment
    from unsc_core.learning.device import one_thread

    work = Experiment(config, store, report)
    moments = work.moments
    with work.stages.stage("subspaces", "comparing the subspaces"), one_thread():
        arrays = {f"forget/{layer}": values for layer, values in _forget_energy(work).items()}
        if not moments.by_request:
            arrays |= {f"angles/{layer}": values for layer, values in _angles(work).items()}
        arrays |= layer_views.pack(layer_views.views(work))
    with work.stages.stage("drift", "measuring how far outputs move"):
        drift = _drift(work)
    meta = {
        "layers": list(work.spectra),
        "energy_threshold": settings(work.config).energy_threshold,
        "drift": drift,
    }
    SUBSPACES.write(store, key(work.config, work.dataset), Artefact(arrays, meta))


def _forget_energy(work: Experiment) -> dict[str, NDArray[Any]]:
    from unsc_core.subspace.null_space import energy_along_spectra

    forget = work.moments.forget(work.config.forget_classes)
    return {
        layer: energy.numpy()
        for layer, energy in energy_along_spectra(work.spectra, forget).items()
    }


def _angles(work: Experiment) -> dict[str, NDArray[Any]]:
    """Layer -> (classes, classes); the mean over groups."""
    import numpy as np

    from unsc_core.subspace.null_space import mean_angle, null_space, spectra

    threshold = settings(work.config).energy_threshold
    classes = range(work.dataset.num_classes)
    spaces = []
    for c in classes:
        found = spectra(work.moments.of([c]))
        spaces.append(
            {layer: [null_space(s, threshold) for s in groups] for layer, groups in found.items()}
        )
        work.stages.tick(c + 1, len(classes), f"class {c + 1} of {len(classes)}")
    between = {}
    for layer, groups in spaces[0].items():
        angles = np.zeros((len(spaces), len(spaces)), np.float32)
        for a in classes:
            for b in range(a):
                pairs = zip(spaces[a][layer], spaces[b][layer], strict=True)
                total = sum(mean_angle(one, other) for one, other in pairs)
                angles[a, b] = angles[b, a] = total / len(groups)
        between[layer] = angles
    return between


def drift_rows(work: Experiment) -> Tensor:
    """(n,) indices of the retained test images that movement is measured on."""
    import torch

    from unsc_core.subspace.sampling import draw

    retained = work.data.index((~work.split.is_forgotten("test")).nonzero()[0])
    per_class = prod(work.dataset.input_shape) * len(work.split.retain_classes)
    each = max(1, min(DRIFT_IMAGES, MAX_DRIFT_NUMBERS // per_class))
    at_random = replace(work.config, moments_sample="random")
    return torch.cat([drawn for _, drawn, _ in draw(work.data.y_test, retained, each, at_random)])


def _drift(work: Experiment) -> dict[str, dict[str, float | None]]:
    """Layer -> its movements and their bound: see `Subspaces`."""
    from unsc_core.methods import METHODS

    samples = work.data.x_test[drift_rows(work)]

    def batches() -> Iterator[Tensor]:
        return (work.data.inputs(batch) for batch in samples.split(DRIFT_BATCH))

    sizes = _movements(work.original, work.unlearned.model, list(work.spectra), batches())
    limits = _limits(work, batches()) if METHODS[work.config.method].uses_energy_threshold else {}
    found: dict[str, dict[str, float | None]] = {}
    for layer, (size, alone, whole) in sizes.items():
        limit, size = limits.get(layer), max(size, 1e-300)
        found[layer] = {
            "bound": None if limit is None else (limit / size) ** 0.5,
            "alone": (alone / size) ** 0.5,
            "whole": (whole / size) ** 0.5,
        }
    return found


def _movements(
    original: nn.Module, unlearned: nn.Module, layers: list[str], batches: Iterator[Tensor]
) -> dict[str, tuple[float, float, float]]:
    """How far the pre-activations of layers move.

    Returns:
        Layer -> sums of squares, in float64, of: its pre-activations z in the original; what its
        own change of weight and bias adds there; their distance from z in the unlearned network.
    """
    import torch

    from unsc_core.learning.batches import evaluating

    before, after = dict(original.named_modules()), dict(unlearned.named_modules())
    changes = {layer: _change(before[layer], after[layer]) for layer in layers}
    sums = {layer: [0.0, 0.0, 0.0] for layer in layers}
    pending: dict[str, list[Tensor]] = {}

    def first(layer: str, inputs: Tensor, z: Tensor) -> None:
        z = z.to(torch.float64, copy=True)  # the next module may work in place
        pending[layer].append(z)
        sums[layer][0] += float(z.square().sum())
        sums[layer][1] += float(changes[layer](inputs.to(torch.float64)).square().sum())

    def second(layer: str, inputs: Tensor, z: Tensor) -> None:
        sums[layer][2] += float((z.to(torch.float64) - pending[layer].pop(0)).square().sum())

    hooks = [
        modules[layer].register_forward_hook(
            lambda module, inputs, z, layer=layer, look=look: look(layer, inputs[0], z)
        )
        for modules, look in ((before, first), (after, second))
        for layer in layers
    ]
    try:
        with evaluating(original), evaluating(unlearned), torch.no_grad():
            for batch in batches:
                pending = {layer: [] for layer in layers}
                original(batch)
                unlearned(batch)
    finally:
        for hook in hooks:
            hook.remove()
    return {layer: (size, alone, whole) for layer, (size, alone, whole) in sums.items()}


def _change(before: nn.Module, after: nn.Module) -> Callable[[Tensor], Tensor]:
    """The layer in float64 whose weight and bias are the differences between two layers."""
    import copy

    import torch

    bare = copy.deepcopy(before)  # before hooks are added
    there = dict(after.named_parameters())
    differences = {
        name: (there[name].double() - old.double()).detach()
        for name, old in before.named_parameters()
    }
    return lambda inputs: torch.func.functional_call(bare, differences, (inputs,))


def _limits(work: Experiment, batches: Iterator[Tensor]) -> dict[str, float]:
    """Layer -> bound of its movement: Σ ‖ΔW x‖² ≤ ‖ΔW‖₂² Σ ‖P x‖², summed over groups."""
    import torch

    from unsc_core.subspace.moments import second_moments
    from unsc_core.subspace.null_space import null_space

    spectra, cut_at = work.cut
    inputs = second_moments(work.original, ((0, batch) for batch in batches), 1).of([0])
    before, after = (
        {name: weight.detach().double() for name, weight in model.named_parameters()}
        for model in (work.original, work.unlearned.model)
    )
    limits = {}
    for layer, groups in spectra.items():
        change = (after[f"{layer}.weight"] - before[f"{layer}.weight"]).flatten(1)
        limit = 0.0
        for s, c, rows in zip(groups, inputs[layer], change.chunk(len(groups)), strict=True):
            free = null_space(s, cut_at[layer]).complement.to(c)
            outside = float((free * (c @ free)).sum().clamp_min(0.0))
            limit += float(torch.linalg.matrix_norm(rows, 2)) ** 2 * outside
        limits[layer] = limit
    return limits
