"""The files of an exported .zip, read as data only: names, sizes and forms are checked first."""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load

from unsc_core.config import DEVICES
from unsc_core.errors import ImportedFileError, UnscError, only_text
from unsc_core.experiment.store import Arrays
from unsc_core.runs.exporting import FORMAT

FORMATS = (1, FORMAT)
"""That can be read."""
TRAINED = ("original", "unlearned", "retrained")
NEEDED = {
    "config.json",
    "run.json",
    "labels.npy",
    "original.safetensors",
    "unlearned.safetensors",
    "logits_original.npy",
    "logits_unlearned.npy",
}
UNREAD = {"summary.json", "report.html"}
"""Part of every export, but computed again from the rest when needed: never opened here."""
KNOWN = NEEDED | UNREAD | {"spectra.safetensors", "taught_labels.npy"}
KNOWN |= {f"{name}.safetensors" for name in TRAINED} | {
    f"logits_{name}{part}.npy" for name in TRAINED for part in ("", "_train")
}
MAX_BYTES = 2**30
MAX_TEXT_BYTES = 2**22
LONGEST_TEXT = 200
NUMBER = (int, float)
RECORD: dict[str, Any] = {
    "format": int,
    "key": str,
    "created": NUMBER,
    "device": str,
    "seconds": {"*": NUMBER},
    "history": [{"*": NUMBER}],
    "null_space": {"*": {"dim": int, "rank": int}},
    "spectra_layers": [str],
    "energy_error": {"*": NUMBER},
    "trained_seconds": {"*": NUMBER},
    "train_digest": str,
    "test_digest": str,
    "class_names": [str],
}
"""The form of run.json: "*" stands for any name, a list for any number of such entries."""
_SETTING: dict[str, Any] = {
    "energy_threshold": (*NUMBER, type(None)),
    "target": str,
    "left": NUMBER,
    "forgets": bool,
    "away": NUMBER,
}
OPTIONAL: dict[str, Any] = {
    "took": NUMBER,
    "machine": str,
    "trained_machines": {"*": str},
    "chosen": _SETTING | {"checked": int, "tried": [_SETTING]},
}
"""Further entries, which exports of earlier versions lack."""

Files = dict[str, bytes]


def unusable(what: str) -> ImportedFileError:
    """The error of an export in which something is wrong."""
    return ImportedFileError(f"{what}; export the run again.")


def read_archive(file: BinaryIO | Path) -> Files:
    """The files of an archive; names and sizes are checked before any file is read.

    Raises:
        ImportedFileError: the first thing that is wrong, in one sentence; so do all functions here.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            _check_members(members)
            return {
                member.filename: _unpacked(archive, member)
                for member in members
                if member.filename not in UNREAD
            }
    except UnscError:
        raise
    except Exception:  # unknown bytes make `zipfile` raise nearly anything
        raise ImportedFileError(
            "This is not a complete .zip archive; export the run again, and check that the whole "
            "file was copied."
        ) from None


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    """Check the names, the sizes and the compression that the archive declares."""
    names = [member.filename for member in members]
    if unknown := [name for name in names if name not in KNOWN]:
        raise ImportedFileError(
            f"The archive has a file '{unknown[0][:60]}', which is not part of an export; "
            "choose a .zip that Export on the Runs page made."
        )
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise unusable(f"The archive has '{twice[0]}' twice")
    if missing := sorted(NEEDED - set(names)):
        raise unusable(f"The archive has no '{missing[0]}'")
    if sum(member.file_size for member in members) > MAX_BYTES:
        raise ImportedFileError(
            f"The archive unpacks to more than {MAX_BYTES >> 30} GiB; no run is that large."
        )
    for member in members:
        if member.filename.endswith(".json") and member.file_size > MAX_TEXT_BYTES:
            raise unusable(f"'{member.filename}' is larger than {MAX_TEXT_BYTES >> 20} MiB")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise unusable(f"'{member.filename}' is compressed in a way that exports are not")


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """A file of the archive, read only up to the size that the archive declares."""
    with archive.open(member) as file:
        content = file.read(member.file_size)
    if len(content) != member.file_size:
        raise EOFError
    return content


def read_json(content: bytes, name: str) -> Any:
    """The JSON in a file."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise unusable(f"'{name}' is not JSON") from None


def read_record(content: bytes) -> dict[str, Any]:
    """The content of run.json, which has the form of `RECORD`."""
    record = read_json(content, "run.json")
    version = record.get("format") if isinstance(record, dict) else None
    if isinstance(version, int) and version not in FORMATS:
        raise ImportedFileError(
            f"The export has format {version}, but this version reads format {FORMAT}; "
            "use the version it was made with."
        )
    if not _fits(record, RECORD) or not _fits(
        record, {name: form for name, form in OPTIONAL.items() if name in record}
    ):
        raise unusable("'run.json' does not have the form of an export's")
    if not 0 <= record["created"] <= time.time() + 2 * 86400:
        raise unusable("'run.json' dates the run at an impossible time")
    if not re.fullmatch(DEVICES, record["device"]):
        raise unusable(f"'run.json' names '{record['device'][:40]}', which is not a device")
    record = _only_text(record)
    if record["format"] == FORMAT:
        return record
    return record | {"energy_error": {}}  # in format 1 it was for another γ and for all classes


def _only_text(value: Any) -> Any:
    """A JSON value whose texts are no more than that wherever they are shown."""
    if isinstance(value, str):
        return only_text(value, LONGEST_TEXT)
    if isinstance(value, list):
        return [_only_text(one) for one in value]
    if isinstance(value, dict):
        return {_only_text(name): _only_text(one) for name, one in value.items()}
    return value


def _fits(value: Any, form: Any) -> bool:
    """Whether a JSON value has the form of `RECORD`; numbers are finite."""
    if isinstance(form, dict):
        if not isinstance(value, dict):
            return False
        return (
            all(_fits(v, form["*"]) for v in value.values())
            if "*" in form
            else all(k in value and _fits(value[k], f) for k, f in form.items())
        )
    if isinstance(form, list):
        return isinstance(value, list) and all(_fits(v, form[0]) for v in value)
    return (
        isinstance(value, form)
        and (form is bool or not isinstance(value, bool))
        and (not isinstance(value, int | float) or abs(value) < 1e12)
    )


def read_array(files: Files, name: str, shape: tuple[int, ...], kind: Any) -> NDArray[Any]:
    """The array in a .npy file; its header must match before the rest is read."""
    stream = io.BytesIO(files[name])
    try:
        version = np.lib.format.read_magic(stream)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        found, _, dtype = read_header(stream)
        if (found, dtype) == (shape, np.dtype(kind)):
            stream.seek(0)
            array = np.load(stream, allow_pickle=False)
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise unusable(f"'{name}' has values that are not finite")
            return np.ascontiguousarray(array)
    except UnscError:
        raise
    except Exception:  # unknown bytes make the reader raise nearly anything
        raise unusable(f"'{name}' is damaged or not an array of numbers") from None
    sizes = ["×".join(map(str, size)) or "a number" for size in (found, shape)]
    raise ImportedFileError(
        f"'{name}' is {sizes[0]} {dtype}, but for this dataset it must be "
        f"{sizes[1]} {np.dtype(kind)}."
    )


def read_tensors(files: Files, name: str) -> Arrays:
    """Name -> array, from a safetensors file."""
    try:
        return load(files[name])
    except Exception:  # unknown bytes make the reader raise nearly anything
        raise unusable(f"'{name}' is damaged or not a safetensors file") from None
