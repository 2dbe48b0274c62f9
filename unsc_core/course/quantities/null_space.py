"""Quantities: free directions, the energy along them, and what γ does."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from unsc_core.course.evidence import Evidence
from unsc_core.course.quantities.accuracies import STAY, accuracy
from unsc_core.course.quantities.entry import Asked, Bar, forgotten, only, quantity
from unsc_core.experiment.resolve import settings
from unsc_core.figures import explainer
from unsc_core.figures.phrases import at_gamma
from unsc_core.subspace.energy import energy_rank, kept_share, unkept


def _cuts(evidence: Evidence) -> Mapping[str, float]:
    return settings(evidence.result.config).joint_cuts(evidence.spectra)


def _free(evidence: Evidence, gamma: float | None = None) -> list[float]:
    """(layers,) free directions in percent; at another γ than the run's, if one is given."""
    cut_at = _cuts(evidence)
    found = []
    for layer, groups in evidence.spectra.items():
        at = cut_at[layer] if gamma is None else gamma
        kept = sum(energy_rank(group, at) for group in groups)
        found.append(100 * (1 - kept / groups.size))
    return found


def _last_layer(evidence: Evidence) -> str:
    return list(evidence.spectra)[-1]


@quantity(
    "free_share", "Free directions of the last layer, with those of the others shown", "spectra"
)
def free_share(evidence: Evidence) -> Asked:
    """In percent, at the run's γ."""
    free = _free(evidence)
    bars = tuple(Bar(f"Layer {i}", value) for i, value in enumerate(free, 1))
    title = f"{at_gamma(_cuts(evidence))}, directions that are free"
    return Asked(title, "%", bars, bars[-1].name)


@quantity("first_free_share", "Free directions of the first layer, in percent", "spectra")
def first_free_share(evidence: Evidence) -> Asked:
    """Beside no other layer: these are shown with the answer, by a figure."""
    found = free_share(evidence)
    return Asked(found.title, "%", found.bars[:1], found.bars[0].name)


@quantity("free_share_by_gamma", "Free directions of the last layer at γ = 0.999", "spectra")
def free_share_by_gamma(evidence: Evidence) -> Asked:
    """Beside other γ."""
    gammas = (0.9, 0.96, 0.99, 0.999)
    bars = tuple(Bar(f"γ = {g:g}", _free(evidence, g)[-1]) for g in gammas)
    return Asked("Free directions of the last layer", "%", bars, bars[-1].name)


@quantity(
    "freest_layer", "The layer with the largest share of free directions", "spectra", kind="choice"
)
def freest_layer(evidence: Evidence) -> Asked:
    """Bars: the share of each layer."""
    found = free_share(evidence)
    best = only(found.bars, max, "the largest share")
    return Asked(found.title, "%", found.bars, answer=best)


@quantity("free_energy", "Energy of the retained samples in the last layer's null space", "spectra")
def free_energy(evidence: Evidence) -> Asked:
    """In percent, beside the share of free directions."""
    name = "Energy along them"
    outside = 100 * unkept(evidence.spectra, _cuts(evidence))[_last_layer(evidence)]
    bars = (Bar("Free directions", _free(evidence)[-1]), Bar(name, outside, "retained"))
    return Asked("The last layer's null space holds this much", "%", bars, name)


@quantity(
    "reachable_share",
    "Energy of the forgotten samples in the last layer's null space",
    "spectra",
    "subspaces",
)
def reachable_share(evidence: Evidence) -> Asked:
    """In percent, beside that of the retained samples."""
    assert evidence.subspaces is not None
    layer, retained = _last_layer(evidence), free_energy(evidence).bars[-1]
    groups, cut = evidence.spectra[layer], _cuts(evidence)[layer]
    ranks = [energy_rank(group, cut) for group in groups]
    reached = 100 * (1 - kept_share(evidence.subspaces.forget_energy[layer], ranks))
    name = forgotten(evidence)
    bars = (Bar("Classes that stay", retained.value, "retained"), Bar(name, reached, "forgotten"))
    title = "Share of the sampled images' energy in the last layer's null space"
    return Asked(title, "%", bars, name)


@quantity(
    "still_direction", "The toy's direction along which a step moves no output", kind="choice"
)
def still_direction(_: Evidence) -> Asked:
    """Bars: how far a step of length 1 moves the outputs of the cloud's retained inputs."""
    made = explainer.toy()
    retained = ~np.array(made["forgotten"], bool)
    inputs = np.array(made["inputs"])[retained] * np.sqrt([*made["spread"], 0.0])
    moved = np.sqrt((inputs**2).mean(0))
    names = [f"Direction {i}" for i in (1, 2, 3)]
    bars = tuple(Bar(n, float(m), "retained") for n, m in zip(names, moved, strict=True))
    title = "How far a step of length 1 moves the retained outputs (root mean square)"
    return Asked(title, "", bars, answer=min(bars, key=lambda bar: bar.value).name)


def _by_gamma(evidence: Evidence, key: str, of: str) -> tuple[Bar, ...]:
    gammas = sorted((name for name in evidence.others if name[0].isdigit()), key=float)
    return tuple(Bar(f"γ = {name}", accuracy(evidence.others[name], key), of) for name in gammas)


@quantity("acc_f_at_high_gamma", "Acc_f at γ = 0.999, with those of lower γ shown", "sweep")
def acc_f_at_high_gamma(evidence: Evidence) -> Asked:
    """What happens when nearly all directions are kept."""
    bars = _by_gamma(evidence, "acc_forget", "forgotten")
    return Asked(f"Accuracy on {forgotten(evidence)} after UNSC", "%", bars, bars[-1].name)


@quantity("acc_r_at_low_gamma", "Acc_r at γ = 0.8, with those of higher γ shown", "sweep")
def acc_r_at_low_gamma(evidence: Evidence) -> Asked:
    """What happens when few directions are kept."""
    bars = _by_gamma(evidence, "acc_retain", "retained")
    return Asked(f"{STAY}, after UNSC", "%", bars, bars[0].name)
