"""Methods side by side in words: the table, and where UNSC stands."""

from __future__ import annotations

from collections.abc import Sequence

from unsc_core.comparison import FORGOTTEN, Row, Run, Standing, rows, standing
from unsc_core.figures.words import joined, method_title, points
from unsc_core.methods import METHODS

COLUMNS = {
    "Acc_f %": "Test accuracy on the classes to forget; lower is better.",
    "Acc_r %": "Mean test accuracy over the classes that stay; higher is better.",
    "Over-unlearning": "Acc_r of the original minus Acc_r of this model, in points. Above 0 the rest was damaged; below 0 it even improved.",
    "Gap to retrain": "Acc_r of this model minus Acc_r of the retrained one, in points.",
    "Agreement %": "Share of the forgotten classes' test images that this model answers as the retrained one does.",
    "Logit drift": "‖z − z₀‖ / ‖z₀‖ over the retained test images: how far the logits moved from the original's.",
    "Seconds": "The method's own work, as recorded when it ran. Second moments serve every later request: they count for the method that "
    "collected them. Original and retrained: their training.",
}
"""Column of the table -> what it says, in the order of MEASURES."""
MEASURES = {
    "acc_forget": "{:.1f}", "acc_retain": "{:.1f}", "over_unlearning": "{:+.1f}", "gap": "{:+.1f}", "agreement": "{:.0f}", "drift": "{:.2f}",
    "seconds": "{:.1f}",
}  # fmt: skip
MARK = "◆ "
SHORT = {"random-labels+null-space": "RL + null space", "original": "Original", "retrained": "Retrained"}


def name(method: str) -> str:
    """How a row is called: a method's title, shortened where it is long."""
    return SHORT.get(method) or method_title(method)


def table(runs: Sequence[Run]) -> dict[str, list[str]]:
    """The comparison as text: original and retrained first, then every method; "mean ± sd" over more than one seed."""
    found = rows(runs)
    against = standing(found) if "unsc" in found else Standing()
    columns: dict[str, list[str]] = {"Method": [(MARK if method == "unsc" else "") + name(method) for method in found]}
    for column, (measure, form) in zip(COLUMNS, MEASURES.items(), strict=True):
        columns[column] = [_cell(row, measure, form) for row in found.values()]
    columns["Verdict"] = [_verdict(method, row, against) for method, row in found.items()]
    if len({row.seeds for row in found.values()}) > 1:  # some seeds are still missing
        columns["Seeds"] = [str(row.seeds) for row in found.values()]
    return columns


def _cell(row: Row, measure: str, form: str) -> str:
    mean, sd = row.mean[measure], row.sd[measure]
    if mean is None or sd is None:
        return "–"
    text = form.format(mean).replace("+0.0", "0.0").replace("-0.0", "0.0") if abs(mean) < 0.05 else form.format(mean)
    return (f"{text} ± {form.format(sd).lstrip('+')}" if row.seeds > 1 else text).replace("-", "−")


def _verdict(method: str, row: Row, against: Standing) -> str:
    if method in ("original", "retrained"):
        return "before forgetting" if method == "original" else "gold standard"
    acc_forget = row.mean["acc_forget"]
    if acc_forget is not None and acc_forget > FORGOTTEN:
        return f"does not forget (over {FORGOTTEN:g} %)"
    for words, group in (("better than UNSC", against.better), ("tied with UNSC", against.tied), ("behind UNSC", against.worse)):
        if method in group:
            return f"{words} ({points(group[method])})"
    return "forgets"


def conclusion(runs: Sequence[Run]) -> str:
    """Where UNSC stands among the methods that are there, in one or two sentences."""
    found = rows(runs)
    if "unsc" not in found:
        return "UNSC has not been run here yet: run all methods to compare them with it."
    unsc, against = found["unsc"].mean, standing(found)
    seeds = min(row.seeds for method, row in found.items() if method in METHODS)
    caution = "" if seeds > 1 else " One seed has no spread: a small difference may be chance."
    over = f"Over {seeds} seeds" if seeds > 1 else "Here"
    if (unsc["acc_forget"] or 0.0) > FORGOTTEN:
        return f"{over} UNSC itself does not forget: Acc_f stays at {unsc['acc_forget']:.1f} %. A lower γ or more epochs may help.{caution}"
    parts = [f"{name(m)} keeps {points(ahead)} points more of Acc_r than UNSC".replace("+", "") for m, ahead in against.better.items()]
    if against.tied:
        parts.append(f"{joined([name(m) for m in against.tied])} {'is' if len(against.tied) == 1 else 'are'} tied with it")
    if against.worse:
        low, high = sorted(abs(ahead) for ahead in (min(against.worse.values()), max(against.worse.values())))
        span = f"{low:.1f} points" if f"{low:.1f}" == f"{high:.1f}" else f"{low:.1f} to {high:.1f} points"
        count = f"{len(against.worse)} methods" if len(against.worse) > 1 else name(next(iter(against.worse)))
        parts.append(f"UNSC keeps {span} more of Acc_r than {count}")
    if against.not_forgetting:
        parts.append(f"{joined([name(m) for m in against.not_forgetting])} {'does' if len(against.not_forgetting) == 1 else 'do'} not forget")
    loss = unsc["over_unlearning"] or 0.0
    own = f"{over} UNSC forgets (Acc_f {unsc['acc_forget']:.1f} %) and {'gains' if loss < 0 else 'loses'} {abs(loss):.1f} points of Acc_r"
    return f"{'; '.join([own, *parts])}.{caution}"
