"""A second device in this machine's memory: it computes as the CPU, and refuses what a GPU does.

Its tensors hold a CPU tensor that nothing else sees. As on a GPU, an operation on one of them and a
CPU tensor raises, and so does numpy(). Whatever makes the CPU wait for a GPU is recorded: a number
that is read, a size that depends on numbers, a copy from one device to the other.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

from unsc_core.learning import batches, training

NAME = "pretended"
_setup_privateuseone_for_python_backend(NAME)
DEVICE = torch.device(NAME, 0)
aten = torch.ops.aten
COPIES = (aten._to_copy.default, aten.copy_.default)
READS = (
    aten._local_scalar_dense.default,
    aten.is_nonzero.default,
    aten.equal.default,
    aten.nonzero.default,
    aten.masked_select.default,
)
INDEXING = (aten.index.Tensor, aten.index_put.default, aten.index_put_.default)


class There(Tensor):
    """A tensor on the second device; `here` is what it holds."""

    here: Tensor

    @staticmethod
    def __new__(cls, here: Tensor) -> There:
        place = {"dtype": here.dtype, "device": DEVICE, "layout": here.layout}
        found = Tensor._make_wrapper_subclass(
            cls, here.shape, here.stride(), here.storage_offset(), **place
        )
        found.here = here
        return found

    def __repr__(self) -> str:  # type: ignore[override]
        return f"There({self.here})"

    @classmethod
    def __torch_dispatch__(
        cls, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        raise RuntimeError(f"{function} was called outside of SecondDevice.")


class SecondDevice(TorchDispatchMode):
    """Within this context `DEVICE` can be used; `waits` are the operations the CPU waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[str] = []

    def __enter__(self) -> SecondDevice:
        self._inference_mode = torch.inference_mode
        torch.inference_mode = torch.no_grad  # type: ignore[misc,assignment]  # Python's tensors have none
        return super().__enter__()

    def __exit__(self, *raised: Any) -> None:
        torch.inference_mode = self._inference_mode  # type: ignore[misc]
        super().__exit__(*raised)

    def let_pass(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Do not record what is sent from pinned memory: the CPU does not wait for that."""

        def pinned(drawn: Tensor, place: torch.device) -> Tensor:
            known = len(self.waits)
            found = drawn.to(place)
            del self.waits[known:]
            return found

        for module in (batches, training):
            monkeypatch.setattr(module, "sent", pinned)

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        there = [leaf for leaf in tensors if isinstance(leaf, There)]
        asked = kwargs.get("device")
        goes_there = bool(there) if asked is None else torch.device(asked).type == NAME
        if asked is not None and goes_there:
            kwargs["device"] = torch.device("cpu")
        if function in COPIES:
            places = {isinstance(leaf, There) for leaf in tensors}
            if len(places | {goes_there}) > 1:
                self.waits.append(f"{function}")
        elif there and any(tensor.ndim and not isinstance(tensor, There) for tensor in tensors):
            raise RuntimeError(
                f"Expected all tensors to be on the same device, but {function} was given some on "
                f"the CPU and some on '{NAME}'."
            )
        elif there and (function in READS or _is_masked(function, args)):
            self.waits.append(f"{function}")
        answer = function(*_held(args), **_held(kwargs))
        given = {id(leaf.here): leaf for leaf in there}

        def wrap(leaf: object) -> object:
            return given.get(id(leaf), There(leaf) if isinstance(leaf, Tensor) else leaf)

        return tree_map(wrap, answer) if goes_there else answer


def _is_masked(function: Any, args: Any) -> bool:
    return function in INDEXING and any(
        index is not None and index.dtype in (torch.bool, torch.uint8) for index in args[1]
    )


def _held(values: Any) -> Any:
    return tree_map(lambda leaf: leaf.here if isinstance(leaf, There) else leaf, values)


def _empty_strided(size: Any, stride: Any, *, dtype: Any = None, **_: Any) -> Tensor:
    return There(torch.empty_strided(size, stride, dtype=dtype))


def _copy_from(source: Tensor, target: There, non_blocking: bool = False) -> Tensor:
    target.here.copy_(_held(source))
    return target


# What torch.tensor(…, device=…) calls outside of every mode.
_library = torch.library.Library("aten", "IMPL")
_library.impl("empty_strided", _empty_strided, "PrivateUse1")
_library.impl("_copy_from", _copy_from, "PrivateUse1")
