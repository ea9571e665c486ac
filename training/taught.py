"""What is trained in, text by text, each with the place where it stands."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from training.dataset import Example
from training.lessons import LESSONS, Lesson, VoicedReply, read_lessons, strings
from training.places import Keys
from training.probes import general_places
from training.profile import VoiceProfile

SAID = frozenset({"sign_off", "words", "lead_ins", "nameless", "greetings", "next_steps", "hand_offs", "asks"})
"""Fields of a profile whose texts are said in training examples; of ``words`` those that stand for others."""


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


def of_profile(profile: VoiceProfile) -> Iterator[Taught]:
    """The phrases and words of a voice."""
    for way, text in _values(profile.model_dump(include=set(SAID)), ()):
        own = text if way == ("sign_off",) else text.removesuffix(profile.sign_off or "")
        yield Taught(str(profile.place_of(way) or f"profile {profile.name}"), (own,))


def of_general() -> Iterator[Taught]:
    """The general prompts that are trained on beside the lessons."""
    for prompt, place in general_places("train"):
        yield Taught(str(place), (prompt,), bundled=True)


def of_rehearsed(examples: Iterable[Example]) -> Iterator[Taught]:
    """The base model's answers to those, each in the place of its prompt."""
    places = dict(general_places("train"))
    for example in examples:
        yield Taught(str(places[example.prompt.user]), (example.reply,), bundled=True)


def _values(value: Any, way: Keys) -> Iterator[tuple[Keys, str]]:
    """The texts in a profile's fields, each with the way to it."""
    if isinstance(value, str):
        yield way, value
    elif isinstance(value, dict | list):
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _values(part, (*way, name))


@lru_cache(maxsize=1)
def _bundled() -> frozenset[str]:
    return frozenset(lesson.id for lesson in read_lessons(LESSONS))
