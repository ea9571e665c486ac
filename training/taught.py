"""What is trained in, text by text, each with the place where it stands."""

from dataclasses import dataclass
from functools import lru_cache

from training.lessons import LESSONS, Lesson, VoicedReply, read_lessons, strings


@dataclass(frozen=True)
class Taught:
    """Texts that stand in one place and are trained in."""

    place: str
    texts: tuple[str, ...]
    bundled: bool = False
    """Whether they came with the program, written for another help center than the live one."""


def of_row(row: Lesson | VoicedReply) -> Taught:
    """A lesson or an example reply."""
    name = row.id if isinstance(row, Lesson) else row.lesson
    return Taught(str(row.place or f"lesson {name}"), tuple(strings(row.model_dump(mode="json"))), name in _bundled())


@lru_cache(maxsize=1)
def _bundled() -> frozenset[str]:
    return frozenset(lesson.id for lesson in read_lessons(LESSONS))
