"""What replies would say, without a model: ``python -m tests.benchmarks.evidence [--split dev] [--plot]``.

What is said is retrieval's and narrowing's choice, and whether it is said is the decision's, so both are measured in seconds:
required facts in the evidence, citations against the articles that answer, actions, and the trade-off of each threshold.
``--plot`` draws the trade-offs to ``runs/evidence/SPLIT.png``. The development questions are for choosing, the held-out ones
for reporting.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from assistant.base_model import load_tokenizer
from assistant.decision import decide
from assistant.settings import Settings
from knowledge_base.evidence import Evidence, narrow
from knowledge_base.found import Search
from knowledge_base.retrieval import KnowledgeBase
from tests.benchmarks import questions

OUT = Path("runs/evidence")
ACTIONS = ("answer", "ask", "hand_off")


@dataclass(frozen=True)
class Case:
    """A question, what was found for it, what of it would be said, and what would be done."""

    row: questions.Question
    search: Search
    evidence: Evidence
    action: str

    @property
    def text(self) -> str:
        """All that is said."""
        return "\n".join(piece.text for piece in self.evidence.pieces) if self.action == "answer" else ""

    @property
    def citations(self) -> list[str]:
        """The article that each statement cites, account facts left out."""
        article = {hit.source: hit.article_id for hit in self.search.hits}
        return [article[piece.source] for piece in self.evidence.pieces if not piece.source.startswith("c")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=("dev", "held_out"), default="dev")
    parser.add_argument("--plot", action="store_true", help="draw the trade-offs; needs matplotlib")
    arguments = parser.parse_args()
    cases = run(arguments.split)
    report(cases)
    curves = {"hand-off": hand_off_curve(cases), "ask-back": ask_curve(cases)}
    show(curves)
    if arguments.plot:
        print(f"drawn to {plot(arguments.split, cases)}")


def run(split: Literal["dev", "held_out"]) -> list[Case]:
    settings = Settings()
    tokenizer = load_tokenizer(settings.base_model)
    knowledge_base = KnowledgeBase(settings)

    def count(text: str) -> int:
        return len(tokenizer(text, add_special_tokens=False)["input_ids"])

    cases = []
    for row in questions.read(split):
        search = knowledge_base.search(row["question"], row.get("customer_id"), questions.history(row))
        evidence = narrow(search, settings.evidence_tokens, count)
        cases.append(Case(row, search, evidence, decide(search, bool(evidence.pieces), settings)))
    return cases


def report(cases: Sequence[Case]) -> None:
    """What is said of the answerable questions, and what is done with each kind."""
    answerable = [case for case in cases if case.row["action"] == "answer"]
    kinds = {"all": answerable, "all but plain": [case for case in answerable if case.row["kind"] != "plain"]}
    kinds |= {kind: [case for case in answerable if case.row["kind"] == kind] for kind in sorted({c.row["kind"] for c in answerable})}
    print("answerable questions; facts are over all of them, one that is not answered has none; the rest over those answered")
    heads = {"questions": 10, "facts": 8, "+account": 9, "account": 9, "answered": 9, "precision": 10, "recall": 8, "statements": 11}
    print(" " * 14 + "".join(f"{head:>{width}}" for head, width in heads.items()))
    for kind, chosen in kinds.items():
        answered = [case for case in chosen if case.action == "answer"]
        about = [case for case in chosen if case.row.get("account_fact")]
        cited = [article in case.row["gold_articles"] for case in answered for article in case.citations]
        print(
            f"{kind:14}{len(chosen):10}{share([facts(case) for case in chosen]):8.3f}"
            f"{share([facts(c) and account(c) for c in chosen]):9.3f}{share([account(case) for case in about]):9.3f}"
            f"{len(answered) / (len(chosen) or 1):9.3f}{share(cited):10.3f}{share([recall(case) for case in answered]):8.3f}"
            f"{share([len(case.evidence.pieces) for case in answered]):11.1f}"
        )
    said = [sum(p.source.startswith("c") for p in c.evidence.pieces) for c in answerable if c.row.get("customer_id")]
    print(f"account facts said to a customer: {share(said):.2f}")
    done = Counter((case.row["action"], case.action) for case in cases)
    print("\nwhat should be done, what is done" + "".join(f"{action:>10}" for action in ACTIONS))
    for wanted in ACTIONS:
        print(f"{wanted:33}" + "".join(f"{done[wanted, action]:10}" for action in ACTIONS))
    asked = [case.row["action"] == "ask" for case in cases if case.action == "ask"]
    vague = [case.action == "ask" for case in cases if case.row["action"] == "ask"]
    print(f"ask-back: precision {share(asked):.3f}, recall {share(vague):.3f}\n")


def facts(case: Case) -> bool:
    return case.action == "answer" and questions.all_facts(case.row, case.text)


def account(case: Case) -> bool:
    return case.action == "answer" and questions.account_fact(case.row, case.text)


def recall(case: Case) -> float:
    """Whether a right article is cited; of a question over two articles, the share of them."""
    right = set(case.row["gold_articles"]) & set(case.citations)
    return len(right) / len(case.row["gold_articles"]) if case.row["kind"] == "two_article" else float(bool(right))


def hand_off_curve(cases: Sequence[Case]) -> np.ndarray:
    """Rows of (threshold, answerable below it, unanswerable below it)."""
    by_kind = {action: np.array([c.search.confidence for c in cases if c.row["action"] == action]) for action in ACTIONS}
    return np.array([(t, (by_kind["answer"] < t).mean(), (by_kind["hand_off"] < t).mean()) for t in np.linspace(0, 1, 101)])


def ask_curve(cases: Sequence[Case]) -> np.ndarray:
    """Rows of (threshold, precision, recall) of asking above it."""
    scores = np.array([case.search.vagueness for case in cases])
    vague = np.array([case.row["action"] == "ask" for case in cases])
    rows = []
    for threshold in np.linspace(0, 1, 101):
        above = scores > threshold
        rows.append((threshold, (above & vague).sum() / above.sum() if above.any() else np.nan, (above & vague).sum() / vague.sum()))
    return np.array(rows)


def show(curves: dict[str, np.ndarray]) -> None:
    settings = Settings()
    print(f"hand_off_below is {settings.hand_off_below}, ask_above {settings.ask_above}")
    print("threshold  hand_off_below: answerable, unanswerable handed off     ask_above: precision, recall")
    for hand_off, ask in list(zip(curves["hand-off"], curves["ask-back"], strict=True))[10:100:5]:
        print(f"{hand_off[0]:9.2f}{hand_off[1]:28.3f}{hand_off[2]:25.3f}{ask[1]:23.3f}{ask[2]:8.3f}")


def plot(split: str, cases: Sequence[Case]) -> Path:
    """Both trade-offs, with the points where the settings stand."""
    from matplotlib.figure import Figure

    settings = Settings()
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    hand_off, ask = hand_off_curve(cases), ask_curve(cases)
    left.plot(hand_off[:, 1], hand_off[:, 2])
    at = hand_off[np.abs(hand_off[:, 0] - settings.hand_off_below).argmin()]
    left.plot(at[1], at[2], "o", label=f"hand_off_below = {settings.hand_off_below}")
    left.set(xlabel="answerable handed off", ylabel="unanswerable handed off", title="Hand-off")
    right.plot(ask[:, 2], ask[:, 1])
    at = ask[np.abs(ask[:, 0] - settings.ask_above).argmin()]
    right.plot(at[2], at[1], "o", label=f"ask_above = {settings.ask_above}")
    right.set(xlabel="vague asked back (recall)", ylabel="asked back that are vague (precision)", title="Ask-back")
    for axes in (left, right):
        axes.set(xlim=(0, 1), ylim=(0, 1.02))
        axes.grid(alpha=0.3)
        axes.legend(loc="lower right" if axes is left else "lower left")
    figure.suptitle(f"{split}: {len(cases)} questions")
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f"{split}.png"
    figure.savefig(path, dpi=120)
    return path


def share(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")


if __name__ == "__main__":
    main()
