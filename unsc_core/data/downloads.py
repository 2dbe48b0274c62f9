"""The public datasets that are not bundled: found on disk, else downloaded with progress through torchvision's addresses."""

from __future__ import annotations

import gzip
import http.client
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unsc_core.data.dataset import Dataset
from unsc_core.errors import DataError
from unsc_core.paths import data_folder
from unsc_core.progress import Progress, Report

DEBIAN_FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")
TIMEOUT_S = 20

FASHION_NAMES = (
    "T-shirt",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def fashion_mnist(report: Report) -> Dataset:
    """Fashion-MNIST in full (Xiao et al., 2017; MIT licence), 60,000 / 10,000, 28×28."""
    folder = DEBIAN_FASHION_MNIST
    if not folder.is_dir():
        datasets = _torchvision_datasets()
        folder = data_folder() / "FashionMNIST" / "raw"
        mirror = datasets.FashionMNIST.mirrors[0]
        wanted = [(mirror + name, name, md5) for name, md5 in datasets.FashionMNIST.resources]
        fetch("fashion-mnist", folder, wanted, report)
    parts = [
        read_idx(folder / f"{part}-{kind}.gz")
        for part in ("train", "t10k")
        for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
    ]
    x_train, y_train, x_test, y_test = parts
    return Dataset(
        "fashion-mnist",
        x_train[:, None],
        y_train.astype(np.int64),
        x_test[:, None],
        y_test.astype(np.int64),
        FASHION_NAMES,
    )


def cifar10(report: Report) -> Dataset:
    """CIFAR-10 (Krizhevsky, 2009), 50,000 / 10,000, 32×32 colour."""
    return _cifar("cifar10", _torchvision_datasets().CIFAR10, report)


def cifar100(report: Report) -> Dataset:
    """CIFAR-100 (Krizhevsky, 2009), 50,000 / 10,000, 32×32 colour."""
    return _cifar("cifar100", _torchvision_datasets().CIFAR100, report)


def svhn(report: Report) -> Dataset:
    """SVHN (Netzer et al., 2011), 73,257 / 26,032, 32×32 colour."""
    datasets = _torchvision_datasets()
    files = [datasets.SVHN.split_list[part] for part in ("train", "test")]
    fetch("svhn", data_folder(), [tuple(entry) for entry in files], report)
    train, test = (datasets.SVHN(str(data_folder()), split=part) for part in ("train", "test"))
    names = tuple(str(c) for c in range(10))
    return Dataset(
        "svhn",
        train.data,
        train.labels.astype(np.int64),
        test.data,
        test.labels.astype(np.int64),
        names,
    )


def _cifar(name: str, source: Any, report: Report) -> Dataset:
    if not (data_folder() / source.base_folder).is_dir():
        fetch(name, data_folder(), [(source.url, source.filename, source.tgz_md5)], report)
        shutil.unpack_archive(data_folder() / source.filename, data_folder(), filter="data")
    try:
        train, test = (source(str(data_folder()), train=is_train) for is_train in (True, False))
    except RuntimeError:
        folder = data_folder() / source.base_folder
        raise DataError(
            f"{name} in {folder} is not complete; remove that folder, and it is unpacked or downloaded again."
        ) from None
    images = [np.ascontiguousarray(part.data.transpose(0, 3, 1, 2)) for part in (train, test)]
    labels = [np.array(part.targets, dtype=np.int64) for part in (train, test)]
    return Dataset(
        name, images[0], labels[0], images[1], labels[1], tuple(train.classes), augment=True
    )


def is_here(name: str) -> bool:
    """Whether the files of a dataset lie on this machine; true for datasets that are never downloaded."""
    folder = data_folder()
    files = {
        "fashion-mnist": [folder / "FashionMNIST" / "raw" / "t10k-labels-idx1-ubyte.gz"],
        "cifar10": [folder / "cifar-10-batches-py"],
        "cifar100": [folder / "cifar-100-python"],
        "svhn": [folder / "train_32x32.mat", folder / "test_32x32.mat"],
    }
    files["fashion-mnist-32"] = files["fashion-mnist"]
    return all(path.exists() for path in files.get(name, [])) or (
        name.startswith("fashion-mnist") and DEBIAN_FASHION_MNIST.is_dir()
    )


def _torchvision_datasets() -> Any:
    import unsc_core.data.torchvision_ops  # noqa: F401, I001  (before torchvision: see there)
    from torchvision import datasets

    return datasets


def fetch(name: str, folder: Path, wanted: list[tuple[str, str, str]], report: Report) -> None:
    """Make sure every file of `wanted` (address, file name, md5) lies complete in `folder`.

    Raises:
        DataError: a file is missing and cannot be downloaded; the sentence says what to put where.
    """
    check_integrity = _torchvision_datasets().utils.check_integrity
    for address, file_name, md5 in wanted:
        target = folder / file_name
        if check_integrity(str(target), md5):
            continue
        partial = target.with_name(target.name + ".part")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _download(address, partial, f"downloading {name}: {file_name}", report)
        except (
            urllib.error.URLError,
            TimeoutError,
            ConnectionError,
            http.client.HTTPException,
        ) as error:
            reason = getattr(error, "reason", error)
            raise DataError(
                f"{name} is not on this machine and could not be downloaded ({reason}); put {file_name} into {folder}."
            ) from None
        except OSError as error:
            raise DataError(
                f"{name} cannot be downloaded to {folder} ({error.strerror or error}); make room or set UNSC_HOME elsewhere."
            ) from None
        if not check_integrity(str(partial), md5):
            partial.unlink(missing_ok=True)
            raise DataError(
                f"{file_name} arrived damaged (wrong checksum); try again, or put a good copy into {folder}."
            )
        partial.replace(target)


def _download(address: str, target: Path, words: str, report: Report) -> None:
    with urllib.request.urlopen(address, timeout=TIMEOUT_S) as response, target.open("wb") as file:
        total = int(response.headers.get("Content-Length") or 0)
        done = 0
        while chunk := response.read(1 << 18):
            file.write(chunk)
            done += len(chunk)
            report(Progress(words, done, total, f"{done / 1e6:.0f} MB"))


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
        raise DataError(f"{path} cannot be read ({error}); put a good copy there.") from None
