"""Secrets kept out of the store: what must never be shown is dropped or masked before a record is stored or worded."""

import fnmatch
import itertools
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from knowledge_base.errors import UserError
from knowledge_base.secret_names import folded, harmless, is_date, is_ticket, name_words, secret_name, secret_value
from knowledge_base.secret_text import MASK, masked

DEEPEST = 32
"""Levels of a record that are kept."""
_IDENTITY = frozenset("name key field label id attribute property".split())
_CONTENT = frozenset("value values val".split())
_HASHES = re.compile(r"\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}|\$argon2(?:id|i|d)\$[\w.,/+=$-]+")
"""Passwords as bcrypt and Argon2 store them."""
_GROUP = re.compile(r"\d{1,6}")
"""A part of a card number that is kept in parts."""


@dataclass(frozen=True)
class Rules:
    """What is secret beyond the defaults: names or globs of fields, in squashed spelling, and patterns of values."""

    fields: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = (_HASHES,)


DEFAULT_RULES = Rules()


def redaction_rules(fields: Iterable[str] = (), patterns: Iterable[str] = ()) -> Rules:
    """The default rules with those of the settings.

    Args:
        fields: names of fields or paths, or globs of them, in any spelling: ``mother's maiden name``, ``billing.tax*``.
        patterns: regular expressions; whatever part of a value matches is masked.

    Raises:
        UserError: a pattern is no regular expression, or matches the empty text.
    """
    compiled = []
    for pattern in patterns:
        try:
            compiled.append(re.compile(pattern))
        except re.error as error:
            raise UserError(f"The setting secret_patterns holds {pattern!r}, which is no regular expression ({error}): mend it.") from error
        if compiled[-1].search(""):
            raise UserError(f"The setting secret_patterns holds {pattern!r}, which matches every text: make it match only the secret.")
    return Rules(tuple(re.sub(r"[^\w.*?\[\]!]|_", "", folded(name).lower()) for name in fields), (_HASHES, *compiled))


def redact(record: dict[str, Any], rules: Rules = DEFAULT_RULES) -> dict[str, Any]:
    """A record without its secrets.

    Fields whose names say that they are secret are dropped with all below them, so are values that are a secret as a
    whole; a secret inside a longer text is masked. ``customer_id`` stays as it is.
    """
    kept = {key: value for key, value in record.items() if key != "customer_id"}
    return {**({"customer_id": record["customer_id"]} if "customer_id" in record else {}), **_object(kept, rules, [])}


def _object(value: dict[str, Any], rules: Rules, path: list[str], only_harmless: bool = False) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    if len(path) >= DEEPEST:
        return kept
    parent = next((part for part in reversed(path) if part), "")
    field = _field_of_pair(value)
    if field and (_listed([*path, field], rules) or (secret_name(field) and not harmless(name_words(field), None))):
        return kept
    for key, inner in value.items():
        named = secret_name(key, parent) and not is_ticket(key, inner)
        named = named or (bool(field) and secret_name(field) and "".join(name_words(key)) in _CONTENT)
        if _listed([*path, key], rules) or masked(key, rules.patterns) != key:
            continue
        if secret_value(key, parent, inner) or (field and "".join(name_words(key)) in _CONTENT and secret_value(field, "", inner)):
            continue
        if named and not only_harmless and not harmless((*name_words(key), *name_words(field)), inner):
            continue
        clean = _value(inner, rules, [*path, key], only_harmless or named)
        if clean is not _NOTHING:
            kept[key] = clean
    return kept


def _field_of_pair(value: dict[str, Any]) -> str:
    """The name of a field that is kept as an object, ``{"name": "Card PIN", "value": "1234"}``; empty for other objects."""
    keys = {"".join(name_words(key)): item for key, item in value.items()}
    names = [item for key, item in keys.items() if key in _IDENTITY and isinstance(item, str) and len(item) < 60]
    return next((name for name in names if secret_name(name)), names[0]) if names and keys.keys() & _CONTENT else ""


_NOTHING: Any = object()


def _value(value: Any, rules: Rules, path: list[str], only_harmless: bool) -> Any:
    """A value without its secrets; ``only_harmless`` lets nothing pass but numbers, yes or no, and dates."""
    if isinstance(value, dict):
        clean = _object(value, rules, path, only_harmless)
        return clean if clean or not value else _NOTHING
    if isinstance(value, list):
        if len(path) >= DEEPEST:
            return _NOTHING
        items = [_value(item, rules, [*path, ""], only_harmless) for item in _without_cards(value)]
        clean_items = [item for item in items if item is not _NOTHING]
        return clean_items if clean_items or not value else _NOTHING
    if isinstance(value, str):
        if only_harmless and not is_date(value):
            return _NOTHING
        text = _document(value, rules, path) if value.lstrip()[:1] in ("{", "[") else value
        text = masked(text, rules.patterns)
        return _NOTHING if text.strip() == MASK or (text != value and text == "") else text
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        digits = str(int(value)) if isinstance(value, int) or (abs(value) < 1e20 and value == int(value)) else str(value)
        return value if masked(digits, rules.patterns) == digits else _NOTHING
    return value


def _without_cards(items: list[Any]) -> list[Any]:
    """A list without the parts of a card number: ``["4111", "1111", "1111", "1111"]``."""
    kept: list[Any] = []
    for digits, run in itertools.groupby(items, lambda item: isinstance(item, str) and bool(_GROUP.fullmatch(item.strip()))):
        parts = list(run)
        if not digits or len(parts) < 3 or not masked(" ".join(map(str.strip, parts))).startswith(MASK):
            kept += parts
    return kept


def _document(text: str, rules: Rules, path: list[str]) -> str:
    """A text that is a JSON document, without the secrets in it; any other text as it is."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return text
    clean = _value(document, rules, path, False) if isinstance(document, (dict, list)) else document
    if clean == document:
        return text
    return "" if clean is _NOTHING else json.dumps(clean, ensure_ascii=False)


def _listed(path: list[str], rules: Rules) -> bool:
    """Whether the settings name a field as secret, by its own name or by its path."""
    if not rules.fields:
        return False
    squashed = [part for part in ("".join(name_words(key)) for key in path) if part]
    spellings = {squashed[-1] if squashed else "", ".".join(squashed)}
    return any(fnmatch.fnmatchcase(spelling, name) for spelling in spellings for name in rules.fields)
