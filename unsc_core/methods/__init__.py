"""METHODS: every way to unlearn, by name. A method's file is loaded when it runs, not before."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from unsc_core.errors import ConfigError

if TYPE_CHECKING:
    from torch import nn

    from unsc_core.methods.context import Context, Unlearned


class Unlearn(Protocol):
    """What a method's file defines as `unlearn`."""

    def __call__(self, model: nn.Module, context: Context) -> Unlearned:
        """Forget with `model`, a copy of the original that may be changed in place."""
        ...


@dataclass(frozen=True)
class Method:
    """One way to unlearn.

    Attributes:
        name: as typed; title: as shown; summary: one sentence.
        source: the paper.
        energy_threshold: default γ; None where it does not matter. uses_moments: whether second moments do.
        learning_rate, epochs: defaults of its SGD; None where it has none. Without epochs, the learning rate
            is the strength that takes its place.
        uses_pseudo_labels: whether it teaches pseudo-labels, which may then be edited.
        reads_retain: whether each of its epochs goes through D_r, too. single_gradients: gradients of single samples it takes.
        module: where its `unlearn` is; by default the file named after it.
    """

    name: str
    title: str
    summary: str
    source: str
    energy_threshold: float | None = None
    uses_moments: bool = False
    learning_rate: float | None = None
    epochs: int | None = None
    uses_pseudo_labels: bool = False
    reads_retain: bool = False
    single_gradients: int = 0
    module: str = ""

    @property
    def uses_energy_threshold(self) -> bool:
        """Whether γ matters."""
        return self.energy_threshold is not None

    @property
    def unlearn(self) -> Callable[[nn.Module, Context], Unlearned]:
        """The method itself."""
        return importlib.import_module(
            self.module or f"{__name__}.{self.name.replace('-', '_').replace('+', '_')}"
        ).unlearn


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(
            "unsc",
            "UNSC",
            "Each forgotten sample goes to the class it resembles, inside the null space of the rest.",
            "Chen, Zhu, Yu, Zhou: Machine Unlearning via Null Space Calibration, IJCAI 2024",
            energy_threshold=0.96,
            uses_moments=True,
            learning_rate=0.4,
            epochs=25,
            uses_pseudo_labels=True,
        ),
        Method(
            "random-labels",
            "Random labels",
            "Forgotten samples are taught classes drawn at random; nothing protects the rest.",
            "Golatkar, Achille, Soatto: Eternal Sunshine of the Spotless Net, CVPR 2020 (baseline)",
            learning_rate=0.01,
            epochs=10,
        ),
        Method(
            "pseudo-labels",
            "Pseudo-labels only",
            "UNSC's labels without its projection; nothing protects the rest.",
            "Chen, Zhu, Yu, Zhou: Machine Unlearning via Null Space Calibration, IJCAI 2024 (ablation)",
            learning_rate=0.01,
            epochs=15,
            uses_pseudo_labels=True,
        ),
        Method(
            "random-labels+null-space",
            "Random labels in the null space",
            "Random labels under UNSC's projection.",
            "Chen, Zhu, Yu, Zhou: Machine Unlearning via Null Space Calibration, IJCAI 2024 (ablation)",
            energy_threshold=0.96,
            uses_moments=True,
            learning_rate=0.1,
            epochs=10,
        ),
        Method(
            "fine-tune",
            "Fine-tune",
            "Trained on with what remains; the forgotten fades only by itself.",
            "Golatkar, Achille, Soatto: Eternal Sunshine of the Spotless Net, CVPR 2020 (baseline)",
            learning_rate=0.08,
            epochs=5,
            reads_retain=True,
        ),
        Method(
            "gradient-ascent",
            "Gradient ascent",
            "Climbs the loss of the forgotten samples; nothing protects the rest.",
            "Graves, Nagisetty, Ganesh: Amnesiac Machine Learning, AAAI 2021",
            learning_rate=0.001,
            epochs=15,
        ),
        Method(
            "boundary-shrink",
            "Boundary shrink",
            "Each forgotten sample goes to the class beyond its nearest boundary, found by one FGSM step.",
            "Chen, Gao, Liu, Peng, Wang: Boundary Unlearning, CVPR 2023",
            learning_rate=0.01,
            epochs=15,
        ),
        Method(
            "fisher",
            "Fisher forgetting",
            "Noise on every weight, less where the rest needs it; its strength takes the learning rate's place.",
            "Golatkar, Achille, Soatto: Eternal Sunshine of the Spotless Net, CVPR 2020",
            learning_rate=0.000125,
            single_gradients=1000,
        ),
        Method(
            "salun",
            "SalUn",
            "Random labels beside the retained samples, in the half of the weights that forgetting moves most.",
            "Fan, Liu, Zhang, Wong, Wei, Liu: SalUn, ICLR 2024",
            learning_rate=0.01,
            epochs=3,
            reads_retain=True,
        ),
        Method(
            "scrub",
            "SCRUB",
            "A student moves away from the original on the forgotten samples and stays with it on the rest.",
            "Kurmanji, Triantafillou, Hayes, Triantafillou: Towards Unbounded Machine Unlearning, NeurIPS 2023",
            learning_rate=0.02,
            epochs=4,
            reads_retain=True,
        ),
        Method(
            "svd-forget",
            "SVD forgetting",
            "Takes out of each layer what only the forgotten use; its strength takes the learning rate's place.",
            "Kodge, Saha, Roy: Deep Unlearning, TMLR 2024",
            uses_moments=True,
            learning_rate=12,
        ),
        Method(
            "retrain",
            "Retrain",
            "Trained again from the start without the forgotten classes: slow, and the gold standard.",
            "Bourtoule et al.: Machine Unlearning, IEEE S&P 2021",
        ),
    )
}


def method_entry(name: str) -> Method:
    """The registry entry of `name`.

    Raises:
        ConfigError: unknown name.
    """
    if name not in METHODS:
        raise ConfigError(f"Unknown method '{name}'; choose one of {', '.join(METHODS)}.")
    return METHODS[name]
