"""The course: the lessons that ship with the app, and those in the folder `lessons` of UNSC_HOME.

Files are read anew each time, so that one that is dropped there appears at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qsl

from unsc_core.config import ExperimentConfig
from unsc_core.course.evidence import Evidence, Piece, Reader, pieces, read_evidence
from unsc_core.course.lesson_file import MAX_BYTES, Lesson, LessonError, Step, parse
from unsc_core.course.pictures import FIGURES
from unsc_core.course.quantities import QUANTITIES, Asked
from unsc_core.data import DATASETS, DEFAULT_DATASET, load_dataset
from unsc_core.errors import ConfigError, UnscError, one_line
from unsc_core.experiment.resolve import resolve
from unsc_core.models import MODELS
from unsc_core.paths import ASSETS

SHIPPED = ASSETS / "lessons"
"""The folder of the lessons that ship with the app."""
MAX_FILES = 100


def own_folder(home: Path) -> Path:
    """Where a teacher puts further lessons."""
    return home / "lessons"


def lessons(home: Path) -> tuple[list[Lesson], list[LessonError]]:
    """Every lesson in order, the shipped ones first, and one error for each file with one.

    Args:
        home: the folder of generated files; its folder `lessons` need not exist.
    """
    found: dict[str, Lesson] = {}
    errors = []
    for folder in (SHIPPED, own_folder(home)):
        files = sorted(path for path in folder.glob("*.md") if not path.name.startswith("."))
        for path in files[:MAX_FILES]:
            try:
                lesson = read(path)
                if lesson.name in found:
                    text = "a lesson has this name already; give the file another name"
                    raise LessonError(one_line(path.name), 1, text)
                found[lesson.name] = lesson
            except LessonError as error:
                errors.append(error)
    return list(found.values()), errors


def read(path: Path) -> Lesson:
    """The lesson in a file, whose names and states are all known.

    Raises:
        LessonError: with the first line that is wrong.
    """
    try:
        status = path.stat()
        return _read(path, (status.st_mtime_ns, status.st_size))
    except OSError as error:
        text = f"the file cannot be read ({error.strerror or error}); check its permissions"
        raise LessonError(one_line(path.name), 1, text) from None


@lru_cache(maxsize=4 * MAX_FILES)
def _read(path: Path, _: tuple[int, int]) -> Lesson:
    """The lesson in a file, kept until its time or size changes."""
    name = one_line(path.name)
    if not path.is_file():
        raise LessonError(name, 1, "this is no file; put a text file in its place")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        lesson = parse(content.decode("utf-8"), name)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        text = "the file is not UTF-8; save it as UTF-8"
        raise LessonError(name, line, text) from None
    for step in lesson.steps:
        _check(step, name)
    return lesson


def _check(step: Step, file: str) -> None:
    """Check that a step's state is possible, and that its figure and quantity exist.

    Raises:
        LessonError: it is not.
    """
    if step.figure and step.figure not in FIGURES:
        text = f"there is no figure '{step.figure[:40]}'; use one of {', '.join(FIGURES)}"
        raise LessonError(file, step.lines["figure"], text)
    if step.question is not None:
        line, question = step.lines["quantity"], step.question
        known = QUANTITIES.get(question.quantity)
        if known is None:
            text = f"there is no quantity '{question.quantity[:40]}'; `lessons --names` lists them"
            raise LessonError(file, line, text)
        if known.kind != question.kind:
            wants = "choices: A | B" if known.kind == "choice" else "range: 0 to 100"
            text = f'the answer of {known.name} is a {known.kind}; ask for it with "{wants}"'
            raise LessonError(file, line, text)
    try:
        config_of(step)
    except UnscError as error:
        line = step.lines.get("state", step.lines["heading"])
        raise LessonError(file, line, str(error)) from None


def _classes(text: str) -> tuple[int, ...]:
    return tuple(sorted({int(one) for one in text.split(",")}))


_READERS: dict[str, tuple[str, Callable[[str], object]]] = {
    "dataset": ("dataset", str),
    "model": ("model", str),
    "forget": ("forget_classes", _classes),
    "method": ("method", lambda text: text.replace(" ", "+")),
    "gamma": ("energy_threshold", float),
    "subspace": ("subspace", str),
    "seed": ("seed", int),
    "lr": ("learning_rate", float),
    "epochs": ("epochs", int),
    "strength": ("strength", float),
    "edits": ("edits", lambda text: tuple(text.split(","))),
}
"""Part of a state, named as in links → the setting that it gives, and how it is read."""


def config_of(step: Step) -> ExperimentConfig:
    """The experiment of a step, resolved; it opens where the app opens unless its state says else.

    Raises:
        UnscError: the state is impossible, or its data are not bundled.
    """
    return _config(step.state)


@lru_cache(maxsize=256)
def _config(state: str) -> ExperimentConfig:
    """The experiment of a state; bundled data never change."""
    query = dict(parse_qsl(state, keep_blank_values=True))
    values = {}
    for name, text in query.items():
        if name not in _READERS:
            raise ConfigError(f"a state has no part '{name[:40]}'; use {', '.join(_READERS)}.")
        setting, reader = _READERS[name]
        try:
            values[setting] = reader(text)
        except ValueError:
            raise ConfigError(
                f"the state says {name} = '{text[:40]}', which is not possible; copy it from a "
                "page's address."
            ) from None
    if state and not query:
        raise ConfigError(f"the state '{state[:40]}' is none; write it as in forget=6.")
    config = ExperimentConfig(**values)  # type: ignore[arg-type]
    _check_bundled(config)
    entry = DATASETS[config.dataset]
    if config.dataset != DEFAULT_DATASET:
        usual = {"model": entry.default_model, "forget_classes": (entry.default_forget_class,)}
        config = ExperimentConfig(**usual | values)  # type: ignore[arg-type]
    return resolve(config, load_dataset(config.dataset))


def _check_bundled(config: ExperimentConfig) -> None:
    """Check that an experiment downloads nothing, reads no file and runs no user's program.

    Raises:
        ConfigError: it might.
    """
    bundled = [name for name, entry in DATASETS.items() if entry.is_available()]
    for what, name, known in (
        ("dataset", config.dataset, bundled),
        ("network", config.model, list(MODELS)),
    ):
        if name not in known:
            raise ConfigError(
                f"a lesson has no {what} '{name[:40]}'; use one of {', '.join(known)}."
            )


def needs(step: Step) -> tuple[str, ...]:
    """What a step needs beside its experiment; see `evidence.pieces`."""
    wanted = [FIGURES[step.figure].needs] if step.figure else []
    if step.question is not None:
        wanted.append(QUANTITIES[step.question.quantity].needs)
    return tuple(sorted({need for some in wanted for need in some}))


def uses_results(step: Step) -> bool:
    """Whether anything of a step is computed from stored results."""
    return step.question is not None or (step.figure != "" and not FIGURES[step.figure].open)


def lesson_pieces(of: Iterable[Lesson]) -> list[Piece]:
    """The jobs behind some lessons, each once, in the order in which to run them."""
    steps = [step for lesson in of for step in lesson.steps if uses_results(step)]
    every = [piece for step in steps for piece in _pieces(config_of(step), needs(step))]
    return list({(piece.kind, piece.key): piece for piece in every}.values())


@lru_cache(maxsize=512)
def _pieces(config: ExperimentConfig, wanted: tuple[str, ...]) -> tuple[Piece, ...]:
    """Kept: their keys are hashes of whole configs."""
    return tuple(pieces(config, wanted))


def evidence(step: Step, reader: Reader) -> Evidence | None:
    """What is stored for a step; None while a part of it is missing."""
    return read_evidence(config_of(step), needs(step), reader)


def asked(step: Step, found: Evidence) -> Asked:
    """The bars of a step's question, and the truth.

    Raises:
        UnscError: the quantity has no value for this run.
        ValueError: the step asks nothing.
    """
    if step.question is None:
        raise ValueError("the step has no question")
    return QUANTITIES[step.question.quantity].compute(found)
