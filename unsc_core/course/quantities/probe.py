"""Quantities: what a linear probe still finds of the class in the features."""

from __future__ import annotations

from unsc_core.course.evidence import Evidence
from unsc_core.course.quantities.entry import Asked, Bar, UnknownQuantityError, forgotten, quantity
from unsc_core.figures.phrases import run_title


def _probe(evidence: Evidence) -> dict[str, float]:
    """Network → what a linear probe finds in its features, in percent."""
    audit = evidence.probe
    found = {name: audit[name]["mean"] for name in ("original", "mask", "unlearned", "retrained")}
    if None in found.values():
        raise UnknownQuantityError(f"The linear probe has no value here: {audit['failed']}")
    return found


def _probed(evidence: Evidence, *networks: str) -> tuple[Bar, ...]:
    titles = {"unlearned": run_title(evidence.result)}
    values = _probe(evidence)
    return tuple(Bar(titles.get(n, n.capitalize()), values[n], "forgotten") for n in networks)


def _probe_title(evidence: Evidence) -> str:
    return f"{forgotten(evidence)}: test images that a linear probe finds in the features"


@quantity(
    "probe_retrained",
    "What a linear probe finds in the retrained model's features",
    "retrained",
    "probe",
)
def probe_retrained(evidence: Evidence) -> Asked:
    """Beside the original's."""
    bars = _probed(evidence, "original", "retrained")
    return Asked(_probe_title(evidence), "%", bars, bars[-1].name)


@quantity(
    "probe_unlearned",
    "What a linear probe finds in the unlearned model's features",
    "retrained",
    "probe",
)
def probe_unlearned(evidence: Evidence) -> Asked:
    """Beside those of the original, the mask and the retrained model."""
    bars = _probed(evidence, "original", "mask", "retrained", "unlearned")
    return Asked(_probe_title(evidence), "%", bars, bars[-1].name)


@quantity(
    "probe_excess",
    "What the probe finds beyond the retrained model, in points",
    "retrained",
    "probe",
)
def probe_excess(evidence: Evidence) -> Asked:
    """Beside the original's excess."""
    found = _probe(evidence)
    name = run_title(evidence.result)
    bars = tuple(
        Bar(title, found[network] - found["retrained"], "forgotten")
        for title, network in (("Original", "original"), (name, "unlearned"))
    )
    title = "Found by a linear probe beyond the retrained model, in points"
    return Asked(title, "points", bars, name)


AS_ORIGINAL, AS_RETRAINED = "The original's", "The retrained model's"


@quantity(
    "probe_is_like",
    f"Whose features the unlearned ones resemble: {AS_ORIGINAL} | {AS_RETRAINED}",
    "retrained",
    "probe",
    kind="choice",
)
def probe_is_like(evidence: Evidence) -> Asked:
    """By what the probe finds: nearer to the original's or to the retrained model's."""
    found = _probe(evidence)
    near = abs(found["unlearned"] - found["original"]) < abs(
        found["unlearned"] - found["retrained"]
    )
    bars = _probed(evidence, "original", "unlearned", "retrained")
    return Asked(_probe_title(evidence), "%", bars, answer=AS_ORIGINAL if near else AS_RETRAINED)
