"""Asking back about things of an account, of which there are several: ``python -m tests.benchmarks.objects [--split dev] [--show]``.

Half of the questions leave open which invoice, order, booking ... is meant; the others name one, have one answer for all of them,
ask for several, or ask about articles. They are of the bundled customers and of six with records of other shapes: shops, banks, a
telephone company, a hotel. Each question that is asked back about is followed by the customer's choice. No reply is written:
the decision and what a reply would say are the program's. Development and held-out questions have customers of their own.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from assistant import decision
from assistant.base_model import load_tokenizer
from assistant.reply import Brief
from assistant.settings import Settings
from assistant.wording import sound_next_step
from knowledge_base.customer_sources import CustomerFile
from knowledge_base.evidence import narrow
from knowledge_base.found import Search
from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from tests.benchmarks import questions

CUSTOMERS = questions.FOLDER / "objects" / "customers.jsonl"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=("dev", "held_out"), default="held_out")
    parser.add_argument("--show", action="store_true", help="print each question that is not treated as it should be")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report(questions.objects(arguments.split), Desk(Path(folder)), arguments.show)


class Desk:
    """The bundled help center with all customers of the questions."""

    def __init__(self, folder: Path) -> None:
        settings = Settings()
        self.settings = settings.model_copy(update={"store": folder, "customers": (*settings.customers, CustomerFile(path=CUSTOMERS))})
        refresh(self.settings)
        self.knowledge_base = KnowledgeBase(self.settings)
        tokenizer = load_tokenizer(self.settings.base_model)
        self.count: Callable[[str], int] = lambda text: len(tokenizer(text, add_special_tokens=False)["input_ids"])

    def ask(self, question: str, customer: str, history: list[tuple[str, str]]) -> tuple[Search, str, str]:
        """What is found, what is done, and the account facts that a reply would say."""
        search = self.knowledge_base.search(question, customer, history)
        pieces = narrow(search, self.settings.evidence_tokens, self.count).pieces
        action = decision.decide(search, bool(pieces), self.settings)
        return search, action, "\n".join(piece.text for piece in pieces if piece.source.startswith("c"))


def report(rows: list[questions.Question], desk: Desk, show: bool) -> None:
    asked, chosen, said = [], [], []
    for row in rows:
        search, action, text = desk.ask(row["question"], row["customer_id"], [])
        about_things = action == "ask" and search.which is not None and bool(search.which.options)
        asked.append((row["action"] == "ask", action == "ask", about_things))
        wrong = (action == "ask") != (row["action"] == "ask")
        if row["action"] == "ask":
            answered = about_things and choice_answered(row, search, desk)
            chosen.append(answered)
            wrong = wrong or not answered
        elif row.get("account_value"):
            answered = action == "answer" and questions.holds(row["account_value"], text)
            said.append(answered)
            wrong = wrong or not answered
        if show and wrong:
            seen = decision.options(search) if action == "ask" else text
            print(f"{row['kind']}: {action}, {row['customer_id']} {row['question']!r}: {seen!r}")
    right = sum(wanted and things for wanted, _, things in asked)
    done, unwanted = sum(done for _, done, _ in asked), sum(done and not wanted for wanted, done, _ in asked)
    articles = sum(done and not wanted and not things for wanted, done, things in asked)
    print(
        f"{len(asked)} questions, {len(chosen)} to be asked back about: precision {right / (done or 1):.3f}, "
        f"recall {right / len(chosen):.3f}; asked back where not wanted {unwanted}, of these about articles {articles}"
    )
    print(
        f"answered rightly after the choice: {sum(chosen) / len(chosen):.3f} of all, {sum(chosen) / (right or 1):.3f} of those asked back"
    )
    print(f"to be answered by an account fact, {len(said)}: {sum(said) / len(said):.3f}")


def choice_answered(row: questions.Question, search: Search, desk: Desk) -> bool:
    """Whether the customer's choice is answered by a fact of what was chosen."""
    brief = Brief(question=row["question"], action="ask", options=decision.options(search))
    history = [("customer", row["question"]), ("agent", sound_next_step("", brief, None))]
    _, action, text = desk.ask(row["choice"], row["customer_id"], history)
    return action == "answer" and questions.holds(row["chosen_value"], text)


if __name__ == "__main__":
    main()
