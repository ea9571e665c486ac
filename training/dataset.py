"""The training set: lessons said in a voice, rendered by the same prompt that serves."""

import hashlib
import json
import random
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import UserError
from assistant.prompt import Prompt, plain, render
from assistant.reply import Brief, Evidence, Reply, Statement, to_text, violations
from training.lessons import LESSONS, Lesson, VoicedReply
from training.profile import VoiceProfile

HELD_OUT = "held_out.txt"
"""File beside the lessons: the products kept out of training and used to evaluate, one a line, so that a new one moves no other."""


@dataclass(frozen=True)
class Example:
    """One training example: the prompt as served and the reply in the voice."""

    lesson: str
    prompt: Prompt
    reply: str


def split(lessons: list[Lesson], folder: Path = LESSONS) -> tuple[list[Lesson], list[Lesson]]:
    """Lessons for training and, by whole products, lessons held out.

    Raises:
        UserError: the folder's list is missing, or it leaves one of the two empty.
    """
    try:
        held = set((folder / HELD_OUT).read_text("utf-8").split("\n"))
    except FileNotFoundError as error:
        raise UserError(f"{folder} has no {HELD_OUT}: name in it the products to hold out of training, one a line.") from error
    train, held_out = [x for x in lessons if x.product not in held], [x for x in lessons if x.product in held]
    if not train or not held_out:
        raise UserError(f"{folder / HELD_OUT} must name some of the lessons' products and not all of them: mend it.")
    return train, held_out


def voiced(lesson: Lesson, profile: VoiceProfile, rng: random.Random, hand: VoicedReply | None = None) -> tuple[Brief, Reply]:
    """A lesson said in the voice: by its hand-written reply, else by the profile's rules and phrases.

    Now and then the evidence goes on with sentences that the question did not need, as retrieval's does; they are
    said too, for what is said is retrieval's decision.
    """
    extra = _extra(lesson, rng) if lesson.action == "answer" else ()
    brief = lesson.brief(extra)
    turn = rng.randrange(12)
    texts = hand.answer if hand else [profile.say(item.text, item.step is not None, turn + at) for at, item in enumerate(lesson.statements)]
    if len(texts) != len(lesson.statements):
        raise UserError(f"The reply to lesson {lesson.id} has {len(texts)} statements, the lesson {len(lesson.statements)}: mend it.")
    texts = [*texts, *(profile.say(item.text, turn=turn + len(texts) + at) for at, item in enumerate(extra))]
    statements = [
        Statement(text=plain(text), sources=[item.source], step=item.step) for text, item in zip(texts, brief.evidence, strict=True)
    ]
    # Half of the hand-written replies keep their own greeting, half their own next step: enough to teach a manner,
    # while the profile's phrases, which fit any question, stay the likelier ones.
    greeting = hand.greeting if hand and rng.random() < 0.5 else rng.choice(profile.greetings[lesson.situation])
    next_step = hand.next_step if hand and rng.random() < 0.5 else _next_step(lesson, profile, rng)
    reply = Reply(
        greeting=greeting.replace("{name}", lesson.customer or profile.nameless),
        answer=statements,
        next_step=next_step,
        action=lesson.action,
    )
    return brief, reply


def _extra(lesson: Lesson, rng: random.Random) -> tuple[Evidence, ...]:
    if rng.random() > 0.4 or any(statement.step for statement in lesson.statements[-1:]):
        return ()
    used = {statement.evidence for statement in lesson.statements}
    rest = [
        Evidence(str(p), sentence)
        for p, passage in enumerate(lesson.passages, 1)
        for s, sentence in enumerate(passage.sentences, 1)
        if f"{p}.{s}" not in used
    ]
    return tuple(rng.sample(rest, min(len(rest), rng.choice((1, 2, 3, 4)))))


def _next_step(lesson: Lesson, profile: VoiceProfile, rng: random.Random) -> str:
    if lesson.action == "ask":
        return rng.choice(profile.asks).replace("{options}", " or ".join(lesson.options))
    if lesson.action == "hand_off":
        return rng.choice(profile.hand_offs)
    return rng.choice(profile.next_steps[lesson.situation])


def build(profile: VoiceProfile, lessons: list[Lesson], replies: list[VoicedReply], seed: int = 0, rounds: int = 1) -> list[Example]:
    """The training examples, shuffled: each lesson by the rules, and once more by hand where a reply was written.

    Each of the rounds says all lessons anew, with other phrases and other further evidence.

    Raises:
        UserError: an example would break the reply contract; names the lesson.
    """
    by_hand = {reply.lesson: reply for reply in replies}
    rng = random.Random(seed)
    examples = []
    for lesson in lessons * rounds:
        for hand in [by_hand[lesson.id], None] if lesson.id in by_hand else [None]:
            brief, reply = voiced(lesson, profile, rng, hand)
            if found := violations(reply, brief):
                raise UserError(f"Lesson {lesson.id} makes no sound example: {found[0]}; mend the lesson or its reply.")
            examples.append(Example(lesson.id, render(brief), to_text(reply)))
    rng.shuffle(examples)
    return examples


def digest(examples: list[Example]) -> str:
    """SHA-256 of a training set, for the voice's card."""
    rows = [[example.prompt.system, example.prompt.user, example.reply] for example in examples]
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()
