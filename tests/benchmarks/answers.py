"""Answers on the labelled questions, system by system: ``python -m tests.benchmarks.answers [--split dev] [--limit N]``.

Facts are looked for by spelling in the reply's text. "Supported" and "written" count statements: a statement is written
when the model phrased it and grounding let it pass, else it is a quote. The held-out questions are the ones to report.
"""

import argparse
import json
import random
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from assistant.engines import messages
from assistant.errors import ReplyFormatError
from assistant.pipeline import Assistant
from assistant.prompt import render
from assistant.reply import Brief, Evidence, parse, violations
from assistant.settings import Settings
from assistant.turns import Turn, Turns
from assistant.wording import SHRUGS
from tests.benchmarks import questions
from tests.benchmarks.systems import FewShot, Ungrammatical, template_reply
from training.dataset import split as split_lessons
from training.lessons import read_lessons, read_replies
from training.profile import VOICES, VoiceProfile, load_profile

SYSTEMS = ("voice", "base", "template", "few_shot", "voice_no_grammar", "voice_no_retrieval", "base_no_retrieval")
OUT = Path("runs/answers")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=("dev", "held_out"), default="held_out")
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    parser.add_argument("--limit", type=int, help="answerable questions for the systems other than voice")
    parser.add_argument("--voice", default="active")
    arguments = parser.parse_args()
    rows = questions.read(arguments.split)
    random.Random(0).shuffle(rows)
    answerable = [row for row in rows if row["action"] == "answer"]
    OUT.mkdir(parents=True, exist_ok=True)
    opened: dict[str, Assistant] = {}
    for system in arguments.systems:
        chosen = rows if system in ("voice", "template") else answerable[: arguments.limit]
        began = time.monotonic()
        result = run(system, chosen, arguments.voice, opened)
        result["minutes"] = round((time.monotonic() - began) / 60, 1)
        (OUT / f"{arguments.split}-{system}.json").write_text(json.dumps(result, indent=1) + "\n")
        print(system, json.dumps({key: value for key, value in result.items() if key != "failures"}), flush=True)


def run(system: str, rows: list[questions.Question], voice: str, opened: dict[str, Assistant]) -> dict[str, Any]:
    wanted = "none" if system.startswith(("base", "few_shot")) else voice
    if wanted not in opened:
        opened.clear()
        opened[wanted] = Assistant(Settings(voice=wanted))
        # What is asked here must not stand in the desk's conversations.
        opened[wanted].turns = Turns(OUT)
    assistant = opened[wanted]
    speaking = assistant.serving.now.voice
    profile = VoiceProfile.model_validate(speaking.card.profile) if speaking else load_profile("warm")
    if system == "template":
        # What is said is retrieval's choice, so no model has to write: the brief alone is filled in.
        assistant.settings.reply_tokens = 1
    speaker = assistant.serving.now
    try:
        if system.endswith("no_retrieval"):
            return closed_book(assistant, rows)
        if system == "voice_no_grammar":
            assistant.serving.now = replace(speaker, engine=Ungrammatical(speaker.engine))  # type: ignore[arg-type]  # stands in for an engine
        if system == "few_shot":
            train = split_lessons(read_lessons())[0]
            known = {lesson.id for lesson in train}
            replies = [reply for reply in read_replies(VOICES / "warm.replies.jsonl") if reply.lesson in known]
            assistant.serving.now = replace(speaker, engine=FewShot(speaker.engine, profile, train, replies))  # type: ignore[arg-type]
        turns = [(row, ask(assistant, row)) for row in rows]
    finally:
        assistant.serving.now = speaker
        assistant.settings.reply_tokens = Settings().reply_tokens
    if system == "template":
        turns = [(row, as_template(turn, profile)) for row, turn in turns]
    return scores(turns, profile)


def ask(assistant: Assistant, row: questions.Question) -> Turn:
    return assistant.ask(row["question"], row.get("customer_id"), questions.history(row))


def as_template(turn: Turn, profile: VoiceProfile) -> Turn:
    reply = template_reply(told(turn), profile, random.Random(turn.question))
    return turn.model_copy(update={"reply": reply, "unsupported": [], "written": ""})


def told(turn: Turn) -> Brief:
    """The brief behind a turn, from what is stored of it."""
    evidence, options, name = [], (), None
    for line in turn.prompt.splitlines():
        if line.startswith("Options: "):
            options = tuple(line.removeprefix("Options: ").split(" or "))
        if line.startswith("Name: "):
            name = line.removeprefix("Name: ")
    if "\nEvidence:\n" in turn.prompt:
        for line in turn.prompt.split("\nEvidence:\n", 1)[1].splitlines():
            source, text = line[1:].split("] ", 1)
            number, _, rest = text.partition(". ")
            step = int(number) if number.isdigit() and len(number) < 3 else None
            evidence.append(Evidence(source, rest if step else text, step))
    return Brief(turn.question, turn.reply.action, tuple(evidence), options, name)


def closed_book(assistant: Assistant, rows: list[questions.Question]) -> dict[str, Any]:
    """Facts in what the model says without any evidence."""
    found = []
    for row in rows:
        prompt = render(Brief(row["question"], history=tuple(questions.history(row))))
        said = str(assistant.serving.now.engine.invoke(messages(prompt), max_tokens=120).content)
        found.append(questions.all_facts(row, said))
    return {"answerable": len(rows), "all_facts": share(found)}


def scores(turns: list[tuple[questions.Question, Turn]], profile: VoiceProfile) -> dict[str, Any]:
    by_action = {action: [(r, t) for r, t in turns if r["action"] == action] for action in ("answer", "ask", "hand_off")}
    answerable = by_action["answer"]
    answered = [(row, turn) for row, turn in answerable if turn.reply.action == "answer"]
    statements = [(s, turn) for _, turn in answered for s in turn.reply.answer]
    written = [s for s, _ in statements if s.how == "written"]
    evidence = {item.text for _, turn in answered for item in told(turn).evidence}
    lines = [line for _, turn in answered for line in (turn.reply.greeting, turn.reply.next_step)]
    everything = lines + [s.text for s, _ in statements]
    first_try = [sound(turn) for _, turn in turns]
    result = {
        "answerable": len(answerable),
        "unanswerable": len(by_action["hand_off"]),
        "vague": len(by_action["ask"]),
        "structure_valid": share([not violations(turn.reply, told(turn)) for _, turn in turns]),
        "structure_valid_as_written": share(first_try),
        "all_evidence_in_order_as_written": share([in_order(turn) for _, turn in answered]),
        "right_article_in_five": share([retrieved(row, turn) for row, turn in answerable]),
        "all_two_articles_in_five": share([retrieved_all(r, t) for r, t in answerable if r["kind"] == "two_article"]),
        "right_source_cited": share([cited(row, turn) for row, turn in answered]),
        "citation_precision": share([right for row, turn in answered for right in citations(row, turn)]),
        "all_facts": share([facts(row, turn) for row, turn in answerable]),
        "all_facts_and_account_fact": share([facts(r, t) and account(r, t) for r, t in answerable]),
        "account_fact": share([account(r, t) for r, t in answerable if r.get("account_fact")]),
        "refused_by_the_model": share([SHRUGS.search(turn.written.split("\n")[0]) is not None for _, turn in answered]),
        "false_hand_offs": share([turn.reply.action == "hand_off" for _, turn in answerable]),
        "false_asks": share([turn.reply.action == "ask" for _, turn in answerable]),
        "unanswerable_handed_off": share([turn.reply.action == "hand_off" for _, turn in by_action["hand_off"]]),
        "vague_asked_back": share([turn.reply.action == "ask" for _, turn in by_action["ask"]]),
        "statements": len(statements),
        "written": share([s.how == "written" for s, _ in statements]),
        "written_and_reworded": share([s.how == "written" and s.text not in evidence for s, _ in statements]),
        "rules_kept_written": share([not profile.broken_rules(s.text) for s in written]),
        "rules_kept": share([not profile.broken_rules(line) for line in everything]),
        "prompt_tokens": median([turn.prompt_tokens for _, turn in answered]),
        "reply_tokens": median([turn.reply_tokens for _, turn in answered]),
        "first_token_s": median([turn.first_token_s for _, turn in answered]),
        "total_s": median([turn.total_s for _, turn in answered]),
        "failures": [row["id"] for row, turn in answerable if not facts(row, turn)],
    }
    return {key: value for key, value in result.items() if value is not None}


def sound(turn: Turn) -> bool:
    """Whether what the model wrote is a whole reply to its brief, before anything was put right."""
    brief = told(turn)
    try:
        reply = parse(turn.written, brief.action)
    except ReplyFormatError:
        return False
    return not violations(reply, brief)


def in_order(turn: Turn) -> bool:
    """Whether what the model wrote says all of its evidence, in order, without help of the pipeline."""
    brief = told(turn)
    try:
        reply = parse(turn.written, brief.action)
    except ReplyFormatError:
        return False
    return [statement.sources[0] for statement in reply.answer] == [item.source for item in brief.evidence]


def retrieved(row: questions.Question, turn: Turn) -> bool:
    return any(hit.article_id in row["gold_articles"] for hit in first_five(turn))


def retrieved_all(row: questions.Question, turn: Turn) -> bool:
    return set(row["gold_articles"]) <= {hit.article_id for hit in first_five(turn)}


def first_five(turn: Turn) -> list[Any]:
    return [hit for hit in turn.retrieved if not hit.source.startswith("c")][:5]


def cited(row: questions.Question, turn: Turn) -> bool:
    return any(hit.article_id in row["gold_articles"] for hit in turn.cited)


def citations(row: questions.Question, turn: Turn) -> list[bool]:
    articles = {hit.source: hit.article_id for hit in turn.retrieved}
    sources = [source for statement in turn.reply.answer for source in statement.sources if not source.startswith("c")]
    return [articles[source] in row["gold_articles"] for source in sources]


def facts(row: questions.Question, turn: Turn) -> bool:
    return questions.all_facts(row, " \n ".join(statement.text for statement in turn.reply.answer))


def account(row: questions.Question, turn: Turn) -> bool:
    return questions.account_fact(row, " \n ".join(statement.text for statement in turn.reply.answer))


def share(values: list[bool]) -> float | None:
    return round(sum(values) / len(values), 3) if values else None


def median(values: list[float]) -> float | None:
    return round(statistics.median(values), 2) if values else None


if __name__ == "__main__":
    main()
