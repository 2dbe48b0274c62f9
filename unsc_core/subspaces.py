"""How the subspaces of an experiment lie: what protecting the rest leaves of the forgotten, how classes overlap, what moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from unsc_core.config import ExperimentConfig
from unsc_core.dataset import Dataset
from unsc_core.progress import Report, silent
from unsc_core.results import DEFAULT_ENERGY_THRESHOLD, keys
from unsc_core.spectrum import cuts
from unsc_core.store import Artefact, Store

if TYPE_CHECKING:
    from unsc_core.experiment import Experiment
    from unsc_core.null_space import NullSpace

KIND = "subspaces"


@dataclass(frozen=True, eq=False)
class Subspaces:
    """What `make` found, layer by layer.

    Attributes:
        forget_energy: layer -> (groups, d): the forgotten samples' energy along each retain eigenvector, in the spectrum's order.
        angles: layer -> (classes, classes) mean principal angles between the classes' subspaces, in degrees; empty where
            the moments are those of one request only. energy_threshold: the γ these subspaces were cut at.
        drift: layer -> {"measured", "bound"}: root mean square movement of the retained samples' pre-activations that this
            layer's change of weights makes on the original's inputs, and the most it can be, both as a share of the
            pre-activations' own size; the bound is None without a projection.
    """

    forget_energy: dict[str, NDArray[Any]]
    angles: dict[str, NDArray[Any]]
    energy_threshold: float
    drift: dict[str, dict[str, float | None]]


def key(config: ExperimentConfig, dataset: Dataset) -> str:
    """The key of a resolved config's subspaces."""
    return keys(config, dataset).unlearned


def read(config: ExperimentConfig, dataset: Dataset, store: Store) -> Subspaces | None:
    """What is stored for a resolved config, or None."""
    stored = store.get(KIND, key(config, dataset))
    if stored is None:
        return None
    layers, arrays = stored.meta["layers"], stored.arrays  # JSON and safetensors keep an order of their own
    forget, angles = ({layer: arrays[f"{part}/{layer}"] for layer in layers if f"{part}/{layer}" in arrays} for part in ("forget", "angles"))
    return Subspaces(forget, angles, stored.meta["energy_threshold"], {layer: stored.meta["drift"][layer] for layer in layers})


def make(config: ExperimentConfig, store: Store, report: Report = silent) -> None:
    """Compute and store the subspaces of a config; what it needs is computed first."""
    from unsc_core.experiment import Experiment

    work = Experiment(config, store, report)
    moments = work.moments
    with work.stages.stage("subspaces", "comparing the subspaces"):
        arrays = {f"forget/{layer}": values for layer, values in _forget_energy(work).items()}
        if not moments.by_request:
            arrays |= {f"angles/{layer}": values for layer, values in _angles(work).items()}
        meta = {"layers": list(work.spectra), "energy_threshold": _threshold(work), "drift": _drift(work)}
    store.put(KIND, key(work.config, work.dataset), Artefact(arrays, meta))


def _threshold(work: Experiment) -> float:
    return work.config.energy_threshold or DEFAULT_ENERGY_THRESHOLD


def _forget_energy(work: Experiment) -> dict[str, NDArray[Any]]:
    import torch

    from unsc_core.null_space import energy_along

    forget = work.moments.forget(work.config.forget_classes)
    return {
        layer: torch.stack([energy_along(s, c) for s, c in zip(groups, forget[layer], strict=True)]).cpu().numpy()
        for layer, groups in work.spectra.items()
    }


def _angles(work: Experiment) -> dict[str, NDArray[Any]]:
    """Layer -> (classes, classes); the mean over groups."""
    import numpy as np

    from unsc_core.null_space import mean_angle, null_space, spectra

    threshold, classes = _threshold(work), range(work.dataset.num_classes)
    spaces = [{layer: [null_space(s, threshold) for s in groups] for layer, groups in spectra(work.moments.of([c])).items()} for c in classes]
    found = {}
    for layer, groups in spaces[0].items():
        angles = np.zeros((len(spaces), len(spaces)), np.float32)
        for a in classes:
            for b in range(a):
                pairs = zip(spaces[a][layer], spaces[b][layer], strict=True)
                angles[a, b] = angles[b, a] = sum(mean_angle(one, other) for one, other in pairs) / len(groups)
        found[layer] = angles
    return found


def _spaces(work: Experiment) -> dict[str, list[NullSpace]]:
    """Layer -> the null space per group that unlearning moved in."""
    from unsc_core.null_space import MERGE_THRESHOLD, null_space

    merge = work.config.subspace == "merge"
    found = work.merged_spectra if merge else work.spectra
    cut_at = cuts(found, MERGE_THRESHOLD if merge else _threshold(work), work.config.energy_thresholds)
    return {layer: [null_space(s, cut_at[layer]) for s in groups] for layer, groups in found.items()}


def _drift(work: Experiment) -> dict[str, dict[str, float | None]]:
    """Layer -> measured movement and its bound: ‖ΔW x‖² ≤ ‖ΔW‖₂² ‖P x‖², and the mean of ‖P x‖² is the energy that is not kept."""
    import torch

    from unsc_core.methods import METHODS

    before, after = dict(work.original.named_parameters()), dict(work.unlearned.model.named_parameters())
    retain = work.moments.retain(work.config.forget_classes)
    spaces = _spaces(work) if METHODS[work.config.method].uses_energy_threshold else {}
    found: dict[str, dict[str, float | None]] = {}
    for layer, groups in retain.items():
        old, new = (p[f"{layer}.weight"].detach().flatten(1).double() for p in (before, after))
        moved = size = limit = 0.0
        for g, (c, w, change) in enumerate(zip(groups, old.chunk(len(groups)), (new - old).chunk(len(groups)), strict=True)):
            moved += float(((change @ c) * change).sum())
            size += float(((w @ c) * w).sum())
            if spaces:
                basis = spaces[layer][g].basis.double()
                free = float(c.trace() - (basis * (c @ basis)).sum())
                limit += float(torch.linalg.matrix_norm(change, 2)) ** 2 * max(free, 0.0)
        size = max(size, 1e-300)
        found[layer] = {"measured": (max(moved, 0.0) / size) ** 0.5, "bound": (limit / size) ** 0.5 if spaces else None}
    return found
