"""The active voice, which a new one must not fall behind: what it wrote to the held-out lessons."""

import json
from collections.abc import Callable, Sequence

from assistant.base_model import base_digest
from assistant.engines import load_engine
from assistant.errors import UserError
from assistant.settings import Settings
from assistant.voices import Voice, active_voice, read_card, read_pointer, voice_folder
from training import evaluation
from training.lessons import Lesson
from training.profile import profile_of

SAMPLES = "samples.json"
"""File beside a voice's card: what it wrote in its own trial."""


def installed(settings: Settings) -> Settings:
    """The settings with the voice that the pointer names, whichever voice they pin: an installation replaces the pointer."""
    return settings.model_copy(update={"voice": "active"})


def active_samples(
    settings: Settings, held_out: Sequence[Lesson], report: Callable[[int, int], None] = lambda done, of: None
) -> list[evaluation.Sample] | None:
    """The active voice's samples on these lessons: those kept from its own trial, or made now; None without one for this base model.

    Raises:
        UserError: there is one, and it cannot be used.
    """
    voice = _compared_with(settings)
    if voice is None:
        return None
    profile = profile_of(voice.card.profile, voice.label)
    if kept := _kept(voice, held_out):
        # Judged anew: what was kept may have been judged by other rules than the new voice will be.
        return [evaluation.judge(lesson, sample.written, profile) for lesson, sample in zip(held_out, kept, strict=True)]
    return evaluation.evaluate(load_engine(installed(settings), voice), held_out, profile, report)


def tried_anew(settings: Settings, held_out: Sequence[Lesson]) -> bool:
    """Whether there is an active voice to compare with of which no replies to these lessons are kept."""
    try:
        voice = _compared_with(settings)
    except UserError:
        return False
    return voice is not None and not _kept(voice, held_out)


def _compared_with(settings: Settings) -> Voice | None:
    """The voice that the pointer names; None without one for this base model."""
    settings = installed(settings)
    if read_card(voice_folder(read_pointer(settings).folder, settings)).base_digest != base_digest(settings.base_model):
        return None
    return active_voice(settings)


def _kept(voice: Voice, held_out: Sequence[Lesson]) -> list[evaluation.Sample]:
    """What a voice wrote in its own trial to these lessons as they are now; nothing where it was tried on others."""
    try:
        kept = [evaluation.Sample.model_validate(row) for row in json.loads((voice.folder / SAMPLES).read_text("utf-8"))]
    except (OSError, ValueError):
        return []
    return kept if len(kept) == len(held_out) and all(map(_of_today, kept, held_out)) else []


def _of_today(sample: evaluation.Sample, lesson: Lesson) -> bool:
    """Whether a reply that was kept was written to this lesson as it is now; older ones do not say to which prompt."""
    evidence = [item.text for item in lesson.brief().evidence]
    known = sample.asked in ("", evaluation.asked(lesson))
    return known and (sample.lesson, sample.question, sample.evidence) == (lesson.id, lesson.question, evidence)
