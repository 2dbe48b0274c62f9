"""Four models' answers for one image, side by side, and the sentence they come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from unsc_core.analysis.answers import Answer
from unsc_core.data.request import Split
from unsc_core.figures.phrases import (
    MODEL_TITLES,
    class_title,
    counted,
    joined,
    requested,
    short_names,
)
from unsc_core.figures.theme import (
    FORGET,
    Look,
    Picture,
    axis,
    class_colour,
    clear,
    label_margin,
    layout,
    readable_on,
    write,
)

MOST_CLASSES = 12
"""With more classes, only those that matter are shown, and the others as one."""
ROW, HEAD = 27, 84
"""Pixels: the height of a class, and of what is written above the bars."""
INSIDE = 60
"""Bars of so many percent have their number inside, where a phone has room for it."""
GAP = 0.012
"""Between the models' columns, as a share of the width."""
MOST_LEFT = 118
"""Pixels beside the rows at most, so that a phone has room for the columns."""
LINE = 8
"""Characters of a line of a shortened name above a column."""
SHORT = 12
"""Characters that fit above a column: longer titles of runs are left to the sentence."""
OTHERS = "all others"
RETRAINED = "the network retrained from scratch"


def answer_bars(answers: Mapping[str, Answer], request: Split, title: str, look: Look) -> Picture:
    """Probabilities of every class under every model, the classes in one order.

    Args:
        answers: model -> its answer, in the order of columns.
        request: what is to be forgotten, and the dataset.
        title: of the run that made the unlearned model.
        look: colours.
    """
    names, forget = request.dataset.class_names, request.forget_classes
    shown, short = shown_classes(answers, forget), short_names(names)
    rest = len(shown) < len(names)
    rows = [*(short[c] for c in shown), *([OTHERS] if rest else [])]
    figure = go.Figure()
    for column, answer in enumerate(answers.values()):
        _add_bars(figure, column, answer, shown, rest, forget, look)
    named = [_row_title(short[c], c, forget) for c in shown] + ([OTHERS] if rest else [])
    figure.update_layout(_layout(named, max(rows, key=len), len(answers), look), overwrite=True)
    heads = [
        name if name == whole else _broken(name) for name, whole in zip(short, names, strict=True)
    ]
    for column, (model, answer) in enumerate(answers.items()):
        _write_head(figure, column, short_title(model, title), answer, heads, forget, look)
    for text, up in (("predicts", 32), ("margin", 12)):
        place: dict[str, Any] = {"x": 0, "xref": "paper", "xanchor": "right", "xshift": -10}
        font = {"size": 14, "color": look.muted}
        write(figure, text, y=1, yref="paper", yanchor="middle", yshift=up, font=font, **place)
    alt = (
        "Bars: probability of each class for this image under each model. "
        + "; ".join(
            f"{MODEL_TITLES[model]} {class_title(names[answer.label])}, "
            f"{_points(answer)} ahead of {class_title(names[answer.second])}"
            for model, answer in answers.items()
        )
        + "."
    )
    table = {"class": list(names)} | {
        f"{model} {what}": values
        for model, answer in answers.items()
        for what, values in (("probability", answer.probabilities), ("logit", answer.logits))
    }
    return Picture(figure, alt, answer_sentence(answers, request, title), table)


def short_title(model: str, title: str) -> str:
    """What a model is called above its column: the unlearned one by its run's title, if short."""
    return title if model == "unlearned" and len(title) <= SHORT else MODEL_TITLES[model]


def shown_classes(answers: Mapping[str, Answer], forget: tuple[int, ...]) -> list[int]:
    """The classes to show, in order: all, or of many the most probable and some to be forgotten."""
    every = np.stack([answer.probabilities for answer in answers.values()]).max(0)
    if len(every) <= MOST_CLASSES:
        return list(range(len(every)))
    kept = {answer.label for answer in answers.values()} | set(forget[:3])
    for c in np.argsort(-every, kind="stable").tolist():
        if len(kept) >= MOST_CLASSES - 1:
            break
        kept.add(c)
    return sorted(kept)


def _broken(name: str) -> str:
    """A shortened name in two lines, as columns are narrow on a phone; broken at a mark, if any."""
    marks = [i + 1 for i, letter in enumerate(name[:-1]) if letter in " -/…"]
    at = min(marks, key=lambda i: abs(2 * i - len(name)), default=0)
    if max(at, len(name) - at) > LINE:
        at = (len(name) + 1) // 2
    return f"{name[:at]}<br>{name[at:]}"


def _row_title(name: str, label: int, forget: tuple[int, ...]) -> str:
    """A class with its mark: × or ●."""
    colour, mark = class_colour(label, forget), "×" if label in forget else "●"
    text = f"<b>{name}</b>" if label in forget else name
    return f'{text} <span style="color:{colour}">{mark}</span>'


def _add_bars(
    figure: go.Figure,
    column: int,
    answer: Answer,
    shown: Sequence[int],
    rest: bool,
    forget: tuple[int, ...],
    look: Look,
) -> None:
    """One model's bars; the predicted class is solid, the others are pale."""
    share = 100 * answer.probabilities
    values = [share[c] for c in shown] + ([share.sum() - share[list(shown)].sum()] if rest else [])
    colours = [
        class_colour(c, forget) if c == answer.label else clear(class_colour(c, forget), 0.5)
        for c in shown
    ]
    figure.add_bar(
        x=values,
        y=list(range(len(values))),
        orientation="h",
        xaxis=_axis_name("x", column),
        marker={"color": [*colours, *([look.muted] if rest else [])]},
        text=[f"{value:.0f}" if value >= 0.5 else "" for value in values],
        textposition=["inside" if value >= INSIDE else "outside" for value in values],
        constraintext="none",
        insidetextfont={"size": 14, "color": readable_on(class_colour(answer.label, forget))},
        outsidetextfont={"size": 14, "color": look.ink},
        insidetextanchor="end",
        textangle=0,
        cliponaxis=False,
        hovertemplate="%{x:.1f} %<extra></extra>",
        showlegend=False,
    )


def _axis_name(letter: str, column: int) -> str:
    return letter if column == 0 else f"{letter}{column + 1}"


def _layout(named: list[str], longest: str, columns: int, look: Look) -> dict[str, Any]:
    wide = (1 - GAP * (columns - 1)) / columns
    every = axis(look) | {"range": [0, 140], "fixedrange": True, "showticklabels": False}
    every |= {"tickvals": [0, 50, 100], "zeroline": True, "zerolinecolor": look.muted}
    axes = {
        f"xaxis{'' if i == 0 else i + 1}": every
        | {"domain": [i * (wide + GAP), i * (wide + GAP) + wide], "anchor": "y"}
        for i in range(columns)
    }
    rows = axis(look) | {
        "tickvals": list(range(len(named))),
        "ticktext": named,
        "range": [len(named) - 0.45, -0.55],
        "fixedrange": True,
        "showgrid": False,
        "zeroline": False,
        "automargin": False,
    }
    style = layout(look, HEAD + ROW * len(named) + 8) | axes | {"yaxis": rows, "bargap": 0.28}
    left = min(label_margin([longest, "predicts"], 12), MOST_LEFT)
    margin = {"l": left, "r": 4, "t": HEAD, "b": 8}
    return style | {"margin": margin}


def _write_head(
    figure: go.Figure,
    column: int,
    title: str,
    answer: Answer,
    names: Sequence[str],
    forget: tuple[int, ...],
    look: Look,
) -> None:
    """A column's model, its answer and its margin."""
    forgotten = answer.label in forget
    name = names[answer.label]
    size, up = (14, 39) if "<br>" in name else (16, 32)
    lines = (
        (title, 14, look.muted, 66),
        (f"<b>{name}{' ×' if forgotten else ''}</b>", size, look.ink, up),
        (f"{answer.margin:.0f}", 14, look.ink, 12),
    )
    place = {
        "x": 0,
        "xref": f"{_axis_name('x', column)} domain",
        "xanchor": "left",
        "align": "left",
    }
    for i, (text, size, colour, up) in enumerate(lines):
        font = {"size": size, "color": FORGET if forgotten and i == 1 else colour}
        write(figure, text, y=1, yref="paper", yanchor="middle", yshift=up, font=font, **place)


def _points(answer: Answer) -> str:
    """A margin in words."""
    whole = round(answer.margin)
    return "less than 1 point" if whole < 1 else counted(whole, "point")


def answer_sentence(answers: Mapping[str, Answer], request: Split, title: str) -> str:
    """What the models say about this image, what that means, and whose answer is a close call.

    Args:
        answers: model -> its answer.
        request: what is to be forgotten, and the dataset.
        title: of the run that made the unlearned model: "UNSC".
    """
    names, said = request.dataset.class_names, {m: a.label for m, a in answers.items()}
    if len(set(said.values())) == 1:
        how = {2: "Both", 3: "All three", 4: "All four"}[len(answers)]
        only = class_title(names[said["original"]])
        text = (
            f"{how} say {only}: for this image, forgetting {requested(request)} did not change the "
            "prediction."
        )
    else:
        text = _differing(said, names, title)
    return " ".join([text, *_remarks(answers, request, title)])


def _differing(said: Mapping[str, int], names: Sequence[str], title: str) -> str:
    """Who says what, the original first; the retrained model last, as what to compare with."""
    called = {"original": "the original", "mask": "the mask", "unlearned": title}
    groups: dict[int, list[str]] = {}
    for model, label in said.items():
        if model != "retrained":
            groups.setdefault(label, []).append(called[model])
    retrained, mine = said.get("retrained"), said["unlearned"]
    clauses = []
    for label, who in groups.items():
        clause = f"{joined(who)} {'says' if len(who) == 1 else 'say'} {class_title(names[label])}"
        if retrained == label == mine:
            clause += f", as {RETRAINED} does"
        clauses.append(clause)
    text = "; ".join(clauses)
    if retrained is not None and retrained != mine:
        also = ", like the original" if retrained == said["original"] else ""
        text += f"; {RETRAINED} says {class_title(names[retrained])}{also}"
    return text[0].upper() + text[1:] + "."


def _remarks(answers: Mapping[str, Answer], request: Split, title: str) -> list[str]:
    """What deserves a word: a class that was not forgotten, and answers that are close calls."""
    names, remarks = request.dataset.class_names, []
    mine = answers["unlearned"].label
    if mine in request.forget_classes:
        remarks.append(
            f"{title} still names {class_title(names[mine])}, which it should have forgotten."
        )
    called = {"original": "the original", "mask": "the mask", "unlearned": title}
    close = [
        f"for {called.get(model, RETRAINED)} only {_points(answer)} between "
        f"{class_title(names[answer.label])} and {class_title(names[answer.second])}"
        for model, answer in answers.items()
        if answer.is_close
    ]
    if close:
        remarks.append(f"A close call: {joined(close)}.")
    return remarks
