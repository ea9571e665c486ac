"""What a voice's card says of its trial: shares of what was looked at, and counts of what a voice must not do."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from training.gate import Trial

COUNTS = {"closed_book": "live facts told closed-book", "forgetting": "general prompts answered as support"}
"""Counted of the voice, of the base model (``_base``) and of all that were asked (``_asked``); cards of older voices lack them."""


def of_trial(trial: "Trial") -> dict[str, float]:
    """The scores of a trial."""
    from training import evaluation
    from training.probes import failures

    found = evaluation.scores(trial.samples)
    if trial.recognised is not None:
        found["recognised"] = round(trial.recognised, 4)
    for name, probes in (("closed_book", trial.knowledge), ("forgetting", trial.forgetting)):
        ours, base = failures(probes)
        found |= {name: ours, f"{name}_base": base, f"{name}_asked": len(probes)} if probes else {}
    return found


def summary(scores: Mapping[str, float]) -> str:
    """A card's scores in a line: "valid 1.00, ..., live facts told closed-book 1 of 30 (by the base model 2)"."""
    counted = {f"{name}{part}" for name in COUNTS for part in ("", "_base", "_asked")}
    said = [f"{name} {value:.2f}" for name, value in scores.items() if name not in counted]
    for name, meaning in COUNTS.items():
        if all(f"{name}{part}" in scores for part in ("", "_asked", "_base")):
            ours, asked, base = (scores[f"{name}{part}"] for part in ("", "_asked", "_base"))
            said.append(f"{meaning} {ours:.0f} of {asked:.0f} (by the base model {base:.0f})")
    return ", ".join(said)
