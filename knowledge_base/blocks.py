"""Blocks: an article's parts in reading order, whatever kind of file they come from, and how they become units of text."""

import re
import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Literal, NamedTuple

from sentencex import segment

LINE = "\x1f"
"""Stands in a block's text where a reader sees a new line; two in a row are a new paragraph."""
UNIT_WORDS = 120
_UNIT_CHARACTERS = 2000
_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufffc]")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_BULLET = re.compile(r"^(?:[-*•‣▪●○–·]|\uf0b7)\s+(?=\S)")
_NUMBER = re.compile(r"(?i)^(?:step\s+(\d{1,3})\s*[:.)\u2013\u2014-]|(\d{1,3})[.)](?!\d))\s*(?=\S)")
_NUMBER_ALONE = re.compile(r"^\(?(?:\d{1,3}|[A-Za-z])[.)]\s*$")
_NOTE = re.compile(r"(?i)^(note|tip|hint|important|warning|caution|info|example|danger)\b")
_MAY = r"(?:can|could|will|would|must|may|might|should|do|does|did|is|are|was|were|has|have|need)(?:n['’]t| ?not)?|can['’]t|won['’]t"
_SURELY = "never|always|not (?:yet|at all|really)|absolutely|of course|certainly|sorry|unfortunately"
_TELLS = rf"{_SURELY}|(?:you|we|it|they|this|that|there) (?:{_MAY})"
_BARE = re.compile(
    rf"(?i)(?:(?:yes|yep|yeah|no|nope|ja|nein|oui|non|sí)(?:,? (?:{_TELLS}))*|{_TELLS})[.!]+(?:\s+(?!\d)|$)"
)  # "No. 5" is none
_WORD = re.compile(r"\w")
_LINE_ENDS = re.compile(r"(?<![\\`^])\n")
_FULL_STOPS = "。！？｡؟।"
_PLACES = tuple(map(re.compile, (r"(?<=;\s)|(?<=；)", r"(?<=[:,]\s)|(?<=[、，：])", r"(?<=\s)")))


class Block(NamedTuple):
    """A part of an article; ``step`` is the number that a reader sees before it.

    A "text" is a paragraph, a "sentence" what becomes of it; "item" is a bullet or a callout until its list is read.
    """

    kind: Literal["heading", "text", "item", "sentence", "step", "row", "code"]
    text: str
    step: int | None = None


def clean(text: str) -> str:
    """The text on one line, single-spaced, without characters that nobody sees."""
    return " ".join(_UNSEEN.sub("", text).split())


def lines_of_code(text: str) -> str:
    """Code as it can be copied: its lines with their indentation, without what nobody sees and what all lines are set in by."""
    lines = [line.rstrip() for line in _UNSEEN.sub("", text.replace("\xa0", " ")).splitlines()]
    return textwrap.dedent("\n".join(lines)).strip("\n")


def words(text: str) -> int:
    """How many words the text has; two characters of a script without spaces count as one."""
    return len(text.split()) + len(_CJK.findall(text)) // 2


def joined(lines: Iterable[str], mark: str = ".") -> str:
    """Lines as one text; where a line ends like a sentence without its full stop and a new one begins, ``mark`` stands between."""
    text = ""
    for line in filter(None, map(clean, lines)):
        unfinished = text and (text[-1].isalnum() or text[-1] in ")]\"'”’»") and (line[0].isupper() or line[0].isdigit())
        text = f"{text}{mark if unfinished else ''} {line}" if text else line
    return text


def bare_answer(text: str) -> tuple[str, str]:
    """The sentence such as "Yes." or "No, never." that a text begins with, which says nothing without its question, and the rest."""
    match = _BARE.match(text)
    return (match[0].strip(), text[match.end() :]) if match else ("", text)


def finished(blocks: Iterable[Block], language: str) -> list[Block]:
    """Paragraphs cut into sentences, typed numbers made steps, steps counted on, and nothing longer than about 120 words.

    Args:
        blocks: as a reader of files found them.
        language: a code such as "de" or "pt-BR", whose abbreviations end no sentence; English where it is not known.
    """
    done: list[Block] = []
    for block in _numbered(list(_counted_on(_paragraphs(blocks)))):
        if block.kind == "heading":
            done.append(block)
        elif block.kind == "code":
            parts = enumerate(_cut_code(lines_of_code(block.text)))
            done += (Block("code", part, None if at else block.step) for at, part in parts)
        elif block.kind in {"step", "row"}:
            first, *rest = cut(block.text, language)
            done.append(block._replace(text=first))
            done += (Block("sentence" if block.step else "row", piece) for piece in rest)
        else:
            pieces = (piece for sentence in _sentences(block.text, language) for piece in cut(sentence, language))
            done += (Block("sentence", piece) for piece in pieces if _WORD.search(piece))
    return list(_with_bare_answers(done))


def _with_bare_answers(blocks: Iterable[Block]) -> Iterator[Block]:
    """A bare answer and the sentence after it as one."""
    bare: Block | None = None
    for block in blocks:
        if bare is not None and (block.kind != "sentence" or not _fits(f"{bare.text} {block.text}")):
            yield bare
            bare = None
        whole = block if bare is None else block._replace(text=f"{bare.text} {block.text}")
        bare = whole if whole.kind == "sentence" and bare_answer(block.text) == (block.text, "") else None
        if bare is None:
            yield whole
    if bare is not None:
        yield bare


def _paragraphs(blocks: Iterable[Block]) -> Iterator[Block]:
    """Each paragraph, typed bullet and typed number as a text of its own; other kinds cleaned, empty ones left out."""
    for block in blocks:
        if block.kind == "code":
            yield block
        elif block.kind not in {"text", "item"}:
            if text := clean(block.text):
                yield block._replace(text=text)
        else:
            for lines in groupby(map(clean, block.text.split(LINE)), key=bool):
                if lines[0]:
                    yield from (Block("text", text) for text in _merged(lines[1]))


def _merged(lines: Iterable[str]) -> Iterator[str]:
    """Visible lines, each of its own but where the next one goes on in small letters."""
    text = ""
    for line in lines:
        if text and line[0].islower():
            text = f"{text} {line}"
            continue
        if text:
            yield text
        text = _BULLET.sub("", line)
    yield text


def _numbered(blocks: list[Block]) -> list[Block]:
    """Turn paragraphs that begin with 1., 2., 3. or Step 1:, Step 2: under one heading into steps."""
    chain: list[int] = []
    steps: dict[int, int] = {}
    for at, block in enumerate([*blocks, Block("heading", "")]):
        match = _NUMBER.match(block.text) if block.kind == "text" else None
        number = int(match[1] or match[2]) if match else 0
        if number == len(chain) + 1:
            chain.append(at)
        elif block.kind == "heading" or number == 1:
            if len(chain) > 1:
                steps |= {place: step for step, place in enumerate(chain, 1)}
            chain = [at] if number == 1 else []
    return [Block("step", _NUMBER.sub("", block.text), steps[at]) if at in steps else block for at, block in enumerate(blocks)]


def _counted_on(blocks: Iterable[Block]) -> Iterator[Block]:
    """Let a list that begins again at 1 after nothing but code, a callout or an image go on from the step before."""
    written = shift = 0
    aside = False
    for block in blocks:
        if block.step:
            if block.step != written + 1:
                shift = written + shift if block.step == 1 and aside else 0
            written, aside = block.step, True
            yield block._replace(step=written + shift)
            continue
        aside = aside and (block.kind == "code" or _NOTE.match(block.text) is not None)
        if block.kind == "heading":
            written = shift = 0
        yield block


def _sentences(text: str, language: str) -> list[str]:
    sentences: list[str] = []
    whole = True
    for piece in segment(language or "en", text):
        # A quotation mark or bracket that the splitter leaves alone is no sentence.
        if whole and not (sentences and (not _WORD.search(piece) or not _WORD.search(sentences[-1]))):
            sentences.append(piece)
        else:
            sentences[-1] += piece
        ends = piece[-1:].isspace() or piece[-1:] in _FULL_STOPS  # "./run" and "a.b" are no ends of sentences
        whole = ends and not (len(sentences) == 1 and _NUMBER_ALONE.match(sentences[0]))
    return [sentence for sentence in map(clean, sentences) if sentence]


def cut(text: str, language: str = "", most: int = UNIT_WORDS) -> list[str]:
    """The text in pieces of at most so many words, cut between sentences, else clauses, else words, else anywhere."""
    if _fits(text, most):
        return [text]
    for parts in (segment(language or "en", text), *(place.split(text) for place in _PLACES)):
        if len(parts) > 1:
            return [piece for packed in _packed(parts, "", most) for piece in cut(clean(packed), language, most) if piece]
    return [text[at : at + most] for at in range(0, len(text), most)]


def _fits(text: str, most: int = UNIT_WORDS) -> bool:
    return len(text) <= _UNIT_CHARACTERS and words(text) <= most


def _cut_code(text: str) -> list[str]:
    """Code in pieces that fit, cut between lines, but where a sign says that the next one goes on."""
    if _fits(text):
        return [text] if text.strip() else []
    return _packed((piece for line in _LINE_ENDS.split(text) for piece in ([line] if _fits(line) else cut(line))), "\n", UNIT_WORDS)


def _packed(parts: Iterable[str], glue: str, most: int) -> list[str]:
    """Neighbouring parts put together as long as they fit."""
    packed: list[list[str]] = []
    room = characters = 0
    for part in filter(None, parts):
        room, characters = room - words(part), characters - len(part) - 1
        if not packed or room < 0 or characters < 0:
            packed.append([])
            room, characters = most - words(part), _UNIT_CHARACTERS - len(part)
        packed[-1].append(part)
    return [glue.join(group) for group in packed]
