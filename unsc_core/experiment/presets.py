"""Experiments to open with one click or to prepare: what each is called, and what it shows."""

from __future__ import annotations

from dataclasses import dataclass

from unsc_core.config import ExperimentConfig
from unsc_core.data import DATASETS, DEFAULT_DATASET


@dataclass(frozen=True)
class Preset:
    """One click to an experiment, and what it shows."""

    title: str
    shows: str
    forget: tuple[int, ...]
    method: str = "unsc"
    dataset: str = DEFAULT_DATASET

    @property
    def config(self) -> ExperimentConfig:
        """Its experiment, with the dataset's usual network."""
        return ExperimentConfig(
            dataset=self.dataset,
            model=DATASETS[self.dataset].default_model,
            forget_classes=self.forget,
            method=self.method,
        )


PRESETS = (
    Preset("Forget shirts", "They look like T-shirts, pullovers and coats.", (6,)),
    Preset("Forget ankle boots", "Easy to tell apart: is there anything to gain?", (9,)),
    Preset("Forget two classes", "T-shirts and shirts, which are often confused.", (0, 6)),
    Preset(
        "See over-unlearning",
        "Shirts, with random labels: who else suffers?",
        (6,),
        "random-labels",
    ),
    Preset("Forget a digit", "The 3, in another dataset.", (3,), dataset="digits"),
)
"""The first is the experiment that the app opens on."""
