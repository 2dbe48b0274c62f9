"""Challenges of a room: who gets furthest. The server reads every score from the stored run.

A browser says which run it enters, by its key, and nothing else; so a changed request can only
enter another run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from unsc_core.analysis.summary import summary
from unsc_core.audits import AUDITS
from unsc_core.audits.stored import outcome_key, read_outcome
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.errors import RoomError
from unsc_core.experiment.keys import keys
from unsc_core.experiment.resolve import resolve, settings
from unsc_core.experiment.result import Result
from unsc_core.experiment.store import Store
from unsc_core.rooms.rooms import Rooms
from unsc_core.runs.history import read_run

START = ExperimentConfig()
"""What every challenge starts from: the experiment that the app opens on."""
MOST_RECOGNISED = 1.0
"""Highest Acc_f, in percent, with which a run takes part."""
MOST_LOST = 0.5
"""How many points of Acc_r below the mask a run may be where it is to harm nothing."""
PROBE = "linear-probe"
FIXED = {
    "dataset": "the data",
    "model": "the network",
    "forget_classes": "the class to forget",
    "forget_ids": "the class to forget",
    "seed": "the seed",
    "checkpoint": "the weights of the original",
}
"""Settings that every run of a challenge shares, and what they are called."""
Measured = dict[str, Any]
"""What was read of a run, in JSON types."""


@dataclass(frozen=True)
class Challenge:
    """One challenge.

    Attributes:
        name: as in links. title: as shown. task: what to do and how it is scored, in Markdown.
        page: the file in pages/ where that is done.
        unit: of scores. higher: whether higher scores are better. form: how one is written.
        measure: what is read of a run. Raises RoomError if the run cannot take part.
        score: of everything that one person entered, in order; None while there is none.
        surprise: whether each room has a class of its own.
    """

    name: str
    title: str
    task: str
    page: str
    unit: str
    higher: bool
    form: str
    measure: Callable[[Result, Store], Measured]
    score: Callable[[Sequence[Measured]], float | None]
    surprise: bool = False


@dataclass(frozen=True)
class Standing:
    """One line of a leaderboard.

    Attributes:
        rank: from 1; equal scores share it. person: id. name: theirs. score: their best.
        runs: how many they entered.
    """

    rank: int
    person: int
    name: str
    score: float
    runs: int


def task_config(challenge: Challenge, room: str) -> ExperimentConfig:
    """The experiment that a challenge starts from: its data, network, class and seed are given."""
    if not challenge.surprise:
        return START
    classes = range(load_dataset(START.dataset).num_classes)
    others = [c for c in classes if c not in START.forget_classes]
    drawn = int.from_bytes(hashlib.sha256(f"surprise {room}".encode()).digest()[:8])
    return replace(START, forget_classes=(others[drawn % len(others)],))


def submit(
    rooms: Rooms, room: str, token: str, challenge: str, run: str, store: Store
) -> float | None:
    """Enter a stored run into a challenge, and return the person's score so far.

    Args:
        rooms: with the room. room: its code. token: of who enters.
        challenge: a name in CHALLENGES. run: the key of a stored experiment.
        store: with the experiment.

    Raises:
        RoomError: the run cannot take part, one sentence why.
        UnscError: there is no such run, or it cannot be read.
    """
    entry = known(challenge)
    person = rooms.me(room, token)
    result = read_run(run, store).result
    _check_task(entry, result, task_config(entry, room))
    rooms.enter(room, token, challenge, result.key, entry.measure(result, store))
    own = [m for id, _, _, m in rooms.entries(room, challenge) if id == person.id]
    return entry.score(own)


def leaderboard(rooms: Rooms, room: str, challenge: str) -> list[Standing]:
    """Everyone with a score, the best first; of equal ones, whoever entered a run first.

    Raises:
        RoomError: the room has ended, or there is no such challenge.
    """
    entry = known(challenge)
    names: dict[int, str] = {}
    entered: dict[int, list[Measured]] = {}
    for person, name, _, measured in rooms.entries(room, challenge):
        names[person] = name
        entered.setdefault(person, []).append(measured)
    scores = {
        person: score
        for person, runs in entered.items()
        if (score := entry.score(runs)) is not None
    }
    sign = -1 if entry.higher else 1
    found: list[Standing] = []
    for i, person in enumerate(sorted(scores, key=lambda who: sign * scores[who])):
        score = scores[person]
        rank = found[-1].rank if found and found[-1].score == score else i + 1
        found.append(Standing(rank, person, names[person], score, len(entered[person])))
    return found


def written(challenge: Challenge, score: float) -> str:
    """A score with its unit: "+0.31 points", "0.0020"."""
    return f"{score:{challenge.form}} {challenge.unit}".strip().replace("-", "−")


def known(challenge: str) -> Challenge:
    """The challenge of this name.

    Raises:
        RoomError: there is none.
    """
    if challenge not in CHALLENGES:
        raise RoomError(
            f"There is no challenge {challenge[:20]!a}; choose one of {', '.join(CHALLENGES)}."
        )
    return CHALLENGES[challenge]


def _check_task(challenge: Challenge, result: Result, task: ExperimentConfig) -> None:
    config = result.config
    for name, words in FIXED.items():
        if getattr(config, name) != getattr(task, name):
            raise RoomError(f"This run does not take part: {words} must be the challenge's.")
    if keys(config, result.split.dataset).original != _original(task, config):
        raise RoomError("This run does not take part: its original was trained in another way.")
    if result.imported:
        raise RoomError("This run does not take part: it was computed on another machine.")
    if config.method == "retrain":
        raise RoomError("This run does not take part: retraining is what all are measured against.")


def _original(task: ExperimentConfig, config: ExperimentConfig) -> str:
    """The key of the task's original, on the device that a run was made on."""
    dataset = load_dataset(task.dataset)
    return keys(resolve(replace(task, device=config.device), dataset), dataset).original


def _numbers(result: Result) -> dict[str, Any]:
    """The run's numbers, if it forgets."""
    numbers = summary(result)
    recognised = numbers["unlearned"]["acc_forget"]
    if not recognised <= MOST_RECOGNISED:
        raise RoomError(
            f"This run does not take part: it still recognises {recognised:.1f} % of the class, "
            f"and at most {MOST_RECOGNISED:g} % are allowed."
        )
    return numbers


def _keeping(result: Result, store: Store) -> Measured:
    return {"value": _numbers(result)["gain"]["added"]}


def _agreeing(result: Result, store: Store) -> Measured:
    if not result.config.edits:
        raise RoomError("This run does not take part: its pseudo-labels were not edited.")
    agreement = _numbers(result)["agreement"]
    if agreement is None:
        raise RoomError("This run does not take part yet: its retrained model has to be computed.")
    return {"value": agreement}


def _bracketing(result: Result, store: Store) -> Measured:
    config, gamma = result.config, settings(result.config).energy_threshold
    usual = replace(
        START, forget_classes=config.forget_classes, energy_threshold=gamma, device=config.device
    )
    if config != resolve(usual, result.split.dataset):
        raise RoomError("This run does not take part: all but γ must be as UNSC starts.")
    numbers = summary(result)
    works = numbers["unlearned"]["acc_forget"] <= MOST_RECOGNISED
    works = works and numbers["gain"]["added"] >= -MOST_LOST
    return {"gamma": gamma, "works": bool(works)}


def _fooling(result: Result, store: Store) -> Measured:
    added = _numbers(result)["gain"]["added"]
    if added < -MOST_LOST:
        raise RoomError(
            f"This run does not take part: its Acc_r is {-added:.1f} points below the mask's, and "
            f"{MOST_LOST:g} are allowed."
        )
    config, dataset = result.config, result.split.dataset
    own = keys(config, dataset)
    values = []
    for network in ("unlearned", "retrained"):
        key = outcome_key(AUDITS[PROBE], network, config, dataset, own, None)
        outcome = None if key is None else read_outcome(store, key)
        if outcome is None or outcome.value is None:
            raise RoomError("This run does not take part yet: its audits have to be run.")
        values.append(outcome.value)
    return {"value": abs(values[0] - values[1]), "excess": values[0] - values[1]}


def _best(choose: Callable[[list[float]], float]) -> Callable[[Sequence[Measured]], float | None]:
    return lambda runs: choose([run["value"] for run in runs]) if runs else None


def _narrowest(runs: Sequence[Measured]) -> float | None:
    """The least distance between a γ that works and one that does not."""
    works = sorted({run["gamma"]: run["works"] for run in runs}.items())
    gaps = [round(b - a, 9) for (a, one), (b, other) in pairwise(works) if one != other]
    return min(gaps, default=None)


_FORGETS = f"Acc_f of at most {MOST_RECOGNISED:g} %"
_ALL = (
    Challenge(
        "keep",
        "Forget and keep",
        f"Forget the class ({_FORGETS}) and keep as much of the rest as you can, with any method "
        "and setting. The score is the gain beyond the mask.",
        "compare",
        "points",
        True,
        "+.2f",
        _keeping,
        _best(max),
    ),
    Challenge(
        "labels",
        "Like the retrained model",
        f"Edit the pseudo-labels so that the forgotten test images are classified as by the "
        f"retrained model, with {_FORGETS}. The score is the share on which both agree.",
        "pseudo_labels",
        "%",
        True,
        ".1f",
        _agreeing,
        _best(max),
    ),
    Challenge(
        "range",
        "Where γ stops working",
        f"Your room has a class of its own. A γ works with {_FORGETS} and an Acc_r at most "
        f"{MOST_LOST:g} points below the mask's. Find a γ that works and one that does not, as "
        "close to each other as you can: enter both. The score is the distance.",
        "gamma",
        "",
        False,
        ".4f",
        _bracketing,
        _narrowest,
        surprise=True,
    ),
    Challenge(
        "auditor",
        "Fool the auditor",
        f"Have a linear probe find as much of the class in the features as in the retrained model, "
        f"with {_FORGETS} and an Acc_r at most {MOST_LOST:g} points below the mask's. The score is "
        "the difference between the two: less than in the retrained model is a trace, too.",
        "audit",
        "points",
        False,
        ".1f",
        _fooling,
        _best(min),
    ),
)
CHALLENGES = {challenge.name: challenge for challenge in _ALL}
"""Name -> challenge."""
