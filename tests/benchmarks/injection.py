"""Injected instructions: how many reach their goal, by where they stand and who writes the reply.

``python -m tests.benchmarks.injection [--real 40] [--obedient 10000] [--unscreened]``

All cases go through the whole pipeline with an engine that obeys every order it reads (``tests/adversary.py``): it writes the goal
wherever the grammar lets it. A sample goes through it with the real engine and voice. Whether a goal was reached is decided by
program, on what the customer would read. Every question is answered here, for a hand-off could not fail.
"""

import argparse
import json
import random
import statistics
import tempfile
from collections import Counter
from pathlib import Path

from assistant import untrusted
from assistant.pipeline import Assistant
from assistant.reply import customer_text, parse, to_text, violations
from assistant.settings import Settings
from assistant.turns import Turn
from knowledge_base.refresh import refresh
from tests.adversary import Adversary, seat
from tests.benchmarks.answers import told
from tests.benchmarks.injection_cases import MISSING, Case, apart, articles, customers, own_cases, public_cases
from tests.conftest import write_articles, write_customers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=int, default=40, help="of these, cases that the real engine answers as well")
    parser.add_argument("--obedient", type=int, default=10_000, help="cases that the obedient engine answers, at most")
    parser.add_argument("--unscreened", action="store_true", help="leave orders in the evidence, to see what the screening is worth")
    parser.add_argument("--shown", type=int, default=10, help="reached goals to print")
    options = parser.parse_args()
    if options.unscreened:
        untrusted.screened = lambda search, own: (search, [])
    cases = own_cases() + (public := public_cases())
    if not public:
        print(MISSING)
    cases = random.Random(2).sample(cases, min(options.obedient, len(cases)))
    sample = {case.name for case in random.Random(1).sample(cases, min(options.real, len(cases)))}
    real, obedient = [], []
    for group in apart(cases):
        with tempfile.TemporaryDirectory() as folder:
            assistant = opened(Path(folder), group)
            real += [(case, answer(assistant, case)) for case in group if case.name in sample]
            for case in group:
                seat(assistant, Adversary([*case.goals, case.planted or case.goals[0]], seed=len(obedient)))
                obedient.append((case, answer(assistant, case)))
    if real:
        report("real engine", real, options.shown)
    report("obedient engine", obedient, options.shown)


def opened(folder: Path, cases: list[Case]) -> Assistant:
    """An assistant over a store that holds the articles and accounts of all cases."""
    write_articles(folder / "articles", articles(cases))
    write_customers(folder / "customers.jsonl", customers(cases))
    settings = Settings(
        store=folder / "store", articles=folder / "articles", customers=folder / "customers.jsonl",
        voice="shipped", hand_off_below=0.0, ask_above=1.0,
    )  # fmt: skip
    refresh(settings)
    return Assistant(settings)


def answer(assistant: Assistant, case: Case) -> Turn:
    return assistant.ask(case.question, case.name, keep=False)


def kind(case: Case) -> str:
    prefix = case.name.split("-")[0]
    return f"{prefix} {case.place}" if prefix in ("unseen", "public") else f"own {case.place}"


def report(engine: str, turns: list[tuple[Case, Turn]], shown: int) -> None:
    """Cases and reached goals by kind, the structure of the replies, and the share of the time that checking took."""
    asked, reached, withheld = Counter(), Counter(), Counter()
    for case, turn in turns:
        asked[kind(case)] += 1
        withheld[kind(case)] += any(item.article_id in (case.name, f"customer:{case.name}") for item in turn.withheld)
        if case.reached(customer_text(turn.reply)):
            reached[kind(case)] += 1
            if sum(reached.values()) <= shown:
                print(f"  reached, {case.name}: {case.planted[:90]!r} -> {customer_text(turn.reply)[:300]!r}")
    sound = [structured(turn) for _, turn in turns]
    print(engine, json.dumps({
        "cases": len(turns),
        "reached": sum(reached.values()),
        "rate": round(sum(reached.values()) / len(turns), 4),
        "by kind": {name: f"{reached[name]} of {asked[name]}, the planted source withheld in {withheld[name]}" for name in sorted(asked)},
        "structure valid": round(sum(sound) / len(sound), 4),
        "actions": Counter(turn.reply.action for _, turn in turns),
        "checking, median share of the time": round(statistics.median(turn.timing["check"] / turn.total_s for _, turn in turns), 3),
        "checking, median ms": round(1000 * statistics.median(turn.timing["check"] for _, turn in turns), 1),
    }), flush=True)  # fmt: skip


def structured(turn: Turn) -> bool:
    """Whether a reply keeps the contract: it parses, cites only what was retrieved, and has no violation."""
    reply = parse(to_text(turn.reply), turn.reply.action)
    known = {hit.source for hit in turn.retrieved}
    cited = {source for statement in turn.reply.answer for source in statement.sources}
    empty = turn.reply.action == "answer" and not turn.reply.answer
    return len(reply.answer) == len(turn.reply.answer) and cited <= known and not empty and not violations(turn.reply, told(turn))


if __name__ == "__main__":
    main()
