"""The gate: whether a new voice may be installed, measured against the active one, and why not."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from training.evaluation import Sample, difference, share
from training.probes import Probe, failures

NO_WORSE = {
    "valid": "structure validity",
    "sources": "source accuracy",
    "supported": "faithfulness",
    "forced": "the wording of hand-offs and ask-backs",
}
"""What must not fall below the active voice by more than its interval allows."""
LEAST_FIRST = 0.5
"""What each of these must reach in a voice that no active one can be compared with."""
MARGIN = 0.02
"""A fall smaller than this counts for nothing, whatever its interval."""
LEAST_RULES = 0.90
LEAST_RECOGNISED = 0.85
MOST_FORGETTING = 0.15
"""Share of general prompts that a voice may answer as support would, above the base model's share."""


@dataclass(frozen=True)
class Trial:
    """All that was measured of one voice."""

    samples: list[Sample]
    recognised: float | None = None
    """Share of its replies that the classifier takes for this voice, by their statements together."""
    forgetting: list[Probe] = field(default_factory=list)
    knowledge: list[Probe] = field(default_factory=list)


@dataclass(frozen=True)
class Finding:
    """One reason to refuse a voice, with samples that show it."""

    measure: str
    text: str
    samples: list[str]

    def __str__(self) -> str:
        return self.text


def gate(new: Trial, active: Sequence[Sample] | None) -> list[Finding]:
    """Why the voice is refused; empty where it may be installed.

    Args:
        new: the voice's trial.
        active: the active voice's samples on the same lessons; without one a floor holds instead.
    """
    found = []
    for measure, name in NO_WORSE.items():
        if below := _below(measure, new.samples, active):
            found.append(Finding(measure, f"{name} is {below}", _failing(new.samples, measure)))
    if (kept := share(new.samples, "rules") or 0.0) < LEAST_RULES:
        found.append(Finding("rules", f"only {kept:.2f} of its lines keep every rule of the profile", _failing(new.samples, "rules")))
    if new.recognised is not None and new.recognised < LEAST_RECOGNISED:
        text = f"only {new.recognised:.2f} of its replies are recognised as this voice, by their statements together"
        found.append(Finding("recognised", text, [" ".join(sample.statements) for sample in new.samples if sample.statements][:5]))
    ours, base = failures(new.forgetting)
    if new.forgetting and (ours - base) / len(new.forgetting) > MOST_FORGETTING:
        text = f"{ours} of {len(new.forgetting)} general prompts are answered as a support reply (by the base model {base})"
        found.append(Finding("forgetting", text, [f"{p.prompt} -> {p.with_voice}" for p in new.forgetting if p.voice_fails][:5]))
    ours, base = failures(new.knowledge)
    if ours > base:
        text = f"{ours} of {len(new.knowledge)} questions are answered with a live fact and no source (by the base model {base})"
        found.append(Finding("knowledge", text, [f"{p.prompt} -> {p.with_voice}" for p in new.knowledge if p.voice_fails][:5]))
    return found


def _below(measure: str, new: Sequence[Sample], active: Sequence[Sample] | None) -> str:
    """By how much a measure falls short, in words; empty where it does not."""
    reached = share(new, measure)
    if reached is None:
        return ""
    if not active:
        return f"{reached:.2f}, and a first voice needs {LEAST_FIRST:.2f}" if reached < LEAST_FIRST else ""
    fall, low, high = difference(new, active, measure)
    if fall >= -MARGIN or high >= 0:
        return ""
    return f"{reached:.2f}, {-fall:.2f} below the active voice (95% interval {-high:.2f} to {-low:.2f})"


def _failing(samples: Sequence[Sample], measure: str) -> list[str]:
    """Up to five samples that fell short, each with what was wrong."""
    # A reply out of structure has no lines to judge; it falls short of its rules all the same.
    instead = "valid" if measure == "rules" else measure
    failing = [sample for sample in samples if not all(sample.outcomes.get(measure, sample.outcomes.get(instead, [True])))]
    return [f"{sample.question} -> {'; '.join(sample.broken[:3])}" for sample in failing[:5]]
