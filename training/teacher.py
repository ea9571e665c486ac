"""What a teacher is told to draft example replies in a voice, and what it answers."""

from pydantic import ValidationError

from assistant.teacher import NoDraftError, Teacher
from training.lessons import Lesson, VoicedReply
from training.profile import VoiceProfile

SHOWN = 4
"""Example replies that the teacher is shown."""
SHOWN_WORDS = 60
"""Word rules that the teacher is told."""


def drafted(teacher: Teacher, profile: VoiceProfile, examples: list[tuple[Lesson, VoicedReply]], lesson: Lesson) -> VoicedReply:
    """A reply to a lesson, drafted in the voice.

    Args:
        teacher: who drafts.
        profile: the voice.
        examples: replies that people wrote in it, with their lessons; the first few are shown.
        lesson: what to reply to.

    Raises:
        NoDraftError: the answer is no reply to the lesson.
        UserError: the server refuses, or cannot be reached for longer than is worth waiting.
    """
    said = [{"role": "system", "content": manner(profile)}]
    for example, reply in examples[:SHOWN]:
        said.append({"role": "user", "content": task(example)})
        said.append({"role": "assistant", "content": reply.model_dump_json(exclude={"lesson"})})
    fields = teacher.ask([*said, {"role": "user", "content": task(lesson)}])
    try:
        return VoicedReply.model_validate({**fields, "lesson": lesson.id})
    except ValidationError as error:
        raise NoDraftError(f"the answer is no reply ({error.errors()[0]['msg']}): {str(fields)[:60]!r}") from error


def manner(profile: VoiceProfile) -> str:
    """What the teacher is told of the voice and of the form of a reply."""
    words = ", ".join(f"{old} -> {new}" for old, new in list(profile.words.items())[:SHOWN_WORDS])
    rules = [
        f"You write replies of a support team in this voice: {profile.persona.strip()}",
        f"Formality: {profile.formality}. Contractions: {profile.contractions}. "
        f"The company is {profile.person.brand!r}, the customer {profile.person.customer!r}.",
        f"At most {profile.max_sentence_words} words a sentence; emoji: {profile.emoji}; "
        f"exclamation marks: at most {profile.exclamations}, in the greeting only.",
        f"Say the second, never the first: {words}." if words else "",
        f"Never say: {', '.join(profile.forbidden)}." if profile.forbidden else "",
        f"Next steps end with: {profile.sign_off}." if profile.sign_off else "",
        "You are given a question and the statements of the answer. Say each statement in the voice, in the same order, one for one. Keep "
        "every number, unit, name, menu path, quoted label, condition and negation; add nothing. The greeting and the next step state no "
        "fact and hold no number.",
        'Answer with one JSON object and nothing else: {"greeting": "...", "answer": ["...", ...], "next_step": "..."}.',
    ]
    return "\n".join(rule for rule in rules if rule)


def task(lesson: Lesson) -> str:
    """A lesson as the teacher is asked it."""
    lines = [f"Situation: {lesson.situation}", f"Question: {lesson.question}", f"Name: {lesson.customer or '(not known)'}"]
    if lesson.action == "ask":
        lines.append(f"Do not answer; the next step asks which is meant: {' or '.join(lesson.options)}? The answer is [].")
    elif lesson.action == "hand_off":
        lines.append("Do not answer; the next step says that a colleague takes over and replies here. The answer is [].")
    else:
        lines += [f"Statement {number}: {item.text}" for number, item in enumerate(lesson.statements, 1)]
    return "\n".join(lines)
