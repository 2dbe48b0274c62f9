"""Weight files: safetensors, or torch files read as tensors only, so that no code in them runs."""

from __future__ import annotations

import zipfile
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from unsc_core.errors import CheckpointError


def load_weights(path: Path) -> dict[str, Tensor]:
    """Name -> tensor from a .safetensors file, or from a torch file with `weights_only=True`.

    Raises:
        CheckpointError: the file is missing, corrupt, or not a plain set of tensors.
    """
    try:
        if path.suffix == ".safetensors":
            weights = load_file(path)
        else:
            _check_unpacked(path)
            weights = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CheckpointError(
            f"The checkpoint {path} cannot be read ({error.strerror or error}); check the path."
        ) from None
    except Exception:  # readers can raise almost anything on unknown bytes
        raise CheckpointError(
            f"{path.name} is corrupt or not a file of weights; save a state_dict as .safetensors."
        ) from None
    if not isinstance(weights, dict) or not all(_is_plain(value) for value in weights.values()):
        raise CheckpointError(
            f"{path.name} is not a state_dict (name → tensor); save model.state_dict()."
        )
    return weights


def _check_unpacked(path: Path) -> None:
    """Check that what is in a torch file fits into it: torch.save packs nothing.

    Raises:
        ValueError: it would unpack to more, perhaps to more than there is memory.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > path.stat().st_size:
                raise ValueError(path.name)


def _is_plain(value: object) -> bool:
    return (
        isinstance(value, Tensor)
        and value.layout == torch.strided
        and not value.is_quantized
        and value.device.type == "cpu"
        and not value.is_complex()
    )


def set_weights(model: nn.Module, weights: dict[str, Tensor], source: str) -> None:
    """Load `weights` into `model`, all of them or none.

    Raises:
        CheckpointError: they belong to another network, or are not finite.
    """
    wanted = model.state_dict()
    if missing := [name for name in wanted if name not in weights]:
        raise CheckpointError(
            f"{source} does not fit this model: it has no '{missing[0]}'; choose the model it was "
            "saved from."
        )
    if extra := [name for name in weights if name not in wanted]:
        raise CheckpointError(
            f"{source} does not fit this model: it has '{extra[0]}', which the model lacks."
        )
    for name, value in weights.items():
        if value.shape != wanted[name].shape:
            found, needed = (
                "×".join(map(str, t.shape)) or "a number" for t in (value, wanted[name])
            )
            raise CheckpointError(
                f"{source} does not fit this model: '{name}' is {found} but must be {needed}."
            )
        if not bool(torch.isfinite(value.to(wanted[name].dtype)).all()):
            raise CheckpointError(
                f"{source} has values in '{name}' that are not finite; save it again from a model "
                "that works."
            )
    model.load_state_dict(weights)
