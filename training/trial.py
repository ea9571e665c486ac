"""A short trial of a voice: held-out lessons answered without a grammar, scored by the contract and the profile."""

from typing import Any

from assistant.engines import messages
from assistant.errors import ReplyFormatError
from assistant.grounding import check
from assistant.prompt import render
from assistant.reply import parse, violations
from training.lessons import Lesson
from training.profile import VoiceProfile


def trial(engine: Any, lessons: list[Lesson], profile: VoiceProfile) -> dict[str, float]:
    """Scores between 0 and 1.

    Returns:
        ``valid``, replies in the fixed structure without a grammar; ``supported``, statements that grounding lets
        pass; ``rules``, lines that keep every rule of the profile; ``reworded``, statements that differ from their
        evidence.
    """
    valid = supported = reworded = statements = kept = lines = 0
    for lesson in lessons:
        brief = lesson.brief()
        text = str(engine.invoke(messages(render(brief)), max_tokens=400).content)
        try:
            reply = parse(text, brief.action)
        except ReplyFormatError:
            continue
        if violations(reply, brief) or len(reply.answer) != len(brief.evidence):
            continue
        valid += 1
        for statement, item in zip(reply.answer, brief.evidence, strict=True):
            statements += 1
            supported += check(profile.bare(statement.text, item.step is not None), item, lesson.customer) is None
            reworded += statement.text != item.text
        said = [reply.greeting, *(statement.text for statement in reply.answer), reply.next_step]
        lines += len(said)
        kept += sum(not profile.broken_rules(line) for line in said)
    return {
        "valid": _share(valid, len(lessons)),
        "supported": _share(supported, statements),
        "rules": _share(kept, lines),
        "reworded": _share(reworded, statements),
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
