"""A run as one HTML file that works offline: numbers, live figures, their sentences, settings. See `figures.html` for how they are drawn."""

from __future__ import annotations

import html
import platform
import time
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from unsc_core.analysis import maps
from unsc_core.analysis.summary import summary
from unsc_core.errors import ConfigError
from unsc_core.experiment.artefacts import SPECTRA, Layers
from unsc_core.experiment.resolve import settings
from unsc_core.experiment.store import Store
from unsc_core.runs.history import Stored, link, read_run
from unsc_core.subspace.energy import cuts

if TYPE_CHECKING:
    from unsc_core.figures.theme import Picture

STYLE = """
:root{color-scheme:light dark;--ink:#1c2422;--muted:#56615e;--paper:#fff;--line:#cfd6d3;--teal:#00695c}
@media (prefers-color-scheme:dark){:root{--ink:#e8eeec;--muted:#a3b0ad;--paper:#12181a;--line:#3a474a;--teal:#5fd3c1}}
@media print{:root{--ink:#1c2422;--muted:#56615e;--paper:#fff;--line:#cfd6d3;--teal:#00695c}
  .grid{display:block}body{max-width:none;padding:0}figure,tr,h2{break-inside:avoid}h2{break-after:avoid}.modebar{display:none}}
*{box-sizing:border-box}
body{font:16px/1.55 "Source Sans",system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:1180px;margin:0 auto;
  padding:24px 16px 64px}
h1{font-size:30px;line-height:1.2;margin:8px 0}h2{font-size:22px;margin:40px 0 8px}
p.lead{font-size:18px;max-width:75ch}.muted{color:var(--muted)}code{overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:6px 12px 6px 0;border-bottom:1px solid var(--line)}
td.number{white-space:nowrap;font-variant-numeric:tabular-nums;font-weight:600}
.wide{overflow-x:auto}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr));gap:8px 24px}
figure{margin:8px 0 16px;min-width:0}figcaption{margin-top:4px;max-width:75ch}figure>div{overflow:hidden}
.grid figure:first-child:nth-last-child(n+5){grid-column:1/-1}
"""
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
)
"""Sent along with the page: a browser fetches nothing for it, whatever is in it."""


def report_of(key: str, store: Store | None = None) -> str:
    """The report of a stored run.

    Raises:
        ConfigError: no complete result has this key.
    """
    store = store or Store()
    run = read_run(key, store)
    return report(run, SPECTRA.read(store, run.keys.spectra), store)


def report(run: Stored, spectra: Layers | None, store: Store) -> str:
    """The report: one HTML document of about 5 MB, most of it plotly's script.

    Args:
        run: what it is about.
        spectra: the eigenvalues of its request, if they have been computed.
        store: looked into for the map.
    """
    from unsc_core.figures.html import embedded, scripts
    from unsc_core.figures.phrases import requested, run_title

    result = run.result
    title = f"Forgetting {requested(result.split)} with {run_title(result)}"
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        f'<p class="muted">{html.escape(_where(run))}</p>',
        f'<p class="lead">{html.escape(_lead(run))}</p>',
        "<h2>In numbers</h2>",
        _numbers(run),
    ]
    for i, (heading, words, pictures) in enumerate(_sections(run, spectra, store)):
        figures = "".join(
            embedded(picture, f"figure-{i + 1}-{j + 1}") for j, picture in enumerate(pictures)
        )
        grid = f'<div class="grid">{figures}</div>' if len(pictures) > 1 else figures
        parts.append(
            f"<section><h2>{html.escape(heading)}</h2><p>{html.escape(words)}</p>{grid}</section>"
        )
    parts += ["<h2>Settings</h2>", _settings(run)]
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{html.escape(POLICY)}">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{html.escape(title)}</title><style>{STYLE}</style>'
    )
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body><main>{"".join(parts)}</main>{scripts()}</body></html>\n'


def _where(run: Stored) -> str:
    config = run.result.config
    made = datetime.fromtimestamp(run.made.meta["created"])
    imported = " · imported" if "imported" in run.made.meta else ""
    return f"{_name(config.dataset)} · {_name(config.model)} · seed {config.seed} · {made.day} {made:%B %Y, %H:%M}{imported}"


def _name(path: str) -> str:
    """A name, or the last part of a path: whose folder it was in is nobody's business."""
    return path.replace("\\", "/").rsplit("/", 1)[-1]


def _lead(run: Stored) -> str:
    from unsc_core.figures.phrases import free_and_added, points, requested

    numbers = summary(run.result)
    before, after = numbers["original"], numbers["unlearned"]
    text = ""
    if run.result.alterations:
        text = f"This run is not the method as published: {', '.join(run.result.alterations)}. "
    text += f"The network was asked to forget {requested(run.result.split)}. "
    if before["acc_forget"] is not None:
        text += f"Of that, it recognised {before['acc_forget']:.1f} % before and {after['acc_forget']:.1f} % after; "
    text += f"on the rest its accuracy changed by {points(numbers['gain']['total'])} points to {after['acc_retain']:.1f} %"
    if (retrained := numbers.get("retrained")) is not None:
        text += f", and a network retrained without it reaches {retrained['acc_retain']:.1f} %"
    return f"{text}. {free_and_added(numbers['gain'])} One run has no spread: a small difference may be chance."


def _numbers(run: Stored) -> str:
    from unsc_core.figures.measures import COLUMNS, MEASURES, seconds_note

    numbers = summary(run.result)
    models = {model: title for model, title in COLUMNS.items() if numbers.get(model)}
    head = "".join(f"<th>{title}</th>" for title in models.values())
    rows = "".join(
        f'<tr><th scope="row">{html.escape(measure.name)}</th>'
        + "".join(
            f'<td class="number">{html.escape(measure.said(measure.read(numbers, model)))}</td>'
            for model in models
        )
        + f"<td>{html.escape(measure.meaning)}</td></tr>"
        for measure in MEASURES
    )
    note = f'<p class="muted">{seconds_note(run.result)}</p>' if seconds_note(run.result) else ""
    return f'<div class="wide"><table><thead><tr><th>Measure</th>{head}<th>Meaning</th></tr></thead><tbody>{rows}</tbody></table></div>{note}'


def _sections(
    run: Stored, spectra: Layers | None, store: Store
) -> Iterable[tuple[str, str, list[Picture]]]:
    """Heading, a line of words, and pictures."""
    from unsc_core.figures.accuracy import change_per_class
    from unsc_core.figures.confusion import difference
    from unsc_core.figures.decision_space import PARTS
    from unsc_core.figures.flow import flow, label_counts
    from unsc_core.figures.theme import LIGHT

    result, part = run.result, run.result.split.measured_part
    if result.original.has(part) and result.unlearned.has(part):
        words = f"{PARTS[part].title()} samples placed by their logits, on one map for all models. "
        words += "× is to be forgotten, ● stays; lines lead from where a sample was."
        yield "Decision space", words, _maps(run, store)
    yield (
        "Change per class",
        "Bars under zero are losses; a mean under zero is over-unlearning.",
        [change_per_class([result], LIGHT)],
    )
    if not result.split.forget_ids:
        yield (
            "Confusion",
            "Rows are true classes, columns are answers; the forgotten rows are framed.",
            [difference(result, "test", True, LIGHT)],
        )
    if spectra is not None:
        words = "The retained classes hold the share γ of their energy in the grey directions of each layer's input; "
        words += "in the others, the null space, UNSC may move weights."
        yield "Null space", words, _null_space(run, spectra)
    if result.labels is not None:
        judged = result.retrained is not None and result.retrained.train is not None
        yield (
            "Pseudo-labels",
            "Where forgotten training samples were sent.",
            [flow(result, LIGHT) if judged else label_counts(result, LIGHT)],
        )


def _maps(run: Stored, store: Store) -> list[Picture]:
    from unsc_core.figures.decision_space import ranges, space
    from unsc_core.figures.theme import LIGHT

    result, part = run.result, run.result.split.measured_part
    rows = maps.shown(result.split, part)
    placed = maps.positions(result, part, maps.read_umap(result.config, run.dataset, store))
    return [
        space(
            result,
            name,
            placed,
            rows,
            LIGHT,
            paths=name != "original",
            window=ranges(placed),
            part=part,
        )
        for name in placed
    ]


def _null_space(run: Stored, spectra: Layers) -> list[Picture]:
    from unsc_core.figures.spectra import free_share, spectrum
    from unsc_core.figures.theme import LIGHT

    config = run.result.config
    values = spectra
    titles = {layer: f"Layer {i + 1}" for i, layer in enumerate(values)}
    cut_at = cuts(values, settings(config).energy_threshold, config.energy_thresholds)
    return [
        free_share(titles, values, cut_at, LIGHT),
        *(spectrum(layer, titles[layer], values, cut_at[layer], LIGHT) for layer in values),
    ]


def _settings(run: Stored) -> str:
    config = run.result.config
    values: dict[str, Any] = {
        name.replace("_", " "): _name(value)
        if name in ("dataset", "model", "checkpoint") and isinstance(value, str)
        else value
        for name, value in config.to_dict().items()
        if value not in (None, [])
    }
    if config.forget_classes:
        values["forget classes"] = [
            f"{c} {run.dataset.class_names[c]}" for c in config.forget_classes
        ]
    values["key"] = run.result.key
    if run.result.alterations:
        values["not as published"] = list(run.result.alterations)
    values["computed"] = (
        time.strftime("%Y-%m-%d %H:%M", time.localtime(run.made.meta["created"]))
        + f", on {run.result.device}"
    )
    if "imported" in run.made.meta:
        values["computed"] += ", on another machine (imported)"
    values["report written"] = (
        f"{time.strftime('%Y-%m-%d %H:%M')}, on {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    )
    try:
        values["open in the app"] = f"/decision_space?{urlencode(link(config, run.dataset))}"
    except ConfigError as error:
        values["open in the app"] = str(error)
    rows = "".join(
        f'<tr><th scope="row">{html.escape(n)}</th><td><code>{html.escape(_plain(v))}</code></td></tr>'
        for n, v in values.items()
    )
    return f"<table><tbody>{rows}</tbody></table>"


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
