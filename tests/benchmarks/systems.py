"""The systems that answers are compared with: the base model, a template filler, and the base prompted with examples."""

import random
from collections.abc import Iterator
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from assistant.grounding import quote
from assistant.prompt import render
from assistant.reply import Brief, Reply, to_text
from training.dataset import voiced
from training.lessons import Lesson, VoicedReply
from training.profile import VoiceProfile


class Ungrammatical:
    """An engine that is left to write without a grammar."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def stream(self, messages: list[BaseMessage], **options: Any) -> Iterator[Any]:
        options.pop("grammar", None)
        return self._engine.stream(messages, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


class FewShot:
    """An engine whose prompt describes the voice and shows example replies."""

    def __init__(self, engine: Any, profile: VoiceProfile, lessons: list[Lesson], replies: list[VoicedReply], shots: int = 3) -> None:
        self._engine = engine
        by_id = {lesson.id: lesson for lesson in lessons}
        rules = "; ".join(f"say '{new}' and not '{old}'" for old, new in list(profile.words.items())[:25])
        leads = " or ".join(f"'{lead}'" for lead in profile.lead_ins.facts[:4])
        self._system = (
            f"{profile.contractions.capitalize()} use contractions, say {profile.person.brand} and you. {profile.persona} Words: {rules}."
            + (f" Begin a sentence that needs no change with {leads}." if leads else "")
        )
        self._examples: list[BaseMessage] = []
        for reply in random.Random(1).sample([r for r in replies if r.answer], shots):
            brief, said = voiced(by_id[reply.lesson], profile, random.Random(0), reply)
            self._examples += [HumanMessage(render(brief).user), AIMessage(to_text(said))]

    def _longer(self, messages: list[BaseMessage]) -> list[BaseMessage]:
        return [SystemMessage(f"{messages[0].content} {self._system}"), *self._examples, messages[-1]]

    def prompt_text(self, messages: list[BaseMessage]) -> str:
        return str(self._engine.prompt_text(self._longer(messages)))

    def stream(self, messages: list[BaseMessage], **options: Any) -> Iterator[Any]:
        return self._engine.stream(self._longer(messages), **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


def template_reply(brief: Brief, profile: VoiceProfile, rng: random.Random) -> Reply:
    """The template filler: a greeting and a next step from the profile's lists around the evidence word for word."""
    name = brief.customer or "there"
    kind = {"ask": "ask_back", "hand_off": "unanswerable"}.get(brief.action)
    greeting = rng.choice(profile.greetings[kind] if kind else profile.greetings["how_to"])  # type: ignore[index]
    phrases = {"answer": profile.next_steps["how_to"], "ask": profile.asks, "hand_off": profile.hand_offs}[brief.action]
    return Reply(
        greeting=greeting.replace("{name}", name),
        answer=[quote(item) for item in brief.evidence],
        next_step=rng.choice(phrases).replace("{options}", " or ".join(brief.options)),
        action=brief.action,
    )
