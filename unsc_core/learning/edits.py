"""Edits of the pseudo-labels by a user.

"4>2" gives class 2 to every sample whose pseudo-label is class 4, "#17>2" to training sample 17.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unsc_core.data.request import Split
from unsc_core.errors import ConfigError

EDIT = re.compile(r"(#?)(\d{1,9})>(\d{1,9})")


def check_edits(edits: Sequence[str], request: Split) -> None:
    """Check that every edit can be applied to this request.

    Raises:
        ConfigError: the first that cannot, and why.
    """
    dataset = request.dataset
    for edit in edits:
        match = EDIT.fullmatch(edit)
        if match is None:
            raise ConfigError(
                f"The edit '{edit[:40]}' is not understood; write 4>2 for class 4's samples to "
                "class 2, or #17>2 for sample 17."
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
        if single:
            concerned = banned[rows == source]
        else:  # single samples may go to the classes of others, so there is nothing to refuse
            concerned = banned[:0] if request.forget_ids else banned[:1]
        if concerned[:, target].any():
            raise ConfigError(
                f"The edit '{edit}' sends samples to {dataset.class_names[target]}, which they are "
                "to leave; name a class that stays."
            )


def edited(labels: NDArray[np.int64], edits: Sequence[str], request: Split) -> NDArray[np.int64]:
    """The pseudo-labels after all edits: those of classes, all at once, then of single samples.

    An edit leaves out samples for which its class is banned; see `Split.banned`.

    Args:
        labels: (n_forget,) pseudo-labels, in training order.
        edits: checked by `check_edits`.
        request: what is forgotten.
    """
    rows, banned = request.forget_train(), request.banned()
    found = labels.copy()
    parts = [match for edit in edits if (match := EDIT.fullmatch(edit))]
    for single in ("", "#"):
        for match in (part for part in parts if part[1] == single):
            source, target = int(match[2]), int(match[3])
            chosen = (rows if single else labels) == source
            found[chosen & ~banned[:, target]] = target
    return found


def redirected(edits: Sequence[str], source: int, target: int) -> tuple[str, ...]:
    """Edits after which all samples that now have class `source` as their label get `target`.

    These are its own, unless an edit gave them another label, and those that edits gave it. Edits
    of single samples stay as they are.
    """
    single = [edit for edit in edits if edit.startswith("#")]
    moved = {source: source}
    for a, b in (edit.split(">") for edit in edits if not edit.startswith("#")):
        moved[int(a)] = int(b)
    found = {a: target if b == source else b for a, b in moved.items()}
    return (*(f"{a}>{b}" for a, b in found.items() if a != b), *single)
