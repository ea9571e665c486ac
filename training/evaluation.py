"""A voice tried on held-out lessons without a grammar: is what it writes sound, true to its evidence, and in the voice."""

import hashlib
import random
import statistics
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel

from assistant.engines import messages
from assistant.errors import ReplyFormatError
from assistant.grounding import check
from assistant.prompt import render
from assistant.reply import Reply, parse, violations
from assistant.wording import does_its_job
from training.lessons import Lesson
from training.profile import VoiceProfile

MEASURES = ("valid", "sources", "supported", "forced", "rules", "voiced", "reworded")
"""Shares between 0 and 1: replies in the fixed structure; answers that say all of their evidence in order; statements that
grounding lets pass; hand-offs and ask-backs worded as such; lines that keep every rule; statements that are not left as in
their evidence where the profile would have voiced them; statements worded otherwise than their evidence."""
RESAMPLES = 1000
SIDE_BY_SIDE = 8
"""Lessons that the engine is given at once."""


class Sample(BaseModel):
    """What the voice wrote to one lesson, and how it fared: per measure, one truth value for each thing that was looked at."""

    lesson: str
    question: str
    evidence: list[str]
    written: str
    outcomes: dict[str, list[bool]]
    statements: list[str] = []
    """Statements of a reply in the fixed structure, as the model phrased them."""
    broken: list[str] = []
    """What was wrong, in words."""
    asked: str = ""
    """Digest of the prompt; empty in samples of older voices."""


def evaluate(engine: Any, lessons: Sequence[Lesson], profile: VoiceProfile, report: Callable[[int, int], None]) -> list[Sample]:
    """Have the engine write a reply to each lesson, greedily and without a grammar, and judge it.

    Args:
        engine: with the voice.
        lessons: held out from training.
        profile: the voice's.
        report: called with the number of lessons done, and of how many.
    """
    samples: list[Sample] = []
    for group in (lessons[start : start + SIDE_BY_SIDE] for start in range(0, len(lessons), SIDE_BY_SIDE)):
        written = engine.batch([messages(render(lesson.brief())) for lesson in group], max_tokens=400)
        samples += [judge(lesson, str(reply.content), profile) for lesson, reply in zip(group, written, strict=True)]
        report(len(samples), len(lessons))
    return samples


def asked(lesson: Lesson) -> str:
    """What the voice is asked by a lesson, as a digest of the prompt."""
    prompt = render(lesson.brief())
    return hashlib.sha256(f"{prompt.system}\n{prompt.user}".encode()).hexdigest()


def judge(lesson: Lesson, written: str, profile: VoiceProfile) -> Sample:
    """How a written reply to a lesson fares."""
    brief = lesson.brief()
    evidence = [item.text for item in brief.evidence]
    sample = Sample(lesson=lesson.id, question=lesson.question, evidence=evidence, written=written, outcomes={}, asked=asked(lesson))
    try:
        reply = parse(written, brief.action)
        wrong = violations(reply, brief)
    except ReplyFormatError as error:
        reply, wrong = None, [str(error)]
    sample.outcomes["valid"] = [not wrong]
    sample.broken += wrong
    if reply is None or wrong:
        sample.outcomes |= {"sources": [False]} if brief.action == "answer" else {"forced": [False]}
        return sample
    if brief.action == "answer":
        _judge_answer(sample, lesson, reply, profile)
    else:
        stands = does_its_job(reply.next_step, brief, profile.model_dump())
        sample.outcomes["forced"] = [stands]
        sample.broken += [] if stands else [f"not worded as {brief.action.replace('_', ' ')}: {reply.next_step}"]
    lines = [profile.broken_rules(reply.greeting, greeting=True), profile.broken_rules(reply.next_step)]
    sample.outcomes["rules"] = [not broken for broken in lines] + sample.outcomes.get("rules", [])
    sample.broken += [rule for broken in lines for rule in broken]
    return sample


def _judge_answer(sample: Sample, lesson: Lesson, reply: Reply, profile: VoiceProfile) -> None:
    evidence = lesson.brief().evidence
    in_order = [s.sources[0] for s in reply.answer] == [item.source for item in evidence]
    sample.outcomes["sources"] = [in_order]
    sample.statements = [statement.text for statement in reply.answer]
    if not in_order:
        sample.broken.append("evidence left out, repeated or out of order")
        return
    outcomes: dict[str, list[bool]] = {"supported": [], "rules": [], "voiced": [], "reworded": []}
    for statement, item in zip(reply.answer, evidence, strict=True):
        step = item.step is not None
        reason = check(profile.bare(statement.text, step), item, lesson.customer, profile.vocabulary)
        rules = profile.broken_rules(statement.text, item.text, step)
        outcomes["supported"].append(reason is None)
        outcomes["rules"].append(not rules)
        outcomes["voiced"].append(not profile.unvoiced(statement.text, item.text, step))
        outcomes["reworded"].append(statement.text != item.text)
        sample.broken += [f"{statement.text} ({why})" for why in [*([reason] if reason else []), *rules]]
    sample.outcomes |= outcomes


def scores(samples: Sequence[Sample]) -> dict[str, float]:
    """Each measure's share over all samples."""
    return {measure: round(value, 4) for measure in MEASURES if (value := share(samples, measure)) is not None}


def share(samples: Sequence[Sample], measure: str) -> float | None:
    """A measure's share over samples; None where nothing was looked at."""
    values = [value for sample in samples for value in sample.outcomes.get(measure, [])]
    return sum(values) / len(values) if values else None


def interval(samples: Sequence[Sample], measure: str) -> tuple[float, float]:
    """The 95% interval of a measure's share, by resampling lessons (percentile bootstrap, Efron 1979)."""
    return _percentiles([share(drawn, measure) for drawn in _draws(samples)])


def difference(new: Sequence[Sample], old: Sequence[Sample], measure: str) -> tuple[float, float, float]:
    """How far a measure lies above another voice's on the same lessons: the difference and its 95% interval, lessons paired."""
    drawn = []
    for places in _draws(range(len(new))):
        ours, theirs = share([new[at] for at in places], measure), share([old[at] for at in places], measure)
        drawn.append(None if ours is None or theirs is None else ours - theirs)
    low, high = _percentiles(drawn)
    return (share(new, measure) or 0.0) - (share(old, measure) or 0.0), low, high


def _draws(items: Sequence[Any]) -> list[list[Any]]:
    rng = random.Random(0)
    return [rng.choices(items, k=len(items)) for _ in range(RESAMPLES)]


def _percentiles(values: Sequence[float | None]) -> tuple[float, float]:
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return (0.0, 1.0)
    cuts = statistics.quantiles(known, n=40, method="inclusive")
    return cuts[0], cuts[-1]
