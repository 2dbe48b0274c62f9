"""The registry entry of a method."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from unsc_core.methods.context import Context, Unlearned


@dataclass(frozen=True)
class Method:
    """One unlearning method, described without loading it.

    Attributes:
        name: as typed on the command line. title: as shown. summary: one sentence.
        source: the paper, if there is one.
        order: place in lists; methods without one come after the published ones, before retraining.
        short_title: for narrow tables and labels, where the title is too long.
        learning_rate, epochs: defaults of its SGD; None where it has none. A method without epochs
            uses the learning rate as its strength.
        erases: whether it also erases in the features, with a strength that can be chosen.
        energy_threshold: default γ; None where it has no effect.
        uses_moments: whether it needs second moments of the representations.
        uses_pseudo_labels: whether it assigns pseudo-labels, which can then be edited.
        reads_retain: whether each of its epochs goes through D_r as well as D_f.
        held: how many retained samples each of its steps reads beside those of D_f.
        passes: how many times it goes through its epochs.
        single_gradients: number of per-sample gradients it computes.
        tuning_energy_thresholds: values of γ that `tune` tries, if γ has an effect.
        further: whether it is compared only where all methods are asked for.
        parts: target, weights and what is read, of the methods that UNSC's parts make up: see
            `methods.parts`.
        listed: whether lists of methods have it. One that is not shares its file with others, whose
            `unlearn` is told its parts; it is compared only where its parts are.
        colour, colour_on_dark: "#rrggbb" in figures. mark: a plotly symbol. Both are derived from
            the name where the entry has none; see `figures.theme`.
        module: the module that defines `unlearn`; filled in by the registry.
    """

    name: str
    title: str
    summary: str
    source: str = ""
    order: int = 500
    short_title: str = ""
    learning_rate: float | None = None
    epochs: int | None = None
    erases: bool = False
    energy_threshold: float | None = None
    uses_moments: bool = False
    uses_pseudo_labels: bool = False
    reads_retain: bool = False
    held: int = 0
    passes: int = 1
    single_gradients: int = 0
    tuning_energy_thresholds: tuple[float, ...] = (0.94, 0.96, 0.98)
    further: bool = False
    parts: tuple[str, ...] = ()
    listed: bool = True
    colour: str = ""
    colour_on_dark: str = ""
    mark: str = ""
    module: str = field(default="", compare=False)

    @property
    def uses_energy_threshold(self) -> bool:
        """Whether γ has an effect."""
        return self.energy_threshold is not None

    @property
    def unlearn(self) -> Callable[[nn.Module, Context], Unlearned]:
        """The method itself; loads its module, and torch with it.

        It is called with a copy of the original model, which it may change in place, and its
        context.
        """
        unlearn = importlib.import_module(self.module).unlearn
        return unlearn if self.listed else partial(unlearn, parts=self.parts)
