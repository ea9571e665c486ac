"""The voice that answers: a voice and its engine as one pair, changed under a running desk when another is promoted."""

import logging
import threading
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from assistant.claims import Vocabulary, vocabulary
from assistant.engines import Engine, load_engine
from assistant.errors import UserError
from assistant.settings import Settings
from assistant.voices import POINTER, Voice, active_voice, read_pointer


@dataclass(frozen=True)
class Speaker:
    """A voice and the engine that speaks in it; an answer holds one from its first word to its last."""

    voice: Voice | None
    engine: Engine

    @property
    def label(self) -> str:
        """Name and version of the voice, or ``none``."""
        return self.voice.label if self.voice else "none"

    @property
    def profile(self) -> dict[str, Any]:
        """The voice's profile; empty without a voice."""
        return self.voice.card.profile if self.voice else {}

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The voice's words, which grounding takes for the words that they stand for."""
        return vocabulary(self.profile.get("words", {}))


class Serving:
    """Holds the speaker of now, and loads the next one in the background while this one goes on answering.

    A speaker that is no longer held by an answer is freed with its engine.
    """

    def __init__(self, settings: Settings) -> None:
        """Load the voice of the settings.

        Where the active voice cannot be used, the former one takes its place, else the bare base model, and ``trouble``
        says so.

        Raises:
            UserError: the voice that the settings name outright, or the base model, cannot be used.
        """
        self.settings = settings
        self.trouble: str | None = None
        self._lock = threading.Lock()
        self._loading = False
        self._seen = self._stamp()
        self.now = self._first()

    def look(self) -> Speaker:
        """The speaker for an answer that begins now; where another voice was promoted, its loading begins."""
        if self.settings.voice == "active":
            with self._lock:
                due = not self._loading and self._stamp() != self._seen
                self._loading = self._loading or due
            if due:
                threading.Thread(target=self._follow, name="voice").start()
        return self.now

    def _follow(self) -> None:
        """Load what the pointer names until it names nothing new."""
        while True:
            with self._lock:
                stamp = self._stamp()
                if stamp == self._seen:
                    self._loading = False
                    return
                self._seen = stamp
            self._change()

    def _change(self) -> None:
        try:
            voice = active_voice(self.settings)
            if self.now.voice is None or voice is None or self.now.voice.card != voice.card:
                self.now = _speaker(self.settings, voice)
            self.trouble = None
        except UserError as error:
            self.trouble = f"{error} Until then {_named(self.now)} goes on answering."
        except Exception:
            logging.getLogger(__name__).exception("the promoted voice could not be loaded")
            self.trouble = f"The promoted voice could not be loaded (the server's log says why): {_named(self.now)} goes on answering."

    def _first(self) -> Speaker:
        try:
            return _speaker(self.settings, active_voice(self.settings))
        except UserError as error:
            if self.settings.voice != "active":
                raise
            speaker = self._former() or _speaker(self.settings, None)
            self.trouble = f"{error} Until then {_named(speaker)} answers."
            return speaker

    def _former(self) -> Speaker | None:
        try:
            former = read_pointer(self.settings).former
            if former is None:
                return None
            return _speaker(self.settings, active_voice(self.settings.model_copy(update={"voice": former})))
        except UserError:
            return None

    def _stamp(self) -> tuple[int, int] | None:
        """What changes whenever the pointer is written."""
        try:
            state = (self.settings.voices / POINTER).stat()
        except OSError:
            return None
        return state.st_ino, state.st_mtime_ns


def _speaker(settings: Settings, voice: Voice | None) -> Speaker:
    return Speaker(voice, load_engine(settings, voice))


def _named(speaker: Speaker) -> str:
    return f"the voice {speaker.label}" if speaker.voice else "the base model without a voice"
