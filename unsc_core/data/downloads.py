"""Downloads of public datasets, with the addresses and checksums that torchvision knows."""

from __future__ import annotations

import gzip
import logging
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pooch
import requests
from numpy.typing import NDArray

from unsc_core.data.dataset import Dataset
from unsc_core.errors import DataError
from unsc_core.paths import data_folder
from unsc_core.progress import Progress, Report

TIMEOUT_S = 20
CHUNK_BYTES = 1 << 18


def load_cifar(name: str, source: Any, report: Report) -> Dataset:
    """CIFAR-10 or CIFAR-100, downloaded and unpacked if necessary.

    Args:
        name: of the Dataset. source: torchvision's class.

    Raises:
        DataError: the files are missing and cannot be downloaded, or are incomplete.
    """
    if not (data_folder() / source.base_folder).is_dir():
        fetch(name, data_folder(), [(source.url, source.filename, source.tgz_md5)], report)
        shutil.unpack_archive(data_folder() / source.filename, data_folder(), filter="data")
    try:
        train, test = (source(str(data_folder()), train=is_train) for is_train in (True, False))
    except RuntimeError:
        folder = data_folder() / source.base_folder
        raise DataError(
            f"{name} in {folder} is incomplete; remove that folder to unpack or download it again."
        ) from None
    images = [np.ascontiguousarray(part.data.transpose(0, 3, 1, 2)) for part in (train, test)]
    labels = [np.array(part.targets, dtype=np.int64) for part in (train, test)]
    return Dataset(
        name, images[0], labels[0], images[1], labels[1], tuple(train.classes), augment=True
    )


def torchvision_datasets() -> Any:
    """The module `torchvision.datasets`; loads torch."""
    import torch

    if torch.version.cuda is None:
        _declared_operators()
    from torchvision import datasets

    return datasets


@cache
def _declared_operators() -> Any:
    """Declare two compiled operators of torchvision, for which it registers fake kernels.

    Next to a CPU-only torch, torchvision's compiled library does not load; without declarations,
    importing torchvision fails. They last as long as the returned object, which the cache keeps.
    """
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


def fetch(name: str, folder: Path, wanted: list[tuple[str, str, str]], report: Report) -> None:
    """Download each file of `wanted` (address, file name, md5) that `folder` lacks.

    Raises:
        DataError: a file is missing and cannot be downloaded; the message says which file to put
            where.
    """
    pooch.get_logger().setLevel(logging.WARNING)
    for address, file_name, md5 in wanted:
        progress = _DownloadProgress(f"downloading {name}: {file_name}", report)
        downloader = pooch.HTTPDownloader(progress, CHUNK_BYTES, timeout=TIMEOUT_S)
        try:
            pooch.retrieve(address, f"md5:{md5}", file_name, folder, downloader=downloader)
        except requests.RequestException as error:
            raise DataError(
                f"{name} is not on this machine and could not be downloaded ({_reason(error)}); "
                f"put {file_name} into {folder}."
            ) from None
        except OSError as error:
            raise DataError(
                f"{name} cannot be downloaded to {folder} ({error.strerror or error}); free "
                "some space, or set UNSC_HOME to another folder."
            ) from None
        except ValueError:
            raise DataError(
                f"{file_name} was damaged in transfer (wrong checksum); try again, or put an "
                f"intact copy into {folder}."
            ) from None


class _DownloadProgress:
    """A progress bar, as pooch calls it, that reports."""

    total = 0

    def __init__(self, stage: str, report: Report) -> None:
        self._stage = stage
        self._report = report
        self._done = 0

    def update(self, received: int) -> None:
        # The last chunk is smaller than pooch says.
        self._done = min(self._done + received, self.total or self._done + received)
        size = f"{self._done / 1e6:.0f} MB"
        self._report(Progress(self._stage, self._done, self.total, size))

    def reset(self) -> None:
        self._done = 0

    def close(self) -> None:
        pass


def _reason(error: requests.RequestException) -> str:
    if error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return f"no answer within {TIMEOUT_S} s"
    return "no connection, or a broken one"


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array in a gzipped IDX file.

    Raises:
        DataError: the file is missing or damaged.
    """
    try:
        with gzip.open(path) as file:
            raw = file.read()
        dims = raw[3]
        shape = np.frombuffer(raw, ">u4", count=dims, offset=4).astype(int)
        return np.frombuffer(raw, np.uint8, offset=4 + 4 * dims).reshape(shape)
    except (OSError, EOFError, ValueError, IndexError) as error:
        raise DataError(f"{path} cannot be read ({error}); replace it by an intact copy.") from None
