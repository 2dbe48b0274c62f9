"""How long missing work will take on this machine, estimated without torch.

`missing` says what a job still has to compute, and `rates` how fast that is here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.experiment.store import Store
from unsc_core.jobs.job import AUDITED_SEEDS
from unsc_core.jobs.missing import Piece, missing_pieces
from unsc_core.jobs.rates import Rates, rates_key, read_rates, rough_rates

UNMEASURED_LIMIT_S = 60.0
"""Work without training is not measured first if rough rates put all of it below this."""


@dataclass(frozen=True)
class Cost:
    """How long work will take.

    Attributes:
        seconds: in total.
        words: the long parts: "training ResNet-18 on 10,000 images for 10 epochs, then forgetting".
    """

    seconds: float
    words: str = ""


def duration(seconds: float) -> str:
    """A duration in words: "35 s", "27 minutes", "3 hours"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} minutes"
    return f"{round(seconds / 3600)} hours"


def estimate(wanted: Sequence[tuple[str, ExperimentConfig]], store: Store) -> Cost | None:
    """How long the missing work of some jobs will take, shared pieces counted once.

    Args:
        wanted: kind of job and resolved config.
        store: what is in it is not missing.

    Returns:
        None if a network has to be measured first, or for a kind of job without an estimate.
    """
    seconds, rough, words = 0.0, 0.0, []
    known: dict[str, Rates | None] = {}
    pieces: dict[str, tuple[str, Piece]] = {}
    for kind, config in wanted:
        dataset = load_dataset(config.dataset)
        found = missing_pieces(kind, config, dataset, store)
        if found is None:
            return None
        name = rates_key(config, dataset)
        if name not in known:
            known[name] = read_rates(config, dataset, store)
        if kind in (*AUDITED_SEEDS, "probe") and (rates := known[name]) and not rates.audit:
            known[name] = None
        if known[name] is None and not any(piece.trains for piece in found.values()):
            rates = rough_rates(config, dataset, store)
            if rates is not None:
                rough += sum(piece.seconds(rates) for piece in found.values())
                if rough <= UNMEASURED_LIMIT_S:
                    continue
        pieces |= {key: (name, piece) for key, piece in found.items()}
    for name, piece in pieces.values():
        rates = known[name]
        if rates is None:
            return None
        seconds += piece.seconds(rates)
        if piece.words and piece.words not in words:
            words.append(piece.words)
    return Cost(seconds, ", then ".join(words))
