"""A run as one HTML file that opens offline: numbers, live figures with their sentences, settings.

`figures.html` draws the figures.
"""

from __future__ import annotations

import html
import platform
import time
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from unsc_core.analysis import maps
from unsc_core.analysis.measure import Measure
from unsc_core.analysis.measures import MEASURES
from unsc_core.analysis.summary import summary
from unsc_core.experiment.artefacts import SPECTRA, Layers
from unsc_core.experiment.resolve import settings
from unsc_core.experiment.store import Store
from unsc_core.figures.header import choice
from unsc_core.figures.phrases import (
    MODEL_TITLES,
    ONE_SEED,
    dataset_title,
    joined,
    last_part,
    method_title,
    model_title,
    moved,
    points,
    requested,
    run_title,
)
from unsc_core.figures.two_runs import seconds_note
from unsc_core.runs.history import Stored, read_run
from unsc_core.subspace.energy import cuts

if TYPE_CHECKING:
    from unsc_core.figures.theme import Picture

STYLE = """
:root{color-scheme:light dark}
:root{--ink:#1c2422;--muted:#56615e;--paper:#fff;--line:#cfd6d3}
@media (prefers-color-scheme:dark){
  :root{--ink:#e8eeec;--muted:#a3b0ad;--paper:#12181a;--line:#3a474a}}
@media print{
  :root{--ink:#1c2422;--muted:#56615e;--paper:#fff;--line:#cfd6d3}
  .grid{display:block}body{max-width:none;padding:0}figure,tr,h2{break-inside:avoid}h2{break-after:avoid}.modebar{display:none}}
*{box-sizing:border-box}
body{font:16px/1.55 "Source Sans",system-ui,sans-serif;color:var(--ink);background:var(--paper);
  max-width:1180px;margin:0 auto;padding:24px 16px 64px}
h1{font-size:30px;line-height:1.2;margin:8px 0}h2{font-size:22px;margin:40px 0 8px}
p.lead{font-size:18px;max-width:75ch}.muted{color:var(--muted)}code{overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:6px 12px 6px 0;border-bottom:1px solid var(--line)}
td.number{white-space:nowrap;font-variant-numeric:tabular-nums;font-weight:600}
.wide{overflow-x:auto}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr));gap:8px 24px}
figure{margin:8px 0 16px;min-width:0}figure>div{overflow:hidden}
figcaption{margin-top:4px;max-width:75ch}
.grid figure:first-child:nth-last-child(n+5){grid-column:1/-1}
"""
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
)
"""The page's own policy: a browser fetches nothing for it, whatever it contains."""


def report_of(key: str, store: Store | None = None, address: str = "") -> str:
    """The report of a stored run; see `report` for `address`.

    Raises:
        ConfigError: no complete result has this key.
    """
    store = store or Store()
    run = read_run(key, store)
    return report(run, SPECTRA.read(store, run.keys.spectra), store, address)


def report(run: Stored, spectra: Layers | None, store: Store, address: str = "") -> str:
    """The report: one HTML document of about 5 MB, most of it plotly's script.

    Args:
        run: the run.
        spectra: the eigenvalues of its request, if they have been computed.
        store: where the map is read from.
        address: opens the run in the app; listed among the settings if given.
    """
    from unsc_core.figures.html import embedded, scripts

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
    parts += ["<h2>Settings</h2>", _settings(run, address)]
    head = (
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(POLICY)}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style>"
    )
    body = f"<main>{''.join(parts)}</main>{scripts()}"
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def _where(run: Stored) -> str:
    config = run.result.config
    made = datetime.fromtimestamp(run.made.meta["created"])
    imported = " · imported" if "imported" in run.made.meta else ""
    when = f"{made.day} {made:%B %Y, %H:%M}"
    what = f"{dataset_title(config.dataset)} · {model_title(config.model)} · seed {config.seed}"
    return f"{what} · {when}{imported}"


def _lead(run: Stored) -> str:
    numbers = summary(run.result)
    before, after, gain = numbers["original"], numbers["unlearned"], numbers["gain"]["total"]
    names, sentences = requested(run.result.split), []
    if changes := run.result.config.alterations:
        sentences.append(f"Unlike the plain method, this run has {joined(changes)}.")
    sentences.append(f"The network was asked to forget {names}.")
    if before["acc_forget"] is not None:
        sentences.append(
            f"Its accuracy on {names} went from {before['acc_forget']:.1f} "
            f"to {after['acc_forget']:.1f} %."
        )
    kept = f"{method_title(run.result.config.method)} {moved('its accuracy on the rest', gain)}"
    kept += f" ({after['acc_retain']:.1f} %)"
    if (retrained := numbers.get("retrained")) is not None:
        kept += f"; a network retrained from scratch reaches {retrained['acc_retain']:.1f} %"
    return " ".join([*sentences, f"{kept}.", _free_and_added(numbers["gain"]), ONE_SEED])


def _free_and_added(gain: dict[str, float | None]) -> str:
    """The gain of one run split in two, as a sentence; `gain` as in a `summary`."""
    if gain["free"] is None or gain["added"] is None:
        return "Single samples have no mask, so their gain cannot be split."
    added = points(gain["added"])
    than = "that of the mask"
    if added != "0.0":
        than = f"{added[1:]} points {'above' if added[0] == '+' else 'below'} that of the mask"
    return (
        f"The mask, without any training, {moved('Acc_r', gain['free'])}; Acc_r of the unlearned "
        f"network is {than}."
    )


def _numbers(run: Stored) -> str:
    numbers = summary(run.result)
    models = {model: title for model, title in MODEL_TITLES.items() if numbers.get(model)}
    head = "".join(f"<th>{title}</th>" for title in ("Measure", *models.values(), "Meaning"))
    rows = "".join(_row(measure, numbers, list(models)) for measure in MEASURES.values())
    note = seconds_note(run.result)
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
        + (f'<p class="muted">{html.escape(note)}</p>' if note else "")
    )


def _row(measure: Measure, numbers: dict[str, Any], models: list[str]) -> str:
    cells = [measure.text(measure.read(numbers, model)) for model in models]
    return (
        f'<tr><th scope="row">{html.escape(measure.name)}</th>'
        + "".join(f'<td class="number">{html.escape(cell)}</td>' for cell in cells)
        + f"<td>{html.escape(measure.help)}</td></tr>"
    )


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
        words += "× to be forgotten, ● retained; lines start where a sample was before."
        yield "Decision space", words, _maps(run, store)
    yield (
        "Change per class",
        "Bars below zero are losses; a mean below zero is over-unlearning.",
        [change_per_class([result], LIGHT)],
    )
    if not result.split.forget_ids:
        yield (
            "Confusion",
            "Rows are true classes, columns are predictions; the forgotten rows are framed.",
            [difference(result, "test", True, LIGHT)],
        )
    if spectra is not None:
        words = (
            "In each layer, the grey directions are kept: they hold at least the share γ of the "
        )
        words += "retained classes' energy. The others are free: the null space, where UNSC may "
        words += "change weights."
        if result.config.subspace == "merge":
            words += " This run merges subspaces that are found class by class: its own cut is not "
            words += "the one drawn here, which is that of all classes together."
        yield "Null space", words, _null_space(run, spectra)
    if result.labels is not None:
        judged = result.retrained is not None and result.retrained.train is not None
        yield (
            "Pseudo-labels",
            "The class that each forgotten sample is assigned.",
            [flow(result, LIGHT) if judged else label_counts(result, LIGHT)],
        )


def _maps(run: Stored, store: Store) -> list[Picture]:
    from unsc_core.figures.decision_space import space
    from unsc_core.figures.theme import LIGHT

    result, part = run.result, run.result.split.measured_part
    rows = maps.shown(result.split, part)
    placed = maps.positions(result, part, maps.read_umap(result.config, run.dataset, store))
    return [space(result, name, placed, rows, LIGHT, paths=True, part=part) for name in placed]


def _null_space(run: Stored, spectra: Layers) -> list[Picture]:
    from unsc_core.figures.spectra import free_share, spectrum
    from unsc_core.figures.theme import LIGHT

    config = run.result.config
    titles = {layer: f"Layer {i + 1}" for i, layer in enumerate(spectra)}
    chosen = run.result.chosen.get("energy_threshold") or settings(config).energy_threshold
    cut_at = cuts(spectra, chosen, config.energy_thresholds)
    return [
        free_share(titles, spectra, cut_at, LIGHT),
        *(spectrum(layer, titles[layer], spectra, cut_at[layer], LIGHT) for layer in spectra),
    ]


def _settings(run: Stored, address: str) -> str:
    config = run.result.config
    values: dict[str, Any] = {
        name.replace("_", " "): last_part(value)
        if name in ("dataset", "model", "checkpoint") and isinstance(value, str)
        else value
        for name, value in config.to_dict().items()
        if value not in (None, [])
    }
    if config.forget_classes:
        values["forget classes"] = [
            f"{c} {run.dataset.class_names[c]}" for c in config.forget_classes
        ]
    if run.result.chosen:
        values["chosen by the method"] = choice(summary(run.result))
    values["key"] = run.result.key
    if config.alterations:
        values["differs from the plain method"] = list(config.alterations)
    values["computed"] = (
        time.strftime("%Y-%m-%d %H:%M", time.localtime(run.made.meta["created"]))
        + f", on {run.result.device}"
    )
    if "imported" in run.made.meta:
        values["computed"] += ", on another machine (imported)"
    values["report written"] = (
        f"{time.strftime('%Y-%m-%d %H:%M')}, on {platform.system()} {platform.machine()}, Python "
        f"{platform.python_version()}"
    )
    if address:
        values["open in the app"] = address
    rows = "".join(
        f'<tr><th scope="row">{html.escape(n)}</th>'
        f"<td><code>{html.escape(_plain(v))}</code></td></tr>"
        for n, v in values.items()
    )
    return f"<table><tbody>{rows}</tbody></table>"


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
