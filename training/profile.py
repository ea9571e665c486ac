"""Voice profiles: how the brand speaks, every rule checkable by program."""

import re
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.errors import UserError

VOICES = Path(__file__).parent / "voices"
Situation = Literal["how_to", "billing", "fault", "cancellation", "complaint", "security", "unanswerable", "ask_back"]
SITUATIONS: tuple[Situation, ...] = get_args(Situation)

CONTRACTIONS = {
    "cannot": "can't", "can not": "can't", "do not": "don't", "does not": "doesn't", "did not": "didn't",
    "is not": "isn't", "are not": "aren't", "was not": "wasn't", "were not": "weren't", "will not": "won't",
    "would not": "wouldn't", "should not": "shouldn't", "could not": "couldn't", "has not": "hasn't",
    "have not": "haven't", "it is": "it's", "that is": "that's", "there is": "there's", "you are": "you're",
    "you will": "you'll", "we are": "we're", "we will": "we'll", "they are": "they're", "they will": "they'll",
}  # fmt: skip
_EMOJI = re.compile(r"[\u2600-\u27bf\U0001f300-\U0001faff]")


class Person(BaseModel):
    """Who speaks to whom."""

    model_config = ConfigDict(extra="forbid")
    brand: Literal["we", "I"] = "we"
    customer: Literal["you"] = "you"


class VoiceProfile(BaseModel):
    """A voice; the fields are explained in ``training/voices/warm.yaml``."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    title: str
    language: str = "en"
    persona: str
    person: Person = Person()
    contractions: Literal["always", "never"] = "always"
    max_sentence_words: int = Field(32, ge=8)
    emoji: Literal["never", "allowed"] = "never"
    exclamations: int = Field(0, ge=0)
    sign_off: str | None = None
    words: dict[str, str] = {}
    never: list[str] = []
    greetings: dict[Situation, list[str]]
    next_steps: dict[Situation, list[str]]
    hand_offs: list[str] = Field(min_length=1)
    asks: list[str] = Field(min_length=1)

    @cached_property
    def _replacements(self) -> tuple[re.Pattern[str], dict[str, str]]:
        table = dict(self.words)
        if self.contractions == "always":
            table |= CONTRACTIONS
        else:
            table |= {short: long for long, short in CONTRACTIONS.items() if long != "can not"}
        longest_first = sorted(table, key=len, reverse=True)
        starts = "|".join(re.escape(word) for word in longest_first)
        return re.compile(rf"(?<![\w'>./@-])(?P<word>{starts})(?![\w'/@-]|\.\w)", re.IGNORECASE), table

    def voice(self, text: str) -> str:
        """The text with every word rule applied; quoted labels, code and menu paths are left as they are."""
        pattern, table = self._replacements
        keep = [match.span() for match in _LABELS.finditer(text)]

        def replace(match: re.Match[str]) -> str:
            word = match["word"]
            if any(start <= match.start() < end for start, end in keep) or not self._applies(match, text):
                return word
            new = table[word.lower()]
            return new[0].upper() + new[1:] if word[0].isupper() else new

        return pattern.sub(replace, text)

    @staticmethod
    def _applies(match: re.Match[str], text: str) -> bool:
        """A capital inside a sentence marks a label, and "it is." at a clause's end cannot be shortened."""
        word, before, after = match["word"], text[: match.start()].rstrip(), text[match.end() :]
        if word.lower() in CONTRACTIONS and "not" not in word.lower() and not re.match(r"\s+[\w\"]", after):
            return False
        return not word[0].isupper() or not before or before[-1] in ".!?:;\"'"

    def broken_rules(self, text: str) -> list[str]:
        """The rules that a piece of a reply breaks, each as "rule: what stands there"."""
        broken = []
        voiced = self.voice(text)
        if voiced != text:
            olds = [a for a, b in zip(text.split(), voiced.split(), strict=False) if a != b]
            broken.append(f"words: {' '.join(olds[:3])}")
        lowered = text.lower()
        broken += [f"never: {word}" for word in self.never if re.search(rf"\b{re.escape(word)}\b", lowered)]
        if self.emoji == "never" and _EMOJI.search(text):
            broken.append("emoji")
        longest = max((len(sentence.split()) for sentence in re.split(r"(?<=[.!?])\s", text)), default=0)
        if longest > self.max_sentence_words:
            broken.append(f"sentence: {longest} words")
        if self.person.brand == "we" and re.search(r"\bI(?:'m|'ll|'ve|'d)?\b", _LABELS.sub("", text)):
            broken.append("person: I")
        return broken


_LABELS = re.compile(r"\"[^\"]*\"|“[^”]*”|`[^`]*`|(?:[A-Z][\w&'-]*(?: [\w&'-]+){0,3} > )+[A-Z][\w&'-]*(?: [A-Z&][\w'-]*){0,3}")


def load_profile(path: str | Path) -> VoiceProfile:
    """Read a profile by file, or by name from ``training/voices``.

    Raises:
        UserError: the file is missing, no YAML, or a field is wrong; names the field.
    """
    file = Path(path)
    if not file.suffix:
        file = VOICES / f"{path}.yaml"
    if not file.is_file():
        known = ", ".join(sorted(item.stem for item in VOICES.glob("*.yaml")))
        raise UserError(f"There is no voice profile {path}: name a file, or one of {known}.")
    try:
        profile = VoiceProfile.model_validate(yaml.safe_load(file.read_text("utf-8")))
    except yaml.YAMLError as error:
        raise UserError(f"{file} is not valid YAML: {str(error).splitlines()[0]}; mend it and try again.") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{file}: the field {field!r} is wrong ({first['msg'].lower()}); mend it and try again.") from error
    needed = [situation for situation in SITUATIONS if not profile.greetings.get(situation)]
    if needed:
        raise UserError(f"{file} has no greetings for {', '.join(needed)}; write at least one for each.")
    return profile
