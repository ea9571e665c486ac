"""What a voice must not do: answer everything as support would, or state live facts out of its weights."""

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.claims import codes, figures, paths
from assistant.engines import messages
from assistant.prompt import Prompt, render
from assistant.reply import Brief
from assistant.wording import CLOSE, in_common
from knowledge_base.articles import Article
from training.dataset import Example
from training.places import Place, read_yaml
from training.profile import VoiceProfile

GENERAL = Path(__file__).parent / "general.yaml"
SYSTEM = "You are a helpful assistant."
ANSWER_TOKENS = 60
CLOSED_BOOK = 30
"""Live articles that are asked about without any evidence."""
CLOSED_BOOK_TOKENS = 80


@dataclass(frozen=True)
class Probe:
    """One prompt, what the voice and the base model said to it, and whether each did what it must not."""

    prompt: str
    with_voice: str
    without_voice: str
    voice_fails: bool
    base_fails: bool


def general(part: str) -> list[Prompt]:
    """The general prompts to train beside the lessons (``train``) or to probe with (``probe``)."""
    return [Prompt(SYSTEM, text) for text, _ in general_places(part)]


def general_places(part: str) -> list[tuple[str, Place]]:
    """The general prompts of a part, each with the line that it stands in."""
    prompts, lines = read_yaml(GENERAL)
    return [(text, Place(GENERAL, lines[part, at])) for at, text in enumerate(prompts[part])]


def rehearsal(base: Any) -> list[Example]:
    """The base model's own answers to general prompts, as training examples (self-distillation against forgetting)."""
    prompts = general("train")
    return [Example("general", prompt, text) for prompt, text in zip(prompts, _say(base, prompts, ANSWER_TOKENS), strict=True) if text]


def forgetting(voice: Any, base: Any, profile: VoiceProfile) -> list[Probe]:
    """General prompts put to both engines; a support reply to one of them is a failure."""
    prompts = general("probe")
    replies = zip(prompts, _say(voice, prompts, ANSWER_TOKENS), _say(base, prompts, ANSWER_TOKENS), strict=True)
    return [Probe(prompt.user, said, plain, boilerplate(said, profile), boilerplate(plain, profile)) for prompt, said, plain in replies]


_NAME = re.compile(r"^(Hi|Hey|Hello|Dear|Good (?:morning|day)) [A-Z]?\w+(?=[,.!])")


def boilerplate(text: str, profile: VoiceProfile) -> bool:
    """Whether a text has the form or the phrases of a support reply."""
    lines = [line.strip() for line in text.strip().split("\n")]
    if any(line.startswith(("[1]", "[c1]", "Next:")) for line in lines):
        return True
    phrases = [phrase for field, phrase in profile.phrases(profile.nameless) if not field.startswith("asks") and "courtesies" not in field]
    # Whoever is greeted, a word more or less, and at either end: near a phrase is of it.
    said = [_NAME.sub(rf"\1 {profile.nameless}", part) for line in (lines[0], lines[-1]) for part in re.split(r"(?<=[.!?]) ", line)]
    return max((in_common(part, phrase) for part in said for phrase in phrases), default=0.0) >= CLOSE


def knowledge(voice: Any, base: Any, articles: Iterable[Article]) -> list[Probe]:
    """Live articles' questions put to both engines without evidence; stating a fact that stands in the article is a failure."""
    asked = [(article, question) for article in articles if (question := _question(article))]
    asked = random.Random(0).sample(asked, min(CLOSED_BOOK, len(asked)))
    prompts = [render(Brief(question)) for _, question in asked]
    probes = []
    replies = zip(asked, _say(voice, prompts, CLOSED_BOOK_TOKENS), _say(base, prompts, CLOSED_BOOK_TOKENS), strict=True)
    for (article, question), said, plain in replies:
        facts = _facts(" \n".join(passage.text for passage in article.passages)) - _facts(question)
        probes.append(Probe(question, said, plain, bool(facts & _facts(said)), bool(facts & _facts(plain))))
    return probes


def failures(probes: Sequence[Probe]) -> tuple[int, int]:
    """How many probes the voice failed, and how many the base model."""
    return sum(probe.voice_fails for probe in probes), sum(probe.base_fails for probe in probes)


def _question(article: Article) -> str:
    """A question that the article answers: the first that its writer names, else its title."""
    return next((text for passage in article.passages for text in passage.asked), article.title)


def _facts(text: str) -> set[str]:
    """Specific facts: figures with a unit or sign, menu paths and codes."""
    specific = {figure for figure in figures(text) if not figure.replace(".", "").replace(",", "").isdigit()}
    return specific | {path.lower() for path in paths(text)} | {code.lower() for code in codes(text)}


def _say(engine: Any, prompts: Sequence[Prompt], tokens: int) -> list[str]:
    return [str(reply.content).strip() for reply in engine.batch([messages(prompt) for prompt in prompts], max_tokens=tokens)]
