"""Which situations lack example replies in a voice, which lessons to write them for, and drafts by a teacher."""

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import UserError
from assistant.teacher import NoDraftError, Teacher
from training.lessons import Lesson, VoicedReply
from training.lint import lint_replies
from training.profile import EXAMPLES, SITUATIONS, Situation, VoiceProfile
from training.teacher import drafted

DRAFTS = ".drafts.jsonl"
FEWEST = 6
"""Example replies that each situation should have, however rare it is among the lessons."""


@dataclass(frozen=True)
class Coverage:
    """How many example replies a situation has, how many it should have, and the lessons to write more for, best first."""

    situation: Situation
    have: int
    wanted: int
    candidates: list[Lesson]

    @property
    def missing(self) -> int:
        """How many are to be written."""
        return max(0, self.wanted - self.have)


@dataclass(frozen=True)
class Drafted:
    """One draft: the reply and what is wrong with it, or why there is none."""

    lesson: str
    findings: list[str]
    reply: VoicedReply | None = None


def coverage(profile: VoiceProfile, lessons: Sequence[Lesson], replies: Sequence[VoicedReply]) -> list[Coverage]:
    """Each situation's example replies against its share of the lessons.

    Args:
        profile: the voice.
        lessons: those that are trained on; a reply to another lesson teaches nothing.
        replies: the voice's example replies.
    """
    written = {reply.lesson for reply in replies}
    by_situation = {kind: [lesson for lesson in lessons if lesson.situation == kind] for kind in SITUATIONS}
    found = []
    for kind, of_kind in by_situation.items():
        have = sum(lesson.id in written for lesson in of_kind)
        wanted = max(FEWEST, math.ceil(EXAMPLES * len(of_kind) / max(1, len(lessons))))
        found.append(Coverage(kind, have, min(wanted, len(of_kind)), _candidates(profile, of_kind, written)))
    return found


def _candidates(profile: VoiceProfile, lessons: Sequence[Lesson], written: set[str]) -> list[Lesson]:
    """The lessons without a reply: one of each product in turn, those with fewest replies first; within one, those in which the word
    rules change least, for there a person's words teach most.
    """
    replies = Counter(lesson.product for lesson in lessons if lesson.id in written)
    left = [lesson for lesson in lessons if lesson.id not in written]

    def untouched(lesson: Lesson) -> int:
        return sum(profile.voice(item.text) == item.text for item in lesson.statements)

    ranked = []
    turn: Counter[str] = Counter()
    for lesson in sorted(left, key=lambda lesson: (-untouched(lesson), lesson.id)):
        ranked.append((turn[lesson.product] + replies[lesson.product], -untouched(lesson), lesson.id, lesson))
        turn[lesson.product] += 1
    return [lesson for *_, lesson in sorted(ranked, key=lambda row: row[:3])]


def to_draft(found: Sequence[Coverage], most: int, drafted: set[str]) -> list[Lesson]:
    """The lessons to have drafted: where most is missing first, at most ``most``, none twice."""
    wanted: list[Lesson] = []
    waiting = {item.situation: [lesson for lesson in item.candidates if lesson.id not in drafted] for item in found}
    missing = {item.situation: item.missing - sum(lesson.id in drafted for lesson in item.candidates) for item in found}
    while len(wanted) < most:
        kind = max(missing, key=lambda kind: missing[kind] if waiting[kind] else 0)
        if missing[kind] <= 0 or not waiting[kind]:
            break
        wanted.append(waiting[kind].pop(0))
        missing[kind] -= 1
    return wanted


def draft(
    teacher: Teacher, profile: VoiceProfile, lessons: Sequence[Lesson], examples: Sequence[tuple[Lesson, VoicedReply]], path: Path,
    tell: Callable[[Drafted], None],
) -> None:  # fmt: skip
    """Have replies drafted, and add each to the file of drafts as soon as it is there, with what the lint finds.

    Args:
        teacher: who drafts.
        profile: the voice.
        lessons: what to reply to.
        examples: replies by hand, with their lessons; those of the same situation are shown first.
        path: the file of drafts; what stands in it is kept.
        tell: told of each draft.

    Raises:
        UserError: the teacher refuses or cannot be reached; the drafts so far are kept.
    """
    for lesson in lessons:
        shown = sorted(examples, key=lambda pair: (pair[0].situation != lesson.situation, pair[0].id))
        try:
            reply = drafted(teacher, profile, shown, lesson)
        except NoDraftError as error:
            tell(Drafted(lesson.id, [str(error)]))
            continue
        findings = [f"{bad.text[:80]!r}: {bad.reason}" for bad in lint_replies(profile, [lesson], [reply])]
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**reply.model_dump(), "findings": findings}, ensure_ascii=False) + "\n")
        tell(Drafted(lesson.id, findings, reply))


def drafted_before(path: Path) -> set[str]:
    """The lessons that a file of drafts has replies to.

    Raises:
        UserError: a line is no draft; names file and line.
    """
    if not path.is_file():
        return set()
    found = set()
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            if line.strip():
                found.add(str(json.loads(line)["lesson"]))
        except (ValueError, TypeError, KeyError) as error:
            raise UserError(f"{path.name} line {number} is no draft: mend or remove the line.") from error
    return found
