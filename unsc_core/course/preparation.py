"""What the lessons need that is not stored yet, how big that is, and whether all can be asked."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from unsc_core.config import ExperimentConfig
from unsc_core.course import course
from unsc_core.course.evidence import Piece, StoreReader
from unsc_core.course.lesson_file import Lesson
from unsc_core.data import load_dataset
from unsc_core.errors import UnscError
from unsc_core.experiment.keys import keys, logits_key
from unsc_core.experiment.store import Store
from unsc_core.methods import METHODS


def missing(lessons: Iterable[Lesson], store: Store) -> list[Piece]:
    """The jobs behind some lessons whose results are not stored, in the order to run them."""
    return [piece for piece in course.lesson_pieces(lessons) if not piece.is_stored(store)]


def size(configs: Iterable[ExperimentConfig], store: Store) -> int:
    """Bytes that the results of some resolved configs will take in the store, about.

    Networks, logits and second moments are counted, each once; all else is small beside them.
    """
    found: dict[tuple[str, str], int] = {}
    for config in configs:
        data = load_dataset(config.dataset)
        of, (network, moments) = keys(config, data), _network(config)
        parts = ("test", "train")
        logits = {part: 4 * data.num_classes * len(data.labels(part)) for part in parts}
        for model in (of.original, of.unlearned, of.retrained):
            kind = "unlearned" if model == of.unlearned else "trained"
            found[kind, model] = network
            found |= {("logits", logits_key(model, data, part)): logits[part] for part in parts}
        if METHODS[config.method].uses_moments:
            found["moments", of.moments] = moments
            found["unseen", of.moments] = moments // 2  # those of other images, in float32
    return sum(
        bytes_ for (kind, key), bytes_ in found.items() if not store.path(kind, key).is_file()
    )


@lru_cache(maxsize=64)
def _network(config: ExperimentConfig) -> tuple[int, int]:
    """Bytes of a config's network, and of its second moments of every class; loads torch."""
    import torch

    from unsc_core.experiment.resolve import MOMENTS
    from unsc_core.models import build_model
    from unsc_core.subspace.moments import moments_bytes
    from unsc_core.subspace.sampling import enough_images

    data = load_dataset(config.dataset)
    model = build_model(config.model, data.input_shape, data.num_classes, config.seed)
    needed = enough_images(model, data.num_classes, MOMENTS)
    sample = torch.zeros(1, *data.input_shape)
    moments = moments_bytes(model, sample, data.num_classes, needed)
    return sum(4 * one.numel() for one in model.state_dict().values()), moments


def check(lessons: Iterable[Lesson], store: Store) -> list[str]:
    """What of the stored results cannot be asked: one sentence for each such step.

    Reading everything also marks it as used, and a store that pins pins it.
    """
    faults: list[str] = []
    for lesson in lessons:
        for number, step in enumerate(lesson.steps, 1):
            if not course.uses_results(step):
                continue
            where = f"{lesson.name}.md:{step.lines['heading']}: step {number}"
            try:
                found = course.evidence(step, StoreReader(store))
                if found is not None and step.question is not None:
                    truth = course.asked(step, found).truth
                    if isinstance(truth, str) and truth not in step.question.choices:
                        faults.append(f"{where} does not offer the answer '{truth}'; add it.")
            except UnscError as error:
                faults.append(f"{where}: {error}")
    return faults


def megabytes(size: int) -> str:
    """A size in words: "42 MB"."""
    return f"{max(1, round(size / 1e6)):,}\u00a0MB"
