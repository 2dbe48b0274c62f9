"""A person's changes of the pseudo-labels: "4>2" sends every sample whose pseudo-label is class 4 to class 2, "#17>2" training sample 17."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unsc_core.data.request import Split
from unsc_core.errors import ConfigError

EDIT = re.compile(r"(#?)(\d{1,9})>(\d{1,9})")


def check_edits(edits: Sequence[str], request: Split) -> None:
    """Whether every edit can be carried out for this request.

    Raises:
        ConfigError: the first that cannot, and why.
    """
    dataset = request.dataset
    for edit in edits:
        match = EDIT.fullmatch(edit)
        if match is None:
            raise ConfigError(
                f"The edit '{edit[:40]}' is not understood; write 4>2 for class 4's samples to class 2, or #17>2 for sample 17."
            )
        single, source, target = match[1] == "#", int(match[2]), int(match[3])
        outside = f"is not in {dataset.name}; its classes are 0 to {dataset.num_classes - 1}."
        if target >= dataset.num_classes:
            raise ConfigError(f"The edit '{edit}' names class {target}, which {outside}")
        if single and source not in request.forget_train():
            raise ConfigError(
                f"The edit '{edit}' names training sample {source}, which is not to be forgotten."
            )
        if not single and source >= dataset.num_classes:
            raise ConfigError(f"The edit '{edit}' names class {source}, which {outside}")
        rows, banned = request.forget_train(), request.banned()
        of_edit = (
            banned[rows == source] if single else banned[:0] if request.forget_ids else banned[:1]
        )
        if of_edit[:, target].any():
            raise ConfigError(
                f"The edit '{edit}' sends samples to {dataset.class_names[target]}, which they are to leave; name a class that stays."
            )


def edited(labels: NDArray[np.int64], edits: Sequence[str], request: Split) -> NDArray[np.int64]:
    """The pseudo-labels after all edits: classes first, all at once, then single samples; no sample is sent to a class it may not go to.

    Args:
        labels: (n_forget,) pseudo-labels, in training order.
        edits: checked.
        request: what is forgotten.
    """
    rows, banned = request.forget_train(), request.banned()
    found = labels.copy()
    parts = [match for edit in edits if (match := EDIT.fullmatch(edit))]
    for single in ("", "#"):
        for match in (part for part in parts if part[1] == single):
            source, target = int(match[2]), int(match[3])
            meant = (rows if single else labels) == source
            found[meant & ~banned[:, target]] = target
    return found
