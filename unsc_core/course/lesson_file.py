"""A lesson as a plain file: front matter, then one section of Markdown for each step.

```
---
title: What over-unlearning looks like
minutes: 8
---

## What does it cost the rest?
state: forget=6&method=random-labels
figure: accuracy
question: How many points do the classes that stay lose?
quantity: acc_r_change
range: -40 to 10

Text that is shown from the start.

### Reveal
Text that is shown with the answer.

### Look for
What to see in the figure.

### Notes
What only the presenter sees.
```

Of the fields below a heading only those that are needed are written. `choices: A | B | C` in place
of `range` asks for a choice.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NoReturn

from unsc_core.errors import UnscError

FIELDS = ("state", "figure", "question", "quantity", "unit", "range", "choices")
"""What may stand below the heading of a step, before its text."""
PARTS = {"reveal": "reveal", "look for": "look_for", "notes": "notes"}
"""Heading of a part of a step -> the attribute of `Step` that it fills."""
MAX_BYTES = 200_000
"""Of one file: an hour's text is a tenth of that."""
MAX_STEPS, MAX_MINUTES, MAX_CHOICES, MAX_WORDS = 50, 600, 8, 200
"""Limits of a lesson; MAX_WORDS is of characters in a title, a heading, a question or a choice."""
_FIELD = re.compile(r"([a-z]+):(?:\s+(.*))?$")


class LessonError(UnscError):
    """A lesson cannot be read: "file.md:12: what is wrong; what to do".

    Attributes:
        file: the name of the file. line: counted from 1.
    """

    def __init__(self, file: str, line: int, text: str) -> None:
        super().__init__(f"{file}:{line}: {text}")
        self.file, self.line = file, line


@dataclass(frozen=True)
class Question:
    """What is asked before the reveal.

    Attributes:
        kind: whether a number or one of some choices is asked for.
        text: the question.
        unit: of a number; that of the quantity where it is empty.
        low, high: ends of the scale of a number.
        choices: what can be chosen.
        quantity: a name in QUANTITIES: its value in the stored run is the answer.
    """

    kind: Literal["number", "choice"]
    text: str
    quantity: str
    unit: str = ""
    low: float = 0.0
    high: float = 100.0
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One idea: a text, and perhaps a question, a figure and what to see in it.

    Attributes:
        heading: one line.
        text, reveal, look_for, notes: Markdown; shown from the start, with the answer, below the
            figure, and only to the presenter.
        state: the experiment as in a link: "forget=6&method=random-labels".
        figure: a name in FIGURES; empty for none.
        question: None for a step that only shows.
        lines: field -> the line it stands in; "heading" for the step itself.
    """

    heading: str
    text: str
    state: str = ""
    figure: str = ""
    question: Question | None = None
    reveal: str = ""
    look_for: str = ""
    notes: str = ""
    lines: dict[str, int] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Lesson:
    """One lesson: its name, which is that of its file, a title, minutes, and steps in order."""

    name: str
    title: str
    minutes: int
    steps: tuple[Step, ...]


@dataclass
class _Reader:
    """The lines of a file that are still to be read, counted from 1."""

    file: str
    lines: list[str]
    at: int = 0

    @property
    def line(self) -> str | None:
        """The next line; None at the end."""
        return self.lines[self.at] if self.at < len(self.lines) else None

    def take(self) -> str:
        """The next line, which is then behind."""
        self.at += 1
        return self.lines[self.at - 1]

    def skip_empty(self) -> None:
        """Go to the next line that is not empty."""
        while self.line is not None and not self.line.strip():
            self.at += 1

    def fail(self, text: str, line: int | None = None) -> NoReturn:
        """Raise the error about a line; that which comes next if None."""
        raise LessonError(self.file, max(1, min(line or self.at + 1, len(self.lines))), text)


def parse(content: str, file: str) -> Lesson:
    """The lesson in a file.

    Args:
        content: of the file.
        file: its name, "1-over-unlearning.md"; without the ending, the name of the lesson.

    Raises:
        LessonError: at the first line that cannot be read.
    """
    lines = content.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    reader = _Reader(file, lines)
    if len(content.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        reader.fail(f"the file has more than {MAX_BYTES:,} bytes; make it shorter", 1)
    for number, line in enumerate(reader.lines, 1):
        if any(ord(c) < 32 and c != "\t" or "\ud800" <= c <= "\udfff" for c in line):
            reader.fail("the line has a character that is no text; save the file as UTF-8", number)
    title, minutes = _front_matter(reader)
    steps: list[Step] = []
    while reader.line is not None:
        steps.append(_step(reader))
    if not steps:
        reader.fail('the lesson has no step; begin one with a line "## Heading"')
    if len(steps) > MAX_STEPS:
        reader.fail(f"the lesson has more than {MAX_STEPS} steps; split it")
    return Lesson(file.removesuffix(".md"), title, minutes, tuple(steps))


def _front_matter(reader: _Reader) -> tuple[str, int]:
    """Title and minutes, between two lines of three dashes."""
    reader.skip_empty()
    if (reader.line or "").strip() != "---":
        reader.fail('the file does not begin with "---"; put title and minutes between two of them')
    reader.take()
    found: dict[str, tuple[str, int]] = {}
    while (line := reader.line) is not None and line.strip() != "---":
        if line.strip():
            _read_field(reader, ("title", "minutes"), found)
        else:
            reader.take()
    if reader.line is None:
        reader.fail('the front matter does not end; close it with a line "---"')
    for name in ("title", "minutes"):
        if name not in found:
            reader.fail(f'{name} is missing; add a line "{name}: …" above this one')
    reader.take()
    reader.skip_empty()
    if reader.line is not None and not _is_heading(reader.line, 2):
        reader.fail('text stands before the first step; begin a step with a line "## Heading"')
    minutes, at = found["minutes"]
    if not (re.fullmatch("[0-9]{1,9}", minutes) and 1 <= int(minutes) <= MAX_MINUTES):
        reader.fail(
            f"minutes is '{minutes[:40]}'; write a whole number from 1 to {MAX_MINUTES}", at
        )
    return _short(reader, "title", *found["title"]), int(minutes)


def _step(reader: _Reader) -> Step:
    """The step whose heading comes next."""
    lines = {"heading": reader.at + 1}
    heading = reader.take().removeprefix("##").strip()
    if not heading:
        reader.fail('the step has no heading; write "## Heading"', lines["heading"])
    heading = _short(reader, "the heading", heading, lines["heading"])
    reader.skip_empty()
    found: dict[str, tuple[str, int]] = {}
    while reader.line is not None and _FIELD.match(reader.line):
        _read_field(reader, FIELDS, found)
    lines |= {name: line for name, (_, line) in found.items()}
    parts = {"text": _text(reader)}
    while reader.line is not None and not _is_heading(reader.line, 2):
        at, name = reader.at + 1, reader.take().removeprefix("###").strip()
        part = PARTS.get(name.lower())
        if part is None:
            reader.fail(f"'### {name[:40]}' is no part of a step; use {_listed(PARTS)}", at)
        if part in parts:
            reader.fail(f"'### {name}' stands twice in one step; join the two", at)
        parts[part], lines[part] = _text(reader), at
    question = _question(reader, found)
    if question is None and "reveal" in parts:
        reader.fail(
            "a step without a question has nothing to reveal; move this to the text",
            lines["reveal"],
        )
    if question is None and not parts["text"] and "figure" not in found:
        reader.fail("the step is empty; write a text below its heading", lines["heading"])
    values = {name: found[name][0] for name in ("state", "figure") if name in found}
    return Step(heading, **parts, **values, question=question, lines=lines)


def _read_field(reader: _Reader, known: tuple[str, ...], found: dict[str, tuple[str, int]]) -> None:
    """Read "name: value" into `found`, with the line it stands in."""
    at, line = reader.at + 1, reader.take()
    match = _FIELD.match(line.strip())
    if not match or match[1] not in known:
        what = f"'{match[1][:40]}' is no field" if match else f"'{line.strip()[:40]}' is no field"
        reader.fail(f"{what}; use {_listed(known)}, or an empty line before the text", at)
    name, value = match[1], (match[2] or "").strip()
    if not value:
        reader.fail(f"{name} is empty; write a value or delete the line", at)
    if name in found:
        reader.fail(f"{name} stands twice; delete one of the two", at)
    found[name] = (value, at)


def _question(reader: _Reader, found: dict[str, tuple[str, int]]) -> Question | None:
    """The question of a step, from its fields."""
    if "question" not in found:
        for name in ("quantity", "unit", "range", "choices"):
            if name in found:
                reader.fail(f'{name} needs a question; add "question: …"', found[name][1])
        return None
    text, at = found["question"]
    text = _short(reader, "the question", text, at)
    if "quantity" not in found:
        reader.fail('the question has no answer; add "quantity: …" with the name of one', at)
    quantity = found["quantity"][0]
    if "choices" in found:
        for name in ("range", "unit"):
            if name in found:
                reader.fail(
                    f"{name} does not go with choices; delete one of the two", found[name][1]
                )
        return Question("choice", text, quantity, choices=_choices(reader, *found["choices"]))
    if "range" not in found:
        reader.fail('the question has no scale; add "range: 0 to 100" or "choices: A | B"', at)
    low, high = _range(reader, *found["range"])
    unit = _short(reader, "the unit", *found["unit"]) if "unit" in found else ""
    return Question("number", text, quantity, unit, low, high)


def _choices(reader: _Reader, text: str, at: int) -> tuple[str, ...]:
    choices = tuple(one.strip() for one in text.split("|"))
    if not 2 <= len(choices) <= MAX_CHOICES or not all(choices):
        reader.fail(f'there must be 2 to {MAX_CHOICES} choices; write "|" between them', at)
    if len(set(choices)) < len(choices):
        reader.fail("two choices are the same; delete one", at)
    for one in choices:
        _short(reader, "a choice", one, at)
    return choices


def _range(reader: _Reader, text: str, at: int) -> tuple[float, float]:
    try:
        low, high = (float(one.strip().replace("−", "-")) for one in text.split(" to "))
    except ValueError:
        reader.fail(f"range is '{text[:40]}'; write two numbers, as in \"range: 0 to 100\"", at)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        reader.fail("the range is upside down or endless; go from a lower to a higher number", at)
    return low, high


def _text(reader: _Reader) -> str:
    """The lines up to the next heading of a step or part; headings within code do not count."""
    return "\n".join(_lines(reader)).strip()


def _lines(reader: _Reader) -> Iterator[str]:
    fenced = False
    while (line := reader.line) is not None:
        if line.lstrip().startswith("```"):
            fenced = not fenced
        if not fenced and (_is_heading(line, 2) or _is_heading(line, 3)):
            return
        yield reader.take()


def _is_heading(line: str, level: int) -> bool:
    marks = "#" * level
    return line.startswith(marks) and not line.startswith(marks + "#")


def _short(reader: _Reader, what: str, text: str, at: int) -> str:
    if len(text) > MAX_WORDS:
        reader.fail(f"{what} has more than {MAX_WORDS} characters; make it shorter", at)
    return text


def _listed(names: object) -> str:
    every = list(names)  # type: ignore[call-overload]
    return f"{', '.join(every[:-1])} or {every[-1]}"
