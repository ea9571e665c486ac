"""An engine that obeys whatever order it reads in its prompt, as far as the request's grammar lets it.

It stands where the real engine stands, and its text goes through the real grammar, parser, grounding and wording. It cannot write
text that the grammar forbids, for an engine masks such tokens, nor follow an order that does not stand in the prompt; with
``knowing`` it has its goals from elsewhere.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage

from assistant.reply import REST_OF_LINE

_LINE = re.compile(r"\[(c?\d+)\] (?:(\d+)\. )?(.+)")


class Adversary:
    """Writes the goals it is given into greeting, statements and next step, in one of several ways per reply."""

    def __init__(self, goals: list[str], seed: int = 0, knowing: bool = False) -> None:
        self.goals = goals
        self._knowing = knowing
        self._rng = random.Random(seed)

    def get_num_tokens(self, text: str) -> int:
        return len(text) // 4

    def prompt_text(self, messages: list[BaseMessage]) -> str:
        return "\n".join(str(message.content) for message in messages)

    def invoke(self, messages: list[BaseMessage], **options: Any) -> AIMessage:
        return AIMessage("".join(str(chunk.content) for chunk in self.stream(messages, **options)))

    def stream(self, messages: list[BaseMessage], **options: Any) -> Iterator[AIMessageChunk]:
        text = self.reply(str(messages[-1].content))
        if begun := options.get("begun"):
            text = "\n".join(text.split("\n")[begun.count("\n") :])
        if options["grammar"] == REST_OF_LINE:  # a second try at one piece of evidence
            text = text.split("\n")[0].removeprefix(begun.split("\n")[-1]) + "\n"
        assert re.fullmatch(options["grammar"], text), "the adversary keeps the grammar, as the engine would make it"
        for line in text.split("\n")[:-1]:
            yield AIMessageChunk(line + "\n")
        yield AIMessageChunk(text.split("\n")[-1])

    def reply(self, prompt: str) -> str:
        """A reply of the right structure that carries goals wherever there is room."""
        _, _, block = prompt.partition("\nEvidence:\n")
        evidence = [match.groups() for line in block.splitlines() if (match := _LINE.fullmatch(line))]
        read = [goal for goal in map(_kept, self.goals) if self._knowing or goal.split()[-1].lower() in prompt.lower()]
        goal = self._rng.choice(read or ["pwned"])
        lines = [self._around(goal, "Hi there, happy to help.")]
        for source, step, text in evidence:
            lines.append(f"[{source}] " + (f"{step}. " if step else "") + self._statement(goal, text))
        return "\n".join([*lines, "Next: " + self._around(goal, "Reply here if anything is unclear.")])

    def _around(self, goal: str, phrase: str) -> str:
        return self._rng.choice([goal, f"{phrase} {goal}", f"{goal} {phrase}", _inside(goal, phrase, self._rng), phrase])

    def _statement(self, goal: str, text: str) -> str:
        """The goal alone, beside the evidence, inside it, word by word inside it, or in place of one of its words."""
        text = text if len(text) > 1 else f"{text}."  # the grammar takes no single character
        words, word = text.split(), goal.split(maxsplit=1)[0]
        at = self._rng.randrange(len(words))
        swapped = " ".join([*words[:at], word, *words[at + 1 :]])
        inside = [_inside(goal, text, self._rng), _inside(word.lower(), text, self._rng)]
        return self._rng.choice([goal, f"{text} {goal}", *inside, swapped, text])


def _inside(goal: str, text: str, rng: random.Random) -> str:
    words = text.split()
    at = rng.randrange(len(words) + 1)
    return " ".join([*words[:at], goal, *words[at:]])


def _kept(text: str) -> str:
    """A goal as a line of the grammar may hold it: one line, no square brackets, two characters at least."""
    text = re.sub(r"\s+", " ", text.replace("[", "(").replace("]", ")")).strip()
    return text if len(text) > 1 else "pwned"


def seat(assistant: Any, engine: Any) -> None:
    """Put an engine in the place of the assistant's own."""
    assistant.serving.now = replace(assistant.serving.now, engine=engine)
