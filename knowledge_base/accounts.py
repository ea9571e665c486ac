"""Account records of any shape, worded as sentences that can be cited."""

import datetime
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from knowledge_base.errors import UserError

Record = dict[str, Any]
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_SECRET_KEYS = re.compile(
    r"(?i)(^|_)(cvv2?|cvc2?|csc|security_code|pin|pass_?word|passwd|pass_?phrase|passcode|secret|token|api_?key|private_?key"
    r"|card_?(number|no)|pan|iban|ssn)s?(_|$)"
)
_CARD = re.compile(r"\b(?:\d[ -]?){13,19}\b")
SILENT = {"customer_id", "contact.name", "contact.email"}


@dataclass(frozen=True)
class Wording:
    """How one field is said: ``path`` with ``[]`` for each item of a list, and a template or a text per value."""

    path: str
    title: str
    text: str | None = None
    values: dict[str, str] | None = None


@dataclass(frozen=True)
class AccountFact:
    """One sentence about one customer; ``path`` is the record's field it comes from."""

    path: str
    title: str
    text: str


def valid_customer_id(customer_id: str) -> bool:
    """Whether a text may be a customer id at all: 1 to 64 letters, digits and ``. _ : -``, in ASCII."""
    return _ID.fullmatch(customer_id) is not None


def read_customers(path: Path) -> tuple[list[Record], list[tuple[str, str]]]:
    """Read account records, one JSON object per line.

    Returns:
        the records, and what was left out as (place, reason).

    Raises:
        UserError: there is no such file, or it is no text.
    """
    if not path.is_file():
        raise UserError(f"There is no customer file {path}: create it with one JSON record per line, or set DESK_CUSTOMERS.")
    records: dict[str, Record] = {}
    left_out: list[tuple[str, str]] = []
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise UserError(f"The customer file {path} is not UTF-8 text: save it as UTF-8.") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place = f"{path.name}:{number}"
        try:
            record = json.loads(line)
            json.dumps(record, ensure_ascii=False, allow_nan=False).encode()  # no NaN, no infinity, no half characters
        except (ValueError, RecursionError) as error:
            left_out.append((place, f"is not valid JSON ({getattr(error, 'msg', error)})"))
            continue
        customer_id = record.get("customer_id") if isinstance(record, dict) else None
        if customer_id is None or not valid_customer_id(str(customer_id)):
            left_out.append((place, "has no valid customer_id (1 to 64 letters, digits and . _ : -)"))
        elif str(customer_id) in records:
            left_out.append((place, f"repeats customer_id {customer_id}"))
        else:
            records[str(customer_id)] = record
    return list(records.values()), left_out


def record_digest(record: Record, wordings: list[Wording]) -> str:
    """SHA-256 of a record and of the way it is worded."""
    material = [record, [[w.path, w.title, w.text, w.values] for w in wordings]]
    return hashlib.sha256(json.dumps(material, sort_keys=True, default=str).encode()).hexdigest()


def read_wordings(path: Path) -> list[Wording]:
    """The wording templates of a file; none where the file does not exist.

    Raises:
        UserError: the file is no list of templates.
    """
    if not path.is_file():
        return []
    try:
        entries = yaml.safe_load(path.read_text("utf-8")) or []
        return [
            Wording(
                path=entry["path"],
                title=entry.get("title") or _words(entry["path"]),
                text=str(entry["text"]) if entry.get("text") is not None else None,
                values={_plain(key): text for key, text in entry["values"].items()} if entry.get("values") else None,
            )
            for entry in entries
        ]
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"The wording file {path} is not a list of entries with path and text: mend it and refresh.") from error


def account_facts(record: Record, wordings: list[Wording]) -> list[AccountFact]:
    """All facts of a record as sentences, secrets left out.

    A field with a template is said by it; every other field is said generically, "Security, sso: on."
    """
    facts: list[AccountFact] = []
    worded: set[str] = set()
    for wording in wordings:
        for path, value in _resolve(record, wording.path):
            if text := _say(wording, value, worded, path):
                facts.append(AccountFact(path, wording.title, text))
    for path, value in _leaves(record, ""):
        if path not in worded and path not in SILENT and value not in (None, "", [], {}):
            facts.append(AccountFact(path, _words(path.split(".")[0]), f"{_words(path)}: {_plain(value)}."))
    return [fact for fact in facts if not _secret(fact)]


def first_name(record: Record) -> str | None:
    """The first name of the person who writes, where the record tells one."""
    contact = record.get("contact")
    candidates = [contact.get("name") if isinstance(contact, dict) else None, record.get("first_name"), record.get("name")]
    for candidate in candidates:
        if isinstance(candidate, str) and candidate.strip():
            name = unicodedata.normalize("NFC", candidate.split()[0])
            letters = "".join(sign for sign in name if unicodedata.category(sign) not in ("Mn", "Mc", "Cf"))
            return name if re.fullmatch(r"[^\W\d_][\w'’-]{0,30}", letters) else None
    return None


def _resolve(record: Record, path: str) -> Iterator[tuple[str, Any]]:
    """The values at a path, each with its concrete path ("invoices.0")."""
    found: list[tuple[str, Any]] = [("", record)]
    for part in path.split("."):
        name, each = part.removesuffix("[]"), part.endswith("[]")
        below = [(f"{at}.{name}".strip("."), value[name]) for at, value in found if isinstance(value, dict) and name in value]
        found = [(f"{at}.{n}", item) for at, value in below if isinstance(value, list) for n, item in enumerate(value)] if each else below
    yield from found


def _say(wording: Wording, value: Any, worded: set[str], path: str) -> str | None:
    if wording.values is not None and (text := wording.values.get(_plain(value))) is not None:
        worded.add(path)
        return text
    if wording.text is None:
        return None
    fields = value if isinstance(value, dict) else {path.rsplit(".", 1)[-1]: value}
    names = re.findall(r"\{([\w.]+)\}", wording.text)
    said = {}
    for name in names:
        inner: Any = fields
        for key in name.split("."):
            inner = inner.get(key) if isinstance(inner, dict) else None
        if inner is None or isinstance(inner, (dict, list)):
            return None
        said[name] = _plain(inner)
    worded.update(f"{path}.{name}" if isinstance(value, dict) else path for name in names)
    return re.sub(r"\{([\w.]+)\}", lambda match: said[match[1]], wording.text)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}".strip("."))
    elif isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        for number, item in enumerate(value):
            yield from _leaves(item, f"{path}.{number}")
    else:
        yield path, value


def _words(path: str) -> str:
    parts = [part for part in path.replace("[]", "").split(".") if part]
    said = []
    for part in parts:
        said.append(str(int(part) + 1) if part.isdigit() else re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]", " ", part).lower())
    text = ", ".join(said).replace(", 1", " 1")
    text = re.sub(r", (\d+)", r" \1", text)
    return text[:1].upper() + text[1:]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return f"{value:,.2f}" if abs(value) >= 1000 else str(value)
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    text = re.sub(r"\s+", " ", str(value)).strip()
    return text.replace("_", " ") if re.fullmatch(r"[a-z]+(_[a-z]+)+", text) else text


def _secret(fact: AccountFact) -> bool:
    keys = [re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[\s-]+", "_", key) for key in fact.path.split(".")]
    digits = re.sub(r"(?<=\d),(?=\d)", "", fact.text)
    return any(_SECRET_KEYS.search(key) for key in keys) or _CARD.search(digits) is not None
