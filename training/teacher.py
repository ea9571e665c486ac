"""A teacher: a larger model behind an OpenAI-compatible server that drafts example replies in a voice."""

import json
import os
import re
import time
from collections.abc import Callable
from typing import Any

import httpx
from pydantic import ValidationError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from assistant.errors import UserError
from assistant.settings import Settings
from training.lessons import Lesson, VoicedReply
from training.profile import VoiceProfile

ATTEMPTS = 4
LONGEST_WAIT = 60.0
"""Seconds; a server that wants more patience than this is left alone."""
TIMEOUT = httpx.Timeout(120.0, connect=10.0)
SHOWN = 4
"""Example replies that the teacher is shown."""
SHOWN_WORDS = 60
"""Word rules that the teacher is told."""
_KEPT = "the drafts so far are kept"
_BACKOFF = wait_exponential_jitter(initial=0.5, max=10.0)


class NoDraftError(ValueError):
    """The teacher answered, but with no reply to the lesson."""


class _Passing(Exception):  # noqa: N818  # a passing fault, not an error until it stays
    """A fault that may be gone at the next try; ``wait`` is how long the server asks to leave it alone, in seconds."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Teacher:
    """The server that the settings name; one POST per draft, to ``/chat/completions``.

    Args:
        settings: name the server, the model and the variable that holds the key.
        timeout: how long an answer may take.
        sleep: waits the given seconds.

    Raises:
        UserError: no server is named, the address is none, or the key would go unencrypted over the network.
    """

    def __init__(self, settings: Settings, timeout: httpx.Timeout = TIMEOUT, sleep: Callable[[float], None] = time.sleep) -> None:
        if not settings.teacher_url or not settings.teacher_model:
            raise UserError("There is no teacher: set teacher_url and teacher_model to an OpenAI-compatible server and its model.")
        try:
            url = httpx.URL(settings.teacher_url.strip().rstrip("/") + "/chat/completions")
        except httpx.InvalidURL:
            url = httpx.URL("")
        if url.scheme not in ("http", "https") or not url.host:
            raise UserError(f"The setting teacher_url is {settings.teacher_url!r}: set it to an address like https://host/v1.")
        self._key_env = settings.teacher_key_env
        key = os.environ.get(self._key_env, "").strip()
        if key and url.scheme == "http" and url.host not in ("localhost", "127.0.0.1", "::1"):
            raise UserError(f"The teacher's key would go unencrypted to {url.host}: begin teacher_url with https://.")
        if not re.fullmatch(r"[\x21-\x7e]*", key):
            raise UserError(f"The environment variable {self._key_env} holds no key: it has spaces or letters that a key cannot have.")
        self._url, self._model, self._timeout = url, settings.teacher_model, timeout
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._retrying = Retrying(
            retry=retry_if_exception_type(_Passing), stop=stop_after_attempt(ATTEMPTS), wait=_pause, sleep=sleep, reraise=True
        )

    def draft(self, profile: VoiceProfile, examples: list[tuple[Lesson, VoicedReply]], lesson: Lesson) -> VoicedReply:
        """A reply to a lesson, drafted in the voice.

        Args:
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
        content = self._complete([*said, {"role": "user", "content": task(lesson)}])
        found = re.search(r"\{.*\}", content, re.DOTALL)
        try:
            fields = json.loads(found[0] if found else content)
            return VoicedReply.model_validate({**fields, "lesson": lesson.id})
        except (ValueError, TypeError, RecursionError) as error:
            what = error.errors()[0]["msg"] if isinstance(error, ValidationError) else "it is no JSON object"
            raise NoDraftError(f"the answer is no reply ({what}): {content[:60]!r}") from error

    def _complete(self, messages: list[dict[str, str]]) -> str:
        try:
            answer: Any = self._retrying(self._once, {"model": self._model, "messages": messages})
        except _Passing as error:
            raise UserError(f"{self._url.host} {error} ({ATTEMPTS} tries): try again later; {_KEPT}.") from error
        try:
            content = answer["choices"][0]["message"]["content"]
        except (TypeError, KeyError, IndexError):
            content = None
        if not isinstance(content, str):
            raise UserError(f"{self._url.host} answered without choices[0].message.content: check teacher_url; {_KEPT}.")
        return content

    def _once(self, body: dict[str, Any]) -> object:
        try:
            answer = httpx.post(self._url, json=body, headers=self._headers, timeout=self._timeout)
        except httpx.TimeoutException as error:
            raise _Passing(f"does not answer within {self._timeout.read:g} seconds") from error
        except httpx.TransportError as error:
            raise _Passing(f"cannot be reached ({type(error).__name__})") from error
        if answer.status_code == 429 or answer.status_code >= 500:
            raise _Passing(*self._patience(answer))
        if answer.status_code != 200:
            raise UserError(self._refusal(answer))
        try:
            return answer.json()
        except (ValueError, RecursionError) as error:
            raise UserError(f"{self._url.host} answered with something else than JSON: check teacher_url; {_KEPT}.") from error

    def _patience(self, answer: httpx.Response) -> tuple[str, float | None]:
        asked = answer.headers.get("retry-after", "")
        wait = float(asked) if re.fullmatch(r"\d{1,6}(?:\.\d+)?", asked) else None
        if wait is not None and wait > LONGEST_WAIT:
            raise UserError(f"{self._url.host} wants to be left alone for {wait:.0f} seconds: try again then; {_KEPT}.")
        return ("limits the rate of requests" if answer.status_code == 429 else f"answers with status {answer.status_code}"), wait

    def _refusal(self, answer: httpx.Response) -> str:
        host, status = self._url.host, answer.status_code
        if status in (401, 403):
            return f"{host} does not accept the key: check the environment variable {self._key_env}; {_KEPT}."
        if status == 404:
            return f"{host} knows no such address or model: check teacher_url and teacher_model ({self._model}); {_KEPT}."
        return f"{host} refuses the request with status {status}: check teacher_url and teacher_model; {_KEPT}."


def _pause(state: RetryCallState) -> float:
    """Seconds until the next try: what the server asks for, else longer each time."""
    error = state.outcome.exception() if state.outcome else None
    wait = error.wait if isinstance(error, _Passing) else None
    return _BACKOFF(state) if wait is None else wait


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
