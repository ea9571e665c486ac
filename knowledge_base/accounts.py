"""Account records of any shape, worded as sentences that can be cited."""

import datetime
import hashlib
import json
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from knowledge_base.errors import UserError
from knowledge_base.front_matter import AUDIENCES
from knowledge_base.generic_wording import sentences
from knowledge_base.phrasing import capitalized, label, moment, plain, tokens
from knowledge_base.redaction import DEEPEST, DEFAULT_RULES, Rules
from knowledge_base.secret_names import staff_name
from knowledge_base.secret_text import masked
from knowledge_base.stored import PUBLIC

Record = dict[str, Any]
MOST_FACTS = 2000
"""Facts of one customer at most; what a record holds beyond them is counted, in one more for each kind of thing."""
NOT_LISTED = "on record but not listed here."
"""How a fact ends that counts what was left out."""
WORDED = 8
"""Grows when records are worded in another way, so that facts made the old way are made anew."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_AS_OF = (
    "as of", "data as of", "exported at", "exported on", "exported", "snapshot at", "snapshot date", "synced at", "last synced at",
    "last synced", "updated at", "updated on", "updated", "last updated at", "last updated", "modified at", "last modified at",
    "last modified", "modified",
)  # fmt: skip
_FIRST_YEAR = 1970  # before it there is only what stands for "never"
_ABOUT_THE_RECORD = ("meta", "metadata")
SILENT = {"customer_id", "contact.name", "contact.email"}


@dataclass(frozen=True)
class Wording:
    """How one field is said: ``path`` with ``[]`` for each item of a list, and a template or a text per value.

    What an ``internal`` audience may read is never said to the customer.
    """

    path: str
    title: str
    text: str | None = None
    values: dict[str, str] | None = None
    audience: str = PUBLIC.audience


@dataclass(frozen=True)
class AccountFact:
    """One sentence about one customer; ``path`` is the record's field it comes from."""

    path: str
    title: str
    text: str
    audience: str = PUBLIC.audience


def valid_customer_id(customer_id: object) -> bool:
    """Whether something may be a customer id at all: a text of 1 to 64 letters, digits and ``. _ : -``, in ASCII."""
    return isinstance(customer_id, str) and _ID.fullmatch(customer_id) is not None


def record_digest(record: Record, wordings: list[Wording]) -> str:
    """SHA-256 of a redacted record and of the way it is worded; of a raw one, a short secret could be guessed from it."""
    material = [WORDED, record, [[w.path, w.title, w.text, w.values, w.audience] for w in wordings]]
    return hashlib.sha256(json.dumps(material, sort_keys=True, default=str).encode()).hexdigest()


def read_wordings(path: Path | None) -> list[Wording]:
    """The wording templates of a file; none without a file.

    Raises:
        UserError: the file is missing or no list of templates.
    """
    if path is None:
        return []
    if not path.is_file():
        raise UserError(f"There is no wording file {path}: mend its path in the setting `wording`, or take that out for generic wording.")
    try:
        entries = yaml.safe_load(path.read_text("utf-8")) or []
        return [
            Wording(
                path=entry["path"],
                title=entry.get("title") or _title(entry["path"]),
                text=str(entry["text"]) if entry.get("text") is not None else None,
                values={plain(key): str(text) for key, text in entry["values"].items()} if entry.get("values") else None,
                audience=AUDIENCES[str(entry.get("audience", PUBLIC.audience))],
            )
            for entry in entries
        ]
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"The wording file {path} is not a list of entries with path and text, and audience public or internal: mend it and refresh."
        ) from error


def account_facts(record: Record, wordings: list[Wording], rules: Rules = DEFAULT_RULES) -> list[AccountFact]:
    """All facts of a redacted record as sentences, ``MOST_FACTS`` at most and, for each kind of thing, one that counts the rest.

    A field with a template is said by it, every other field generically. A sentence that puts a secret together out of
    harmless fields is left out. What takes a field of an internal audience to say is for the agent alone: the record is worded
    without such fields, and what it says beyond that is internal. So is a field whose name says so, where no template makes it public.
    """
    facts = _facts(record, wordings, rules)
    worded = {wording.path for wording in wordings if wording.audience == PUBLIC.audience}
    hidden = [path for wording in wordings if wording.audience != PUBLIC.audience for path, _, _ in _resolve(record, wording.path)]
    hidden += [path for path, general in _for_staff(record) if general not in worded]
    if not hidden:
        return _bounded(record, facts)
    told = _facts(_without(record, hidden), wordings, rules)
    known = {fact.text for fact in told}
    internal = [replace(fact, audience="internal") for fact in facts if fact.text not in known]
    return [*_bounded(record, told), *(replace(fact, audience="internal") for fact in _bounded(record, internal))]


def _without(value: Any, hidden: Collection[str], path: str = "") -> Any:
    """A record without the fields at these paths, the items of lists where they were."""
    if isinstance(value, dict):
        below = {key: f"{path}.{key}".strip(".") for key in value}
        return {key: _without(item, hidden, below[key]) for key, item in value.items() if below[key] not in hidden}
    if isinstance(value, list):
        return [None if f"{path}.{number}" in hidden else _without(item, hidden, f"{path}.{number}") for number, item in enumerate(value)]
    return value


def _for_staff(value: Any, path: str = "", general: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """The fields that are named as what staff alone may read: each path, and the path that templates name it by."""
    if isinstance(value, dict) and depth <= DEEPEST:
        for key, item in value.items():
            at, of = f"{path}.{key}".strip("."), f"{general}.{key}".strip(".")
            if staff_name(key):
                yield at, of
            else:
                yield from _for_staff(item, at, of, depth + 1)
    elif isinstance(value, list) and depth <= DEEPEST:
        for number, item in enumerate(value):
            yield from _for_staff(item, f"{path}.{number}", f"{general}[]", depth + 1)


def _facts(record: Record, wordings: list[Wording], rules: Rules) -> list[AccountFact]:
    facts: list[AccountFact] = []
    said = SILENT | {_as_of(record)[0]}
    for wording in wordings:
        for path, value, holder in _resolve(record, wording.path):
            if text := _say(wording, value, holder, said, path):
                facts.append(AccountFact(path, wording.title, text))
        # What is said of a list that holds nothing, its templates decide as well.
        listing = wording.path.partition("[]")[0]
        said |= {path for path, value, _ in _resolve(record, listing) if value == []}
    facts += [AccountFact(path, _title(path), text) for path, text in sentences(record, said)]
    return [fact for fact in facts if masked(fact.text, rules.patterns) == fact.text]


def as_of(record: Record) -> str:
    """The date or time at which a record says it was true (``as_of``, ``exported_at``, ``updated_at``), ISO; empty where it does not."""
    return _as_of(record)[1]


def first_name(record: Record) -> str | None:
    """The first name of the person who writes, where the record tells one."""
    holders = [record.get("contact"), record, *(record.get(key) for key in ("customer", "person", "profile", "user"))]
    for candidate in (name for holder in holders if isinstance(holder, dict) for name in _names(holder)):
        if isinstance(candidate, str) and candidate.strip():
            name = unicodedata.normalize("NFC", candidate.split()[0])
            letters = "".join(sign for sign in name if unicodedata.category(sign) not in ("Mn", "Mc", "Cf"))
            return name if re.fullmatch(r"[^\W\d_](?:[^\W\d_]|['’-]){0,30}", letters) else None
    return None


def _names(holder: Record) -> Iterator[Any]:
    """What may be the name of a person in an object, the first name or a name that begins with it."""
    fields = {"".join(tokens(key)): value for key, value in holder.items()}
    for key in ("firstname", "givenname", "first", "name", "fullname"):
        value = fields.get(key)
        yield from _names(value) if isinstance(value, dict) else [value]


def _as_of(record: Record) -> tuple[str, str]:
    """The field that says when the record was true, and what it says; both empty where there is none."""
    about = [("", record)] + [
        (f"{key}.", value) for key, value in record.items() if "".join(tokens(key)) in _ABOUT_THE_RECORD and isinstance(value, dict)
    ]
    fields = {" ".join(tokens(key)): (f"{path}{key}", value) for path, part in reversed(about) for key, value in part.items()}
    for name in _AS_OF:
        path, value = fields.get(name, ("", None))
        if path and (said := moment(name.split(), value)) and (at := _iso(said)):
            return path, at
    return "", ""


def _iso(text: str) -> str:
    """A date as it is, a time with an offset in UTC; empty where the text only looks like one, or no record can be that old."""
    try:
        if len(text) == len("2026-01-31"):
            day = datetime.date.fromisoformat(text)
            return day.isoformat() if day.year >= _FIRST_YEAR else ""
        at = datetime.datetime.fromisoformat(re.sub(r"\s?(Z|UTC)$", "+00:00", text))
        at = at.astimezone(datetime.UTC) if at.tzinfo else at
    except (ValueError, OverflowError):
        return ""
    if at.year < _FIRST_YEAR:
        return ""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at.tzinfo else at.isoformat(timespec="seconds")


def _resolve(record: Record, path: str) -> Iterator[tuple[str, Any, Record]]:
    """The values at a path, each with its concrete path ("invoices.0") and the object that it is a part of."""
    found: list[tuple[str, Any, Record]] = [("", record, record)]
    for part in path.split("."):
        name, each = part.removesuffix("[]"), part.endswith("[]")
        below = [(f"{at}.{name}".strip("."), value[name], value) for at, value, _ in found if isinstance(value, dict) and name in value]
        items = [(f"{at}.{n}", item, holder) for at, value, holder in below if isinstance(value, list) for n, item in enumerate(value)]
        found = items if each else below
    yield from found


def _say(wording: Wording, value: Any, holder: Record, said: set[str], path: str) -> str | None:
    """The sentence of a template, where every field that it names is there; what it says is added to ``said``."""
    special = wording.values.get(plain(value)) if wording.values is not None and not isinstance(value, (dict, list)) else None
    template = wording.text if special is None else special
    if template is None:
        return None
    inside = isinstance(value, dict)
    fields = {**value, "parent": holder} if inside else holder
    names = re.findall(r"\{([\w.-]+)\}", template)
    words = {}
    for name in names:
        inner: Any = fields
        for key in name.split("."):
            inner = inner.get(key) if isinstance(inner, dict) else None
        if inner is None or isinstance(inner, (dict, list)):
            return None
        words[name] = plain(inner, name.rpartition(".")[2])
    beside = path if inside else path.rpartition(".")[0]
    said.update(f"{beside}.{name}".strip(".") for name in names if not name.startswith("parent."))
    if special is not None:
        said.add(path)
    return re.sub(r"\{([\w.-]+)\}", lambda match: words[match[1]], template)


def _bounded(record: Record, facts: list[AccountFact]) -> list[AccountFact]:
    """The facts of greatest interest where there are too many: of each list its newest things, as the dates in it tell."""
    if len(facts) <= MOST_FACTS:
        return facts
    ranked = sorted(range(len(facts)), key=lambda number: (_age(record, facts[number].path), number))
    kept = [facts[number] for number in sorted(ranked[:MOST_FACTS])]
    rest: dict[str, list[str]] = {}
    for number in ranked[MOST_FACTS:]:
        rest.setdefault(facts[number].path.partition(".")[0], []).append(facts[number].path)
    # Each stands at the first place that it counts, as one of the list: a fact of the list itself would tell how long it is.
    return kept + [AccountFact(paths[0], _title(kind), _counted(label(tokens(kind)), len(paths))) for kind, paths in sorted(rest.items())]


def _counted(kind: str, count: int) -> str:
    details, are = ("detail", "is") if count == 1 else ("details", "are")
    return f"{count:,} further {details} of {kind or 'the account'} {are} {NOT_LISTED}"


def _age(record: Record, path: str) -> int:
    """How far down its list a fact stands, counted from the end where the list runs from old to new; 0 outside lists."""
    value: Any = record
    for part in path.split("."):
        if isinstance(value, list):
            first, last = (max(_dates(item), default="") for item in (value[0], value[-1]))
            return len(value) - 1 - int(part) if first < last else int(part)
        value = value.get(part) if isinstance(value, dict) else None
    return 0


def _dates(thing: Any) -> list[str]:
    fields = thing.items() if isinstance(thing, dict) else ()
    return [date for key, value in fields if (date := moment(tokens(key), value))]


def _title(path: str) -> str:
    return capitalized(label(tokens(path.partition(".")[0]))) or "Account"
