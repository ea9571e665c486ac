"""The report of a retraining that a person reads: one HTML file with plots, scores before and after, and replies side by side."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from assistant.voices import Voice
from training.evaluation import MEASURES, Sample, interval, share
from training.finetune import Progress
from training.gate import Finding, Trial
from training.probes import failures

TEMPLATE = "report.html.j2"
NAMES = {
    "valid": "reply in the fixed structure, without a grammar",
    "sources": "all evidence said, in order, with its source",
    "supported": "statements that grounding lets pass",
    "forced": "hand-offs and ask-backs worded as such",
    "rules": "lines that keep every rule of the profile",
    "voiced": "statements not left as in their evidence where the profile would have voiced them",
    "reworded": "statements worded otherwise than their evidence",
}
SIDE_BY_SIDE = 12


def write_report(
    path: Path, voice: Voice, trial: Trial, before: Sequence[Sample] | None, refused: Sequence[Finding], progress: Progress
) -> Path:
    """Write the report.

    Args:
        path: the file.
        voice: the new voice.
        trial: what was measured of it.
        before: the active voice's samples on the same lessons, if there is one.
        refused: the gate's findings.
        progress: of the training.
    """
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined)
    forgotten, known = failures(trial.forgetting), failures(trial.knowledge)
    rows = [(NAMES[measure], _range(trial.samples, measure), _range(before, measure) if before else None) for measure in MEASURES]
    olds = {sample.lesson: sample for sample in before or ()}
    page = environment.get_template(TEMPLATE).render(
        voice=voice,
        card=voice.card,
        refused=refused,
        rows=[(name, new, old) for name, new, old in rows if new],
        recognised=trial.recognised,
        forgetting=(*forgotten, len(trial.forgetting)),
        knowledge=(*known, len(trial.knowledge)),
        loss=Markup(_loss_plot(progress)),  # noqa: S704  # matplotlib's own drawing
        bars=Markup(_score_plot([(NAMES[m], trial.samples, before, m) for m in MEASURES])),  # noqa: S704
        pairs=[(sample, olds.get(sample.lesson)) for sample in _mixed(trial.samples)],
    )
    path.write_text(page, "utf-8")
    return path


def _range(samples: Sequence[Sample], measure: str) -> tuple[float, float, float] | None:
    value = share(samples, measure)
    return None if value is None else (value, *interval(samples, measure))


def _mixed(samples: Sequence[Sample]) -> list[Sample]:
    """Samples to show: those that fell short first, then an even choice of the others."""
    broken = [sample for sample in samples if sample.broken][: SIDE_BY_SIDE // 2]
    sound = [sample for sample in samples if not sample.broken]
    left = SIDE_BY_SIDE - len(broken)
    return broken + sound[:: max(1, len(sound) // left)][:left]


def _figure(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _svg(figure: Any) -> str:
    """The figure as an SVG element."""
    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True)
    return text.getvalue()[text.getvalue().index("<svg") :]


def _loss_plot(progress: Progress) -> str:
    figure, axes = _figure(7, 2.8)
    losses = progress.losses
    smooth = [sum(losses[max(0, at - 9) : at + 1]) / len(losses[max(0, at - 9) : at + 1]) for at in range(len(losses))]
    axes.plot(range(1, len(losses) + 1), smooth, color="#3b6ea5", label="training, mean of ten steps")
    if progress.held_out:
        steps, values = zip(*progress.held_out, strict=True)
        axes.plot(steps, values, "o-", color="#c2703d", label="held-out lessons")
    axes.set_xlabel("step")
    axes.set_ylabel("loss per reply token")
    axes.legend(frameon=False)
    return _svg(figure)


def _score_plot(rows: Sequence[tuple[str, Sequence[Sample], Sequence[Sample] | None, str]]) -> str:
    figure, axes = _figure(7, 3.4)
    for place, (_, new, old, measure) in enumerate(reversed(rows)):
        for shift, samples, colour in ((0.16, new, "#3b6ea5"), (-0.16, old, "#b8b8b8")):
            if samples and (found := _range(samples, measure)):
                value, low, high = found
                off = [[max(0.0, value - low)], [max(0.0, high - value)]]
                axes.barh(place + shift, value, 0.3, color=colour, xerr=off, error_kw={"ecolor": "#555", "capsize": 2})
    axes.set_yticks(range(len(rows)), [name for name, *_ in reversed(rows)])
    axes.set_xlim(0, 1)
    return _svg(figure)
