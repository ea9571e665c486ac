"""By what a statement is best held against its evidence: ``python -m tests.benchmarks.grounding [--likelihood]``.

The replies written for the voices are sound statements; the same with one thing made wrong are not. A measure that gives a
number accepts from a threshold at which it accepts 97% of the sound ones; printed is what it then refuses, and what the rules in use do.
The rules were set on the replies of the voice ``warm``; those of the others were mended where the rules refused them.
"""

import argparse
import random
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

import numpy as np

from assistant.claims import words
from assistant.grounding import check
from assistant.prompt import plain
from assistant.reply import Evidence
from knowledge_base.embeddings import load_embeddings
from tests.assistant import test_grounding_rates as corruptions
from tests.benchmarks.evidence import share
from training.lessons import read_lessons, read_replies
from training.profile import VOICES, VoiceProfile, load_profile

Case = tuple[str, Evidence, str | None]
"""A statement without its lead-in, its evidence, the customer's first name."""
ACCEPTED = 0.97
"""Share of the sound statements that a measure is to accept."""
KINDS: dict[str, corruptions.Corruption] = {
    "figure": corruptions.other_figure,
    "unit": corruptions.other_unit,
    "negation": corruptions.dropped_negation,
    "menu path": corruptions.other_path,
    "limit": corruptions.reversed_limit,
    "duty": corruptions.duty,
    "deed": corruptions.act,
    "thing": corruptions.thing,
    "claim added": corruptions.added_claim,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voices", nargs="+", default=["formal", "calm", "playful"])
    parser.add_argument("--likelihood", action="store_true", help="also by the base model's likelihood; some minutes")
    arguments = parser.parse_args()
    profiles = {name: load_profile(name) for name in arguments.voices}
    cases = [(name, case) for name, profile in profiles.items() for case in read(name, profile)]
    print(f"{len(cases)} sound statements of {', '.join(profiles)}")
    wrong = {kind: made_wrong([case for _, case in cases], change) for kind, change in KINDS.items()}
    wrong["of another source"] = shuffled([case for _, case in cases])
    sound = [check(text, evidence, customer, profiles[name].vocabulary) is None for name, (text, evidence, customer) in cases]
    print(f"accepted by the rules: {share(sound):.3f}")
    show("rules in use", {kind: [check(*case) is not None for case in of_kind] for kind, of_kind in wrong.items()})
    measures: dict[str, Callable[[Sequence[Case]], np.ndarray]] = {
        "words in common (F1)": overlap, "longest common runs": runs, "cosine of MiniLM": Cosine(),
    }  # fmt: skip
    if arguments.likelihood:
        measures["likelihood, base model"] = likelihood
    for name, measure in measures.items():
        least = float(np.quantile(measure([case for _, case in cases]), 1 - ACCEPTED))
        show(name, {kind: list(measure(of_kind) < least) for kind, of_kind in wrong.items()})


def read(name: str, profile: VoiceProfile) -> list[Case]:
    lessons = {lesson.id: lesson for lesson in read_lessons()}
    found = []
    for reply in read_replies(VOICES / f"{name}.replies.jsonl"):
        lesson = lessons[reply.lesson]
        for text, statement in zip(reply.answer, lesson.statements, strict=True):
            evidence = Evidence("1", lesson.evidence_text(statement.evidence))
            found.append((profile.bare(text, statement.step is not None), evidence, lesson.customer))
    return found


def made_wrong(cases: Sequence[Case], change: corruptions.Corruption) -> list[Case]:
    dice = random.Random(0)
    changed = [(change(text, dice), text, evidence, name) for text, evidence, name in cases]
    return [(said, evidence, name) for said, text, evidence, name in changed if said != text]


def shuffled(cases: Sequence[Case]) -> list[Case]:
    others = list(cases)
    random.Random(0).shuffle(others)
    return [(text, other[1], name) for (text, evidence, name), other in zip(cases, others, strict=True) if other[1].text != evidence.text]


def show(name: str, refused: dict[str, list[bool]]) -> None:
    print(f"  {name:24}" + ", ".join(f"{kind} {share(values):.2f} of {len(values)}" for kind, values in refused.items()), flush=True)


def overlap(cases: Sequence[Case]) -> np.ndarray:
    """F1 of the content words of statement and evidence."""
    pairs = [(set(words(text)), set(words(plain(evidence.text)))) for text, evidence, _ in cases]
    return np.array([2 * len(said & given) / (len(said) + len(given) or 1) for said, given in pairs])


def runs(cases: Sequence[Case]) -> np.ndarray:
    """Share of the words that stand in common runs, in their order."""
    pairs = [(text.lower().split(), plain(evidence.text).lower().split()) for text, evidence, _ in cases]
    return np.array([SequenceMatcher(None, said, given, autojunk=False).ratio() for said, given in pairs])


class Cosine:
    """Cosine of the embeddings of statement and evidence."""

    def __init__(self) -> None:
        self._embeddings = load_embeddings("embedded", 2)

    def __call__(self, cases: Sequence[Case]) -> np.ndarray:
        said = self._embeddings.vectors([text for text, _, _ in cases])
        given = self._embeddings.vectors([plain(evidence.text) for _, evidence, _ in cases])
        return np.asarray((said * given).sum(axis=1))


def likelihood(cases: Sequence[Case]) -> np.ndarray:
    """Mean log likelihood of a statement's tokens after its evidence, by the untuned base model."""
    import torch

    from assistant.base_model import load_model, load_tokenizer

    model, tokenizer = load_model("embedded").eval(), load_tokenizer("embedded")
    found = []
    for text, evidence, _ in cases:
        before = tokenizer(f"Text: {plain(evidence.text)}\nSaid in other words: ", return_tensors="pt")["input_ids"]
        after = tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]
        with torch.inference_mode():
            logits = model(torch.cat([before, after], dim=1)).logits[0, before.shape[1] - 1 : -1]
        found.append(float(logits.log_softmax(-1).gather(1, after[0][:, None]).mean()))
    return np.array(found)


if __name__ == "__main__":
    main()
