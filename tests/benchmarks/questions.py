"""The labelled questions, read for benchmarks and tests; development and held-out parts never mix."""

import json
import re
from pathlib import Path
from typing import Any, Literal

from knowledge_base.phrasing import readable

FOLDER = Path(__file__).parent.parent / "questions"
Split = Literal["dev", "held_out"]
Question = dict[str, Any]


def read(split: Split) -> list[Question]:
    rows = [json.loads(line) for path in sorted(FOLDER.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines() if line]
    return [row for row in rows if row["split"] == split]


def labelled() -> list[Question]:
    """Further questions about development articles, labelled for what should be done with them alone."""
    actions = {"yes": "answer", "near": "hand_off", "specific": "answer", "vague": "ask"}
    rows = [json.loads(line) for path in sorted((FOLDER / "labelled").glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    return [
        {**row, "action": actions[row["kind"]], "gold_articles": row["articles"], "history": []} for row in rows if row["kind"] in actions
    ]


def short(split: Split) -> list[Question]:
    """Plain questions of a few words, as one tries a desk out with: of articles, and of the customer's own account."""
    rows = [json.loads(line) for path in sorted((FOLDER / "short").glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    return [row for row in rows if row["split"] == split]


def objects(split: Split) -> list[Question]:
    """Questions about the things of an account, of which there are several: which are to be asked back about, and which not."""
    rows = [json.loads(line) for line in (FOLDER / "objects" / "questions.jsonl").read_text("utf-8").splitlines()]
    return [row for row in rows if row["split"] == split]


def off_topic(split: Split) -> list[Question]:
    """Messages about nothing that a help center of software for work treats; to be handed off."""
    rows = [json.loads(line) for line in (FOLDER / "off_topic" / "questions.jsonl").read_text("utf-8").splitlines()]
    extra = {"kind": "off_topic", "action": "hand_off", "gold_articles": [], "facts": [], "history": []}
    return [row | extra for row in rows if row["split"] == split]


def history(question: Question) -> list[tuple[str, str]]:
    return [(turn["role"], turn["text"]) for turn in question.get("history") or []]


def normal(text: str) -> str:
    return re.sub(r"\s+", " ", text.lower().replace("’", "'"))


def holds(spellings: list[str], text: str) -> bool:
    """Whether any spelling of a fact stands in a text, a date also as a person writes it; one that begins or ends with a digit must not
    go on with one.
    """
    for spelling in map(normal, (*spellings, *map(readable, spellings))):
        before = r"(?<![\d.,])" if spelling[:1].isdigit() else ""
        after = r"(?![.,]?\d)" if spelling[-1:].isdigit() else ""
        if re.search(before + re.escape(spelling) + after, normal(text)):
            return True
    return False


def all_facts(question: Question, text: str) -> bool:
    return all(holds(fact, text) for fact in question["facts"])


def account_fact(question: Question, text: str) -> bool:
    return holds(question["account_value"], text) if question.get("account_fact") else True


def phrase(text: str, article: str) -> Question:
    """A question that an article says it answers, in the form of the labelled ones."""
    return {"id": text, "kind": "phrase", "question": text, "history": [], "gold_articles": [article], "action": "answer"}
