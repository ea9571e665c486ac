"""What becomes of plain questions of a few words, the first that one asks of a desk: ``python -m tests.benchmarks.short``.

All of them are to be answered. No reply is written: the decision and what a reply would say are the program's.
"""

import argparse
from collections import Counter

from assistant import decision
from assistant.base_model import load_tokenizer
from assistant.settings import Settings
from knowledge_base.evidence import narrow
from knowledge_base.retrieval import KnowledgeBase
from tests.benchmarks import questions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=("dev", "held_out"), default="held_out")
    parser.add_argument("--show", action="store_true", help="print each question that is not answered, or not by what answers it")
    arguments = parser.parse_args()
    settings = Settings()
    knowledge_base = KnowledgeBase(settings)
    tokenizer = load_tokenizer(settings.base_model)
    actions: dict[str, Counter[str]] = {}
    right: dict[str, list[bool]] = {}
    statements: dict[str, list[int]] = {}
    for row in questions.short(arguments.split):
        search = knowledge_base.search(row["question"], row["customer_id"])
        said = narrow(search, settings.evidence_tokens, lambda text: len(tokenizer(text, add_special_tokens=False)["input_ids"])).pieces
        action = decision.decide(search, bool(said), settings)
        if row["kind"] == "account":
            answers = any(piece.source.startswith("c") and questions.account_fact(row, piece.text) for piece in said)
        else:
            answers = questions.all_facts(row, "\n".join(piece.text for piece in said))
        actions.setdefault(row["kind"], Counter())[action] += 1
        right.setdefault(row["kind"], []).append(answers)
        statements.setdefault(row["kind"], []).append(len(said))
        if arguments.show and (action != "answer" or not answers):
            print(f"{action} {search.confidence:.2f} {search.vagueness:.2f} {row['question']!r}: {[piece.text for piece in said][:3]}")
    for kind, count in actions.items():
        shares = {action: round(number / count.total(), 3) for action, number in count.items()}
        print(
            f"{kind}, {count.total()} questions: {shares}; all required facts said {sum(right[kind]) / len(right[kind]):.3f}, "
            f"{sum(statements[kind]) / len(statements[kind]):.1f} statements"
        )


if __name__ == "__main__":
    main()
