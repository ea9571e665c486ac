"""A teacher: a larger model behind an OpenAI-compatible server that drafts what people then read."""

import json
import os
import re
import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from assistant.errors import UserError
from assistant.settings import Settings

PATH = "/chat/completions"
ATTEMPTS = 4
LONGEST_WAIT = 60.0
"""Seconds; a server that wants more patience than this is left alone."""
TIMEOUT = httpx.Timeout(120.0, connect=10.0)
_KEPT = "the drafts so far are kept"
_BACKOFF = wait_exponential_jitter(initial=0.5, max=10.0)


class NoDraftError(ValueError):
    """The teacher answered, but not with what it was asked for."""


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
            url = httpx.URL(settings.teacher_url.strip().rstrip("/").removesuffix(PATH) + PATH)
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
        self._structured = True
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._retrying = Retrying(
            retry=retry_if_exception_type(_Passing), stop=stop_after_attempt(ATTEMPTS), wait=_pause, sleep=sleep, reraise=True
        )

    def ask(self, messages: Sequence[dict[str, str]]) -> dict[str, Any]:
        """The JSON object that the teacher answers with; the messages are to ask for one.

        Raises:
            NoDraftError: the answer holds none.
            UserError: the server refuses, or cannot be reached for longer than is worth waiting.
        """
        content = re.sub(r"(?s)^.*</think>", "", self._complete(messages))  # what some models think aloud
        found = re.search(r"\{.*\}", content, re.DOTALL)
        try:
            fields = json.loads(found[0] if found else content)
        except (ValueError, RecursionError):
            fields = None
        if not isinstance(fields, dict):
            raise NoDraftError(f"the answer is no JSON object: {content[:60]!r}")
        return fields

    def _complete(self, messages: Sequence[dict[str, str]]) -> str:
        body = {"model": self._model, "messages": list(messages)}
        answer: Any = self._tried({**body, "response_format": {"type": "json_object"}} if self._structured else body)
        if answer is None:
            self._structured = False
            answer = self._tried(body)
        try:
            message = answer["choices"][0]["message"]
            content, refusal = message["content"], message.get("refusal")
        except (TypeError, KeyError, IndexError, AttributeError):
            content, refusal = None, None
        if isinstance(refusal, str) and refusal:
            raise NoDraftError(f"the teacher refuses: {refusal[:60]!r}")
        if not isinstance(content, str):
            raise UserError(f"{self._url.host} answered without choices[0].message.content: check teacher_url; {_KEPT}.")
        return content

    def _tried(self, body: dict[str, Any]) -> object:
        try:
            return self._retrying(self._once, body)
        except _Passing as error:
            check = "check teacher_url, or " if isinstance(error.__cause__, httpx.ConnectError) else ""
            raise UserError(f"{self._url.host} {error} ({ATTEMPTS} tries): {check}try again later; {_KEPT}.") from error

    def _once(self, body: dict[str, Any]) -> object:
        """The server's answer, or None where it does not know ``response_format``."""
        try:
            answer = httpx.post(self._url, json=body, headers=self._headers, timeout=self._timeout)
        except httpx.TimeoutException as error:
            raise _Passing(f"does not answer within {self._timeout.read:g} seconds") from error
        except httpx.TransportError as error:
            raise _Passing(f"cannot be reached ({type(error).__name__})") from error
        if answer.status_code == 429 or answer.status_code >= 500:
            raise _Passing(*self._patience(answer))
        if answer.status_code in (400, 422) and "response_format" in body:
            return None
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
            wants = "does not accept the key: check" if self._headers else "asks for a key: set"
            return f"{host} {wants} the environment variable {self._key_env}; {_KEPT}."
        if status == 404:
            return f"{host} knows no such address or model: check teacher_url and teacher_model ({self._model}); {_KEPT}."
        return f"{host} refuses the request with status {status}: check teacher_url and teacher_model; {_KEPT}."


def _pause(state: RetryCallState) -> float:
    """Seconds until the next try: what the server asks for, else longer each time."""
    error = state.outcome.exception() if state.outcome else None
    wait = error.wait if isinstance(error, _Passing) else None
    return _BACKOFF(state) if wait is None else wait
