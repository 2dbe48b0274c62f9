"""The course on paper: one HTML file of all lessons, from the same files, that needs no network.

Each question comes with its bars and an empty one to draw the guess into; the answers, computed
from the stored runs, are on a page of their own at the end.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from unsc_core.course import course
from unsc_core.course.evidence import Reader
from unsc_core.course.lesson_file import Lesson, Step
from unsc_core.course.quantities import Asked, Bar, written
from unsc_core.errors import UnscError
from unsc_core.figures.phrases import counted, short_names
from unsc_core.figures.predicted import scale, start_note, ticks

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>The course: handout</title>
<style>
:root {{ color-scheme: light; }}
* {{ box-sizing: border-box; }}
body {{ margin: 0 auto; max-width: 46rem; padding: 2rem 1.2rem; color: #1c2422; background: #fff;
  font: 16px/1.5 system-ui, "Source Sans", sans-serif; }}
h1 {{ line-height: 1.15; }}
h2 {{ margin: 2.4rem 0 .2rem; padding-top: .8rem; border-top: 3px solid #1c2422;
  line-height: 1.2; }}
h3 {{ margin: 1.4rem 0 .3rem; }}
p, ul, ol, pre {{ margin: .3rem 0 .6rem; }}
pre {{ white-space: pre-wrap; background: #f3f5f4; padding: .5rem; }}
.muted {{ color: #56615e; }}
.question {{ border: 1.5px solid #56615e; border-radius: 6px; padding: .6rem .9rem;
  margin: .5rem 0; }}
.question > p:first-child {{ font-weight: 650; }}
.notes {{ border-left: 4px solid #b9c2bf; padding-left: .9rem; color: #56615e; }}
.choices {{ list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; }}
.choices li::before {{ content: "☐ "; font-size: 1.2em; }}
.lines {{ height: 3.2rem;
  background: repeating-linear-gradient(#fff 0 1.5rem, #b9c2bf 1.5rem 1.6rem); }}
svg {{ width: 100%; height: auto; display: block; }}
svg text {{ font: 15px system-ui, sans-serif; fill: #1c2422; }}
table {{ border-collapse: collapse; width: 100%; }}
td, th {{ border-bottom: 1px solid #b9c2bf; padding: .3rem .6rem .3rem 0; text-align: left;
  vertical-align: top; }}
@media print {{
  @page {{ margin: 16mm; }}
  body {{ padding: 0; max-width: none; font-size: 11.5pt; -webkit-print-color-adjust: exact;
    print-color-adjust: exact; }}
  section, .answers {{ break-before: page; }}
  section:first-of-type {{ break-before: auto; }}
  h2, h3 {{ break-after: avoid; }}
  .step, .question, tr {{ break-inside: avoid; }}
}}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def handout(lessons: Sequence[Lesson], reader: Reader, *, notes: bool = False) -> str:
    """All lessons as one HTML file.

    Args:
        lessons: in order.
        reader: reads their results; what is not stored is left open.
        notes: with what only the presenter sees.
    """
    known = {
        (lesson.name, number): _asked(step, reader)
        for lesson in lessons
        for number, step in enumerate(lesson.steps, 1)
        if step.question is not None
    }
    minutes = sum(lesson.minutes for lesson in lessons)
    body = [
        "<h1>Machine unlearning, step by step</h1>",
        f'<p class="muted">{counted(len(lessons), "lesson")}, {minutes} minutes. Draw your guess '
        "before the answer is shown.</p>",
    ]
    for i, lesson in enumerate(lessons, 1):
        body.append(f"<section><h2>{i} · {html.escape(lesson.title)}</h2>")
        body.append(f'<p class="muted">{lesson.minutes} minutes</p>')
        for number, step in enumerate(lesson.steps, 1):
            body.append(_step(f"{i}.{number}", step, known.get((lesson.name, number)), notes))
        body.append("</section>")
    body.append(_answers(lessons, known))
    return PAGE.format(body="\n".join(body))


def _asked(step: Step, reader: Reader) -> Asked | None:
    """What a step asks; None while its results are not stored."""
    try:
        found = course.evidence(step, reader)
        return None if found is None else course.asked(step, found)
    except UnscError:
        return None


def _step(number: str, step: Step, asked: Asked | None, notes: bool) -> str:
    parts = [f'<div class="step"><h3>{number} {html.escape(step.heading)}</h3>']
    parts.append(paragraphs(step.text))
    if (question := step.question) is not None:
        parts.append(f'<div class="question"><p>{html.escape(question.text)}</p>')
        if question.kind == "choice":
            choices = "".join(f"<li>{html.escape(one)}</li>" for one in question.choices)
            parts.append(f'<ul class="choices">{choices}</ul>')
        else:
            shown = asked or Asked("", question.unit, (Bar(GUESS, 0.0),), GUESS)
            parts.append(_bars(shown, question.low, question.high, question.unit or shown.unit))
        parts.append("</div>")
    parts.append('<div class="lines"></div>')
    if notes and step.notes:
        parts.append(f'<div class="notes">{paragraphs(step.notes)}</div>')
    return "".join([*parts, "</div>"])


GUESS = "Your guess"
"""The bar of a question whose results are not stored."""
WIDTH, LEFT, RIGHT, ROW = 720, 190, 80, 34
"""Of the bars, in units of their SVG: the whole, room for names and for values, and one row."""
NAME = 24
"""Characters of a name beside a bar."""


def _bars(asked: Asked, low: float, high: float, unit: str) -> str:
    """The bars that are known, an empty one for the guess, and the scale, as SVG."""
    low, high = scale(low, high, [bar.value for bar in asked.bars if bar.name != asked.asked])
    height = ROW * (len(asked.bars) + 1)
    names = short_names([bar.name for bar in asked.bars], NAME)

    def x(value: float) -> float:
        share = (min(high, max(low, value)) - low) / (high - low)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    drawn = []
    for i, bar in enumerate(asked.bars):
        top, middle = i * ROW + 5, i * ROW + ROW / 2 + 5
        name = html.escape(names[i])
        drawn.append(f'<text x="{LEFT - 10}" y="{middle}" text-anchor="end">{name}</text>')
        if bar.name == asked.asked:
            width = WIDTH - LEFT - RIGHT
            drawn.append(
                f'<rect x="{LEFT}" y="{top}" width="{width}" height="{ROW - 10}" fill="none" '
                'stroke="#1c2422" stroke-width="1.5" stroke-dasharray="6 4"/>'
                f'<text x="{WIDTH - RIGHT + 10}" y="{middle}">……… {html.escape(unit)}</text>'
            )
            continue
        left, right = sorted((x(0), x(bar.value)))
        drawn.append(
            f'<rect x="{left}" y="{top}" width="{right - left:.1f}" height="{ROW - 10}" '
            f'fill="#8d9996"/><text x="{WIDTH - RIGHT + 10}" y="{middle}">'
            f"{html.escape(written(bar.value, unit))}</text>"
        )
    bottom = ROW * len(asked.bars)
    for tick in ticks(low, high):
        at, text = x(tick), f"{tick:g}".replace("-", "−")
        drawn.append(
            f'<path d="M{at} 0V{bottom + 4}" stroke="#b9c2bf" stroke-width="1"/>'
            f'<text x="{at}" y="{bottom + 22}" text-anchor="middle">{text}</text>'
        )
    title = html.escape(". ".join(filter(None, (asked.title, start_note(low, high, unit)))))
    return (
        f'<p class="muted">{title}</p><svg viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{title}">{"".join(drawn)}</svg>'
    )


def _answers(lessons: Sequence[Lesson], known: dict[tuple[str, int], Asked | None]) -> str:
    """A table of every question with its answer and what is said of it."""
    rows = []
    for i, lesson in enumerate(lessons, 1):
        for number, step in enumerate(lesson.steps, 1):
            if step.question is None:
                continue
            asked = known[lesson.name, number]
            unit = step.question.unit or (asked.unit if asked else "")
            answer = "not computed yet" if asked is None else written(asked.truth, unit)
            rows.append(
                f"<tr><td>{i}.{number}</td><td><b>{html.escape(answer)}</b></td>"
                f"<td>{paragraphs(step.reveal)}{_look_for(step)}</td></tr>"
            )
    if not rows:
        return ""
    head = "<tr><th>Step</th><th>Answer</th><th>What to make of it</th></tr>"
    return f'<div class="answers"><h2>Answers</h2><table>{head}{"".join(rows)}</table></div>'


def _look_for(step: Step) -> str:
    return f"<p><b>Look for</b></p>{paragraphs(step.look_for)}" if step.look_for else ""


_LIST = re.compile(r"(?:[-*]|\d+\.)\s+")


def paragraphs(text: str) -> str:
    """Simple Markdown as HTML: paragraphs, lists, code, **strong** and *stressed* words.

    Everything else, HTML too, is written as it stands.
    """
    blocks, found = re.split(r"\n\s*\n", text.strip()), []
    for block in filter(None, blocks):
        lines = block.split("\n")
        if block.startswith("```"):
            inner = "\n".join(line for line in lines if not line.startswith("```"))
            found.append(f"<pre>{html.escape(inner)}</pre>")
        elif _LIST.match(block):
            tag = "ol" if block[0].isdigit() else "ul"
            items: list[str] = []
            for line in lines:
                if _LIST.match(line) or not items:
                    items.append(_LIST.sub("", line, count=1))
                else:
                    items[-1] += f" {line.strip()}"
            inner = "".join(f"<li>{_inline(one)}</li>" for one in items)
            found.append(f"<{tag}>{inner}</{tag}>")
        else:
            found.append(f"<p>{_inline(' '.join(lines))}</p>")
    return "".join(found)


def _inline(text: str) -> str:
    """Strong and stressed words, and code, within one paragraph."""
    pieces = re.split(r"(`[^`]+`)", html.escape(text, quote=False))
    for i, piece in enumerate(pieces):
        if i % 2:
            pieces[i] = f"<code>{piece[1:-1]}</code>"
            continue
        strong = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", piece)
        pieces[i] = re.sub(r"\*([^*]+)\*", r"<em>\1</em>", strong)
    return "".join(pieces)
