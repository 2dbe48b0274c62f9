"""The 2-D lab: a run, its key, and reading it. Without torch; `lab_recorder` makes it.

A lab run is an ordinary experiment on blobs. The name of its network contains its width ("mlp-32"),
so its original and retrained network, moments and keys are shared with other experiments.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.experiment.artefacts import LAB
from unsc_core.experiment.keys import content_key, keys
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.store import Store

SHOWN = ("unsc", "random-labels", "gradient-ascent", "retrain")
"""Methods side by side; retrain is the target of the others and has one frame."""
SIZE = 96
"""Cells along each side of the plane."""
EXTENT = 3.7
"""The plane extends from −EXTENT to EXTENT on both axes and contains every point."""
MAX_FRAMES = 101
"""Most frames per method; longer runs are recorded every few epochs."""
LEVELS = 64
"""Steps of confidence in a frame."""
RECORDED = ("acc_forget", "acc_retain", "logit_drift", "plane_changed", "plane_as_retrained")
"""Columns of `Recording.measures`."""


def lab_config(
    forget_class: int,
    energy_threshold: float,
    width: int,
    seed: int,
    learning_rate: float,
    epochs: int,
) -> ExperimentConfig:
    """The resolved config of a lab run; learning rate and epochs are shared by the methods.

    It runs on the CPU, where runs repeat bit for bit.

    Raises:
        ConfigError: one sentence about the first impossible value.
    """
    config = ExperimentConfig(
        dataset="blobs",
        model=f"mlp-{width}",
        forget_classes=(forget_class,),
        method="unsc",
        seed=seed,
        energy_threshold=energy_threshold,
        learning_rate=learning_rate,
        epochs=epochs,
        device="cpu",
    )
    return resolve(config, load_dataset("blobs"))


def lab_key(config: ExperimentConfig) -> str:
    """What the frames of a resolved config are stored under."""
    found = keys(config, load_dataset(config.dataset))
    return content_key(
        lab=[found.unlearned, found.retrained],
        shown=SHOWN,
        size=SIZE,
        extent=EXTENT,
        frames=MAX_FRAMES,
        levels=LEVELS,
    )


def plane() -> NDArray[np.float32]:
    """(SIZE², 2) cell centres, row by row from the top left."""
    centres = EXTENT * ((2 * np.arange(SIZE, dtype=np.float32) + 1) / SIZE - 1)
    across, up = np.meshgrid(centres, centres[::-1])
    return np.stack([across.ravel(), up.ravel()], 1)


@dataclass(frozen=True, eq=False)
class Recording:
    """One method's changes to the network, frame by frame.

    Attributes:
        epochs: (n,) epoch of each frame, from 0; only [0] for retrain, its final state.
        measures: (n, len(RECORDED)) float32: accuracies on the test set in percent; logit drift of
            the retained test points; share of the plane that belonged to a retained class and now
            to another; share of the plane predicted as by the retrained model.
        answers: (n, test points) uint8 predicted classes.
        deflated: the cells, zlib; see `cells`.
        stopped: why it ended before the last epoch, one sentence; empty if it did not.
    """

    epochs: NDArray[np.int32]
    measures: NDArray[np.float32]
    answers: NDArray[np.uint8]
    deflated: bytes
    stopped: str = ""

    @cached_property
    def cells(self) -> NDArray[np.uint8]:
        """(n, SIZE, SIZE) class · LEVELS + confidence.

        The confidence is 0 for a softmax of 1 / classes, and LEVELS − 1 for one of 1.
        """
        return np.frombuffer(zlib.decompress(self.deflated), np.uint8).reshape(
            len(self.epochs), SIZE, SIZE
        )

    def measure(self, name: str, frame: int = -1) -> float:
        """One of RECORDED at a frame."""
        return float(self.measures[frame, RECORDED.index(name)])


@dataclass(frozen=True, eq=False)
class LayerGradient:
    """UNSC's first step in one layer: the gradient over the whole forget set, at the original.

    Attributes:
        raw, projected: (out, d) float32: G and G P.
        eigenvalues: (d,) float64, of the retain classes' second moment, descending.
        directions: (d, d) float32, its eigenvectors in columns.
        rank: how many of them γ keeps; the null space has d − rank.
    """

    raw: NDArray[np.float32]
    projected: NDArray[np.float32]
    eigenvalues: NDArray[np.float64]
    directions: NDArray[np.float32]
    rank: int

    @property
    def dim(self) -> int:
        """Inputs of the layer."""
        return self.raw.shape[1]

    @property
    def free(self) -> int:
        """Dimension of the null space."""
        return self.dim - self.rank


@dataclass(frozen=True, eq=False)
class LabRun:
    """Everything the lab shows.

    Attributes:
        config: resolved; key: its content key.
        dataset: the points.
        paths: method -> its frames.
        layers: the network's layers in order.
        seconds: what the run took, networks already trained not counted.
    """

    config: ExperimentConfig
    key: str
    dataset: Dataset
    paths: dict[str, Recording]
    layers: list[LayerGradient]
    seconds: float

    @property
    def forgotten(self) -> int:
        """The class to forget."""
        return self.config.forget_classes[0]


def read_lab(config: ExperimentConfig, store: Store) -> LabRun | None:
    """The stored run of a resolved config, or None until it has been made."""
    key = lab_key(config)
    stored = LAB.read(store, key)
    if stored is None:
        return None
    arrays, layers = stored.arrays, []
    paths = {
        name: Recording(
            arrays[f"{name}.epochs"],
            arrays[f"{name}.measures"],
            arrays[f"{name}.answers"],
            arrays[f"{name}.cells"].tobytes(),
            stored.meta["stopped"][name],
        )
        for name in SHOWN
    }
    for layer, rank in stored.meta["layers"]:
        raw, projected, eigenvalues, directions = (
            arrays[f"{layer}.{part}"] for part in ("raw", "projected", "eigenvalues", "directions")
        )
        layers.append(LayerGradient(raw, projected, eigenvalues, directions, rank))
    return LabRun(config, key, load_dataset(config.dataset), paths, layers, stored.meta["seconds"])
