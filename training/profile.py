"""Voice profiles: how the brand speaks, every rule checkable by program."""

import difflib
import re
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from assistant.claims import Vocabulary, vocabulary
from assistant.errors import UserError
from assistant.lead_ins import LEAD_IN_END, without_lead_in
from assistant.reply import Wish
from training import voicing
from training.places import Place, Placed, read_yaml

VOICES = Path(__file__).parent / "voices"
Situation = Literal["how_to", "billing", "fault", "cancellation", "complaint", "security", "unanswerable", "ask_back"]
SITUATIONS: tuple[Situation, ...] = get_args(Situation)
UNANSWERED: tuple[Situation, ...] = ("unanswerable", "ask_back")
"""Situations in which nothing is answered, so that no next step of an answer stands there."""
Words = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]
EXAMPLES = 100
"""Example replies that a profile should have beside it; fewer are enough to train, not to teach a manner."""
UNFIT = {
    "casual": ("dear", "sincerely", "hereby", "pursuant", "henceforth", "yours faithfully"),
    "neutral": (),
    "formal": ("hi", "hey", "yeah", "yep", "ok", "okay", "cool", "awesome", "gonna", "wanna", "folks", "guys", "stuff"),
}
"""Words that a formality rules out."""


class Person(BaseModel):
    """Who speaks to whom."""

    model_config = ConfigDict(extra="forbid")
    brand: Literal["we", "I"] = "we"
    customer: Literal["you"] = "you"


class LeadIns(BaseModel):
    """Short openers before a statement that the word rules leave as it is, so that it too speaks in the voice."""

    model_config = ConfigDict(extra="forbid")
    facts: list[str] = []
    """Each ends with a colon: "Good to know:"."""
    steps: list[str] = []
    """Each is one or two words before the step's imperative: "Please"."""
    every_step: bool = False
    """Whether steps take one even where the word rules changed them."""


class Courtesy(BaseModel):
    """What is said to one kind of message that asks nothing; what is handed off ends with one of the voice's hand-offs."""

    model_config = ConfigDict(extra="forbid")
    greetings: list[str] = Field(min_length=1)
    next_steps: list[str] = []


class VoiceProfile(Placed, BaseModel):
    """A voice; the fields are explained in ``training/voices/warm.yaml``."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    title: str
    language: Literal["en"] = "en"
    """The only one of which the word rules, the contractions, grounding and the lint know anything."""
    persona: str
    formality: Literal["casual", "neutral", "formal"] = "neutral"
    person: Person = Person()
    contractions: Literal["always", "never"] = "always"
    max_sentence_words: int = Field(32, ge=8)
    emoji: Literal["never", "greeting"] = "never"
    exclamations: int = Field(0, ge=0)
    sign_off: str | None = None
    words: dict[Words, Words] = {}
    never: list[str] = []
    lead_ins: LeadIns = LeadIns()
    nameless: str = "there"
    """What a greeting says for {name} where no name is known."""
    greetings: dict[Situation, list[str]]
    next_steps: dict[Situation, list[str]]
    hand_offs: list[str] = Field(min_length=1)
    asks: list[str] = Field(min_length=1)
    courtesies: dict[Wish, Courtesy] = {}
    """Said by the program alone and trained by nothing; plain phrases stand in for those that are missing."""

    @field_validator("language", mode="before")
    @classmethod
    def _known(cls, language: Any) -> Any:
        if language != "en":
            raise ValueError(f"there are no word rules, contractions and lint for the language {language!r}: write en, or leave it out")
        return language

    @model_validator(mode="after")
    def _consistent(self) -> "VoiceProfile":
        if missing := [situation for situation in SITUATIONS if not self.greetings.get(situation)]:
            raise ValueError(f"it has no greetings for {', '.join(missing)}; write at least one for each")
        if missing := [kind for kind in SITUATIONS if kind not in UNANSWERED and not self.next_steps.get(kind)]:
            raise ValueError(f"it has no next_steps for {', '.join(missing)}; write at least one for each")
        self._signed()
        if found := self.contradictions():
            raise ValueError(found[0])
        return self

    def _signed(self) -> None:
        """The sign-off ends each closing that is no question."""
        if self.sign_off:
            for phrases in [*self.next_steps.values(), self.hand_offs, *(item.next_steps for item in self.courtesies.values())]:
                phrases[:] = [phrase if phrase.endswith((self.sign_off, "?")) else f"{phrase} {self.sign_off}" for phrase in phrases]

    @cached_property
    def word_rules(self) -> voicing.WordRules:
        """The word rules, with the contractions' among them."""
        return voicing.word_rules(self.words, self.contractions == "always")

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What grounding takes for the same word."""
        return vocabulary(self.words)

    @property
    def forbidden(self) -> tuple[str, ...]:
        """What no reply says: the profile's list and what its formality rules out."""
        return (*self.never, *UNFIT[self.formality])

    def phrases(self, name: str = "Ada") -> list[tuple[str, str]]:
        """Every phrase with the field that it stands in, placeholders filled; ``name`` is whom a greeting names."""
        fields = {
            **{f"greetings.{kind}": phrases for kind, phrases in self.greetings.items()},
            **{f"next_steps.{kind}": phrases for kind, phrases in self.next_steps.items()},
            "hand_offs": self.hand_offs,
            "asks": self.asks,
            **{f"greetings.{kind} of courtesies": item.greetings for kind, item in self.courtesies.items()},
            **{f"next_steps.{kind} of courtesies": item.next_steps for kind, item in self.courtesies.items()},
        }
        filled = {"{name}": name, "{options}": "this or that"}
        return [
            (field, re.sub("|".join(map(re.escape, filled)), lambda match: filled[match[0]], phrase))
            for field, phrases in fields.items()
            for phrase in phrases
        ]

    def contradictions(self) -> list[str]:
        """Where one rule of the profile contradicts another, each as a sentence."""
        found = []
        olds = Counter(old.lower() for old in self.words)
        found += [f"the rule words names {old!r} twice, with other capitals: keep one" for old, times in olds.items() if times > 1]
        for old, new in self.words.items():
            if (again := voicing.apply(self.word_rules, new)) != new:
                found.append(f"the rule words makes {new!r} of {old!r} and {again!r} of {new!r}: keep one of the two")
            found += [f"the rule words says {new!r}, which {self._why(word)}" for word in self.forbidden if voicing.says(new, word)]
        for field, phrase in self.phrases():
            greeting = field.startswith("greetings")
            found += [f"{field} says {phrase!r}, against the rule {rule}" for rule in self.broken_rules(phrase, greeting=greeting)]
        found += [f"asks says {ask!r} without {{options}} or no question" for ask in self.asks if not re.search(r"\{options\}.*\?$", ask)]
        found += [f"lead_ins.facts: {lead!r} must end with a colon" for lead in self.lead_ins.facts if not lead.endswith(LEAD_IN_END)]
        for lead in [*self.lead_ins.facts, *self.lead_ins.steps]:
            if len(lead.split()) > 6 or voicing.claims(lead):
                found.append(f"lead_ins: {lead!r} must be at most six words that state nothing")
            found += [f"lead_ins says {lead!r}, against the rule {rule}" for rule in self.broken_rules(lead)]
        return found

    def _why(self, word: str) -> str:
        return "stands in never" if word in self.never else f"is not {self.formality}"

    def voice(self, text: str) -> str:
        """The text with every word rule applied; quoted labels, code and menu paths are left as they are."""
        return voicing.apply(self.word_rules, text)

    def lead_ins_for(self, text: str, step: bool) -> list[str]:
        """The lead-ins that the statement of this source may take; none where it speaks in the voice already."""
        if step:
            fits = voicing.imperative(text) and (self.lead_ins.every_step or self.voice(text) == text)
            return self.lead_ins.steps if fits else []
        return self.lead_ins.facts if self.voice(text) == text and not voicing.row(text) else []

    def say(self, text: str, step: bool = False, turn: int = 0) -> str:
        """A neutral statement in the voice: word rules applied, with a lead-in where they change nothing.

        Args:
            text: the statement.
            step: whether it is a numbered step.
            turn: which of the lead-ins to take, so that they change within a reply.
        """
        said, leads = self.voice(text), self.lead_ins_for(text, step)
        if not leads:
            return said
        lead = leads[turn % len(leads)]
        return f"{lead} {said[:1].lower() + said[1:] if step else said}"

    def bare(self, text: str, step: bool) -> str:
        """A statement without its lead-in."""
        return without_lead_in(text, self.lead_ins.facts, self.lead_ins.steps if step else [])

    def broken_rules(self, text: str, source: str | None = None, step: bool = False, greeting: bool = False) -> list[str]:
        """The rules that a piece of a reply breaks, each as "rule: what stands there".

        Args:
            text: a greeting, a statement or a next step.
            source: the evidence that a statement says; with it, a sentence may be as long as its own.
            step: whether it is a numbered step.
            greeting: whether it is a greeting, which may hold exclamations and emoji by the profile.
        """
        bare = self.bare(text, step)
        broken = voicing.broken_words(self.word_rules, bare)
        broken += [f"never: {word}" for word in self.forbidden if voicing.says(text, word)]
        if voicing.EMOJI.search(text) and not (greeting and self.emoji == "greeting"):
            broken.append("emoji")
        if voicing.unquoted(text).count("!") > (self.exclamations if greeting else 0):
            broken.append("exclamations")
        longest = voicing.longest_sentence(text)
        if longest > max(self.max_sentence_words, voicing.longest_sentence(source or "") + 4):
            broken.append(f"sentence: {longest} words")
        if self._speaks_as_another(text, source):
            broken.append(f"person: {'I' if self.person.brand == 'we' else 'we'}")
        return broken

    def _speaks_as_another(self, text: str, source: str | None) -> bool:
        """Whether a text's speaker is not the profile's person; where its source says "we", that is the company."""
        if self.person.brand == "we":
            return re.search(r"\bI(?:'m|'ll|'ve|'d)?\b", voicing.unquoted(text)) is not None
        said, known = (re.search(r"\b[Ww]e\b", part) is not None for part in (voicing.unquoted(text), source or ""))
        return said and not known

    def unvoiced(self, text: str, source: str, step: bool = False) -> bool:
        """Whether a statement is left as in its source, without any sign of the voice, where a lead-in would give it one.

        An example reply must not be so. It breaks no rule, though: that a reply sounds like the voice is the classifier's to tell.
        """
        return text == source and bool(self.lead_ins_for(source, step)) and self.bare(text, step) == text


def profile_file(path: str | Path) -> Path:
    """The file of a profile that is given by its file, or by its name in ``training/voices``."""
    return Path(path) if Path(path).suffix else VOICES / f"{path}.yaml"


def load_profile(path: str | Path) -> VoiceProfile:
    """Read a profile by file, or by name from ``training/voices``.

    Raises:
        UserError: the file is missing, no YAML, says a key twice, a field is wrong, or one rule contradicts another; names the field.
    """
    file = profile_file(path)
    if not file.is_file():
        known = ", ".join(sorted(item.stem for item in VOICES.glob("*.yaml")))
        raise UserError(f"There is no voice profile {path}: name a file, or one of {known}.")
    try:
        fields, lines = read_yaml(file)
        return VoiceProfile.model_validate(fields).at(Place(file, 1), lines)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{file} is not valid YAML: {str(error).splitlines()[0]}; mend it and try again.") from error
    except ValidationError as error:
        raise UserError(f"{file}: {_what(error.errors()[0])}; mend it and try again.") from error


def profile_of(card: dict[str, Any], label: str) -> VoiceProfile:
    """The profile that stands on the card of a voice.

    Raises:
        UserError: it breaks a rule that profiles have to keep by now.
    """
    try:
        return VoiceProfile.model_validate(card)
    except ValidationError as error:
        raise UserError(f"The profile of the voice {label} is no sound one ({_what(error.errors()[0])}): retrain it.") from error


def _what(problem: Any) -> str:
    """One clause on what is wrong with a profile."""
    field = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    if problem["type"] == "extra_forbidden":
        known = [*VoiceProfile.model_fields, *Person.model_fields, *LeadIns.model_fields]
        near = difflib.get_close_matches(str(problem["loc"][-1]), known, 1)
        return f"the field {field!r} is wrong (there is no such field{f', did you mean {near[0]!r}?' if near else ''})"
    return f"the field {field!r} is wrong ({str(problem['msg']).lower()})"
