"""How well voices are kept and told apart on the held-out questions, beside two opponents.

``python -m tests.benchmarks.voices FOLDER [FOLDER ...] [--limit 60]``: one folder per trained voice (``training retrain --out``).
The opponents are the base model prompted with the profile and example replies, and a template filler that puts the profile's
greetings and next steps around quotes. The classifier is trained on training lessons alone and knows, beside the voices, the
class of statements left as their source has them.
"""

import argparse
import json
import random
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from assistant.pipeline import Assistant
from assistant.serving import Speaker
from assistant.settings import Settings
from assistant.turns import Turn, Turns
from tests.benchmarks import questions
from tests.benchmarks.answers import OUT, as_template, ask, facts, told
from tests.benchmarks.systems import FewShot
from training.classifier import VoiceClassifier
from training.dataset import split
from training.lessons import read_lessons
from training.profile import VOICES, VoiceProfile, load_profile
from training.retrain import replies_beside

Asked = list[tuple[questions.Question, Turn]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--split", choices=("dev", "held_out"), default="held_out")
    parser.add_argument("--limit", type=int, default=60, help="answerable questions per voice")
    parser.add_argument("--few-shot", type=int, default=20, help="of these, questions for the prompted base model; 0 leaves it out")
    arguments = parser.parse_args()
    rows = [row for row in questions.read(arguments.split) if row["action"] == "answer"]
    rows = random.Random(1).sample(rows, min(arguments.limit, len(rows)))
    train = split(read_lessons())[0]
    known = [(load_profile(path), replies_beside(path)) for path in sorted(VOICES.glob("*.yaml"))]
    classifier = VoiceClassifier(known, train)
    (OUT / "voices").mkdir(parents=True, exist_ok=True)
    for folder in arguments.folders:
        assistant = Assistant(Settings(voice=f"{folder}/"))
        voice = assistant.serving.now.voice
        assert voice is not None
        profile = VoiceProfile.model_validate(voice.card.profile)
        asked = said_by(assistant, rows)
        show(profile.name, "voice", asked, profile, classifier)
        show(profile.name, "template", [(row, as_template(turn, profile)) for row, turn in asked], profile, classifier)
        del assistant
        if arguments.few_shot:
            base = Assistant(Settings(voice="none"))
            replies = [reply for reply in replies_beside(profile.name) if reply.lesson in {lesson.id for lesson in train}]
            # The opponent gets the voice's phrases and lead-ins too; only its weights are the base model's.
            prompted = FewShot(base.serving.now.engine, profile, train, replies)
            base.serving.now = Speaker(voice, prompted)  # type: ignore[arg-type]  # stands in for an engine
            show(profile.name, "few_shot", said_by(base, rows[: arguments.few_shot]), profile, classifier)


def said_by(assistant: Assistant, rows: Iterable[questions.Question]) -> Asked:
    # What is asked here must not stand in the desk's conversations.
    assistant.turns = Turns(OUT)
    return [(row, ask(assistant, row)) for row in rows]


def show(name: str, system: str, asked: Asked, profile: VoiceProfile, classifier: VoiceClassifier) -> None:
    result = {"voice": name, "system": system} | measures(asked, profile, classifier)
    (OUT / "voices" / f"{name}-{system}.json").write_text(json.dumps(result, indent=1) + "\n")
    with (OUT / "voices" / f"{name}-{system}.jsonl").open("w") as file:
        file.writelines(turn.model_dump_json() + "\n" for _, turn in asked)
    print(json.dumps(result), flush=True)


def measures(asked: Asked, profile: VoiceProfile, classifier: VoiceClassifier) -> dict[str, Any]:
    answered = [turn for _, turn in asked if turn.reply.action == "answer"]
    lines: list[bool] = []
    in_voice: list[bool] = []
    quoted: list[bool] = []
    phrased: list[list[str]] = []
    statements = 0
    for turn in answered:
        lines.append(not profile.broken_rules(turn.reply.greeting, greeting=True))
        lines.append(not profile.broken_rules(turn.reply.next_step))
        by_source = {(item.source, item.step): item.text for item in told(turn).evidence}
        own = [statement for statement in turn.reply.answer if statement.how == "written"]
        statements += len(turn.reply.answer)
        for statement in turn.reply.answer:
            source = nearest(statement.text, [text for (name, _), text in by_source.items() if name in statement.sources])
            kept = not profile.broken_rules(statement.text, source, statement.step is not None)
            (in_voice if statement.how == "written" else quoted).append(kept)
        phrased.append([statement.text for statement in (own or turn.reply.answer)])
    texts = [text for group in phrased for text in group]
    whole = [" ".join(group) for group in phrased if group]
    return {
        "questions": len(asked),
        "answered": len(answered),
        "written": share(len([t for turn in answered for t in turn.reply.answer if t.how == "written"]), statements),
        "rules_statements": share(sum(in_voice), len(in_voice)),
        "rules_all_lines": share(sum(in_voice) + sum(lines), len(in_voice) + len(lines)),
        "rules_quotes_too": share(sum(in_voice) + sum(lines) + sum(quoted), len(in_voice) + len(lines) + len(quoted)),
        "recognised_statements": rounded(classifier.accuracy(texts, profile.name)),
        "recognised_replies": rounded(classifier.accuracy(whole, profile.name)),
        "taken_for": count(classifier.says(texts)),
        "required_facts": share(sum(facts(row, turn) for row, turn in asked), len(asked)),
        "prompt_tokens": statistics.median([turn.prompt_tokens for turn in answered]) if answered else None,
        "seconds": rounded(statistics.median([turn.total_s for turn in answered])) if answered else None,
    }


def nearest(text: str, sources: list[str]) -> str | None:
    """The piece of evidence that shares most words with a statement."""
    words = set(text.lower().split())
    return max(sources, key=lambda source: len(words & set(source.lower().split())), default=None)


def count(labels: list[str]) -> dict[str, int]:
    return {label: labels.count(label) for label in sorted(set(labels))}


def share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


if __name__ == "__main__":
    main()
