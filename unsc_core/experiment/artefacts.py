"""What is stored, kind by kind: the only place that knows a kind's folder and its files' content.

Loads no torch, except to read or write moments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from unsc_core.experiment.store import Arrays, Artefact, Store, read_meta

if TYPE_CHECKING:
    from unsc_core.subspace.moments import Moments

Value = TypeVar("Value")
Layers = dict[str, NDArray[Any]]
"""Layer -> array, in the network's order."""


@dataclass(frozen=True)
class Kind(Generic[Value]):
    """One kind of stored thing.

    Attributes:
        name: its folder in the store.
        pack, unpack: a value as arrays and a description in JSON types, and the way back.
    """

    name: str
    pack: Callable[[Value], Artefact]
    unpack: Callable[[Artefact], Value]

    def path(self, store: Store, key: str) -> Path:
        """Where a value is, or would be."""
        return store.path(self.name, key)

    def has(self, store: Store, key: str) -> bool:
        """Whether there is a file; it is not opened, so it may be damaged."""
        return store.has(self.name, key)

    def read(self, store: Store, key: str) -> Value | None:
        """The value, or None when it is absent or damaged; a damaged file is removed.

        Raises:
            StoreError: the file is there but cannot be read.
        """
        found = store.get(self.name, key)
        return None if found is None else self.unpack(found)

    def meta(self, store: Store, key: str) -> dict[str, Any] | None:
        """The description alone, from the file's header; None when it is absent or unreadable."""
        return meta_of(self.path(store, key))

    def write(self, store: Store, key: str, value: Value, **more: Any) -> None:
        """Store the value, with `more` entries in its description.

        Raises:
            StoreError: the disk is full or the folder may not be written.
        """
        made = self.pack(value)
        store.put(self.name, key, Artefact(made.arrays, made.meta | more))


def meta_of(path: Path) -> dict[str, Any] | None:
    """The description in a stored file's header; None when it is absent or unreadable."""
    try:
        return read_meta(path)
    except (OSError, ValueError, KeyError, SafetensorError):
        return None


@dataclass(frozen=True, eq=False)
class Network:
    """A network's weights and how it was made.

    Attributes:
        weights: name -> array, of its state_dict.
        meta: "seconds", "machine", "config", "created". An unlearned network also has "history",
            "null_space", "energy_error", "took" and "device"; an imported one "imported". Older
            files lack some of them.
        labels: (n_forget,) training labels of the forgotten samples, in order; None without.
    """

    weights: Arrays
    meta: dict[str, Any] = field(default_factory=dict)
    labels: NDArray[np.int64] | None = None


def _pack_network(network: Network) -> Artefact:
    labels = {} if network.labels is None else {"labels": network.labels}
    return Artefact(network.weights | labels, network.meta)


def unpack_network(artefact: Artefact) -> Network:
    """The network in a file, whether it is in the store or shipped with the project."""
    weights = {name: array for name, array in artefact.arrays.items() if name != "labels"}
    return Network(weights, artefact.meta, artefact.arrays.get("labels"))


def _pack_moments(moments: Moments) -> Artefact:
    arrays = {layer: known.cpu().numpy() for layer, known in moments.per_class.items()}
    settings = {name: getattr(moments, name) for name in ("images", "positions", "by_request")}
    return Artefact(arrays, {"config": settings, "layers": list(arrays)})


def _unpack_moments(artefact: Artefact) -> Moments:
    import torch

    from unsc_core.subspace.moments import Moments

    settings = dict(artefact.meta["config"])
    settings.pop("energy_error", None)  # older files hold it
    known = {layer: torch.from_numpy(artefact.arrays[layer]) for layer in artefact.meta["layers"]}
    return Moments(known, **settings)


def _pack_unseen(moments: Moments) -> Artefact:
    """In float32: these are compared with, never decomposed."""
    return Artefact({layer: c.float().cpu().numpy() for layer, c in moments.per_class.items()})


def _unpack_unseen(artefact: Artefact) -> Moments:
    import torch

    from unsc_core.subspace.moments import Moments

    return Moments({layer: torch.from_numpy(c).double() for layer, c in artefact.arrays.items()})


def _pack_layers(values: Layers) -> Artefact:
    return Artefact(values, {"layers": list(values)})


def _unpack_layers(artefact: Artefact) -> Layers:
    return {layer: artefact.arrays[layer] for layer in artefact.meta["layers"]}


def _as_it_is(artefact: Artefact) -> Artefact:
    return artefact


def _arrays(name: str) -> Kind[Arrays]:
    return Kind(name, Artefact, lambda artefact: artefact.arrays)


def _one_array(name: str, entry: str) -> Kind[NDArray[Any]]:
    return Kind(
        name, lambda array: Artefact({entry: array}), lambda artefact: artefact.arrays[entry]
    )


def _description(name: str) -> Kind[dict[str, Any]]:
    return Kind(name, lambda meta: Artefact({}, meta), lambda artefact: artefact.meta)


TRAINED: Kind[Network] = Kind("trained", _pack_network, unpack_network)
"""The original, and the network retrained from scratch."""
UNLEARNED: Kind[Network] = Kind("unlearned", _pack_network, unpack_network)
"""What a method made of the original: the experiment itself."""
LOGITS = _one_array("logits", "logits")
"""(n, classes) float32 of one network on the training or the test set."""
MOMENTS: Kind[Moments] = Kind("moments", _pack_moments, _unpack_moments)
"""Second moments of the original's representations."""
UNSEEN: Kind[Moments] = Kind("unseen", _pack_unseen, _unpack_unseen)
"""Second moments of images that `MOMENTS` did not draw."""
SPECTRA: Kind[Layers] = Kind("spectra", _pack_layers, _unpack_layers)
"""Layer -> (groups, d) eigenvalues of the retain classes' second moments, descending."""
UNSEEN_ENERGY = _arrays("unseen_energy")
"""Layer -> (groups, d) energy that images which were not drawn have along each eigenvector."""

# Made by the layers above, which also know what is in them.
MAPS = _one_array("embeddings", "positions")
"""(n, 2) positions on the original's UMAP; see `analysis.maps`."""
FEATURES = _one_array("features", "features")
"""(n, d) of one network for training images; see `analysis.nearest`."""
NEIGHBOURS = _one_array("neighbours", "neighbours")
"""(n, count) the nearest of each sample in one network's features; see `analysis.neighbours`."""
EPOCHS = _arrays("epochs")
"""The model after every epoch; see `analysis.replay`."""
SUBSPACES = Kind("subspaces", _as_it_is, _as_it_is)
"""See `analysis.geometry`."""
COST = _description("cost")
"""{"rates", "device", "machine", "created"}; see `jobs.rates`."""
AUDITED = _description("audits")
"""{"value", "detail"} of one audit of one network; see `audits.outcomes`."""
SHADOWS = _arrays("shadows")
"""One shadow model: "logits" (n, classes) float32 on the training, then the test samples; "within"
(n,) bool, whether it was trained on each. See `audits.shadow`."""
