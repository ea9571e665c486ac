"""Secrets kept out of the store: what must never be shown is dropped or masked before a record is stored or worded."""

import datetime
import fnmatch
import functools
import itertools
import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from knowledge_base.errors import UserError
from knowledge_base.phrasing import singular, tokens
from knowledge_base.secret_text import MASK, masked

DEEPEST = 32
"""Levels of a record that are kept."""
_NAMES = frozenset(
    "password passwd passphrase passcode pwd secret token cvv cvv2 cvc cvc2 csc pin pincode pan iban ssn otp totp jwt credential"
    " mnemonic track1 track2 trackdata magneticstripe apikey apisecret accesskey privatekey secretkey signingkey encryptionkey"
    " sshkey pgpkey clientsecret seedphrase recoverycode backupcode onetimecode securitycode securityanswer secretanswer"
    " verificationcode verificationvalue cardnumber cardno cardnum cardcode cardverification cardsecurity ccnumber ccnum ccno"
    " primaryaccountnumber bankaccountnumber bankaccountno sortcode routingnumber socialsecurity socialsecurityno nationalinsurance"
    " nationalid passportnumber passportno taxpayerid authorizationheader setcookie sessioncookie connectionstring"
    " pw passwort kennwort contrasena motdepasse senha userpass loginpass dbpass databasepass adminpass rootpass accountpass smtppass"
    " mailpass emailpass ftppass sshpass wifipass apppass apipass masterpass oldpass newpass temppass cvn cardcid amexcid"
    " cardidentificationnumber csrf xsrf sessionid sessid phpsessid jsessionid authcookie logincookie authbearer mfacode 2facode"
    " twofactorcode authcode authenticationcode".split()
)
"""Secret names, words of a name written together."""
_ALONE = frozenset("pass cid cookie bearer".split())
"""Secret as a whole name only: there are boarding passes, and cookie policies."""
_PARTS = tuple(
    "password passwd passphrase passcode cardnumber accesstoken authtoken refreshtoken apikey privatekey secretkey clientsecret"
    " passwort kennwort contrasena motdepasse".split()
)
"""Secret wherever they stand in a name that is written together."""
_SHORT_NUMBERS = frozenset("pin pincode cvv cvv2 cvc cvc2 csc cvn otp ssn pan".split())
"""Secrets that may be a bare number."""
_OTHER_CARDS = frozenset("sim loyalty member membership bonus library health".split())
_COUNTS = frozenset("count used limit usage quota total remaining left length attempts failures retries".split())
_HARMLESS = _COUNTS | frozenset(
    "at on date time updated changed created expires expiry expired age days minutes hours set enabled required requires has is policy"
    " rotation rotated reset strength budget".split()
)
_LAST_DIGITS = frozenset("last4 last4digits lastfour lastfourdigits lastdigits ending endingin".split())
_LOOKALIKES = str.maketrans("аеорсухіјѕԁһԛԝкмтвнαεορτυικνγ", "aeopcyxijsdhqwkmtbhaeoptuikvy")
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


@functools.lru_cache(maxsize=8192)
def secret_name(key: str, parent: str = "") -> bool:
    """Whether a field's name, alone or after that of what it stands in, says that its value must never be shown, in any spelling."""
    words = _words(key)
    return _secret_words(words) or (bool(parent) and _secret_words((*map(singular, _words(parent)), *words)))


@functools.lru_cache(maxsize=8192)
def _words(key: str) -> tuple[str, ...]:
    return tuple(tokens(folded(key)))


@functools.lru_cache(maxsize=8192)
def _secret_words(words: tuple[str, ...]) -> bool:
    runs = {"".join(words[at:end]) for at in range(len(words)) for end in range(at + 1, min(at + 4, len(words)) + 1)}
    runs |= {run.removesuffix("s") for run in runs}
    if len(words) == 1 and runs & _ALONE:
        return True
    found = runs & _NAMES | {part for part in _PARTS for word in words if part in word}
    if found and all(name.startswith(("card", "cc", "primary", "bank", "iban", "pan")) for name in found):
        return not (_OTHER_CARDS & set(words) or any("".join(words[-count:]) in _LAST_DIGITS for count in (1, 2, 3)))
    return bool(found)


def _harmless(words: tuple[str, ...], value: Any) -> bool:
    """Whether a field that is named like a secret only says something about it: ``password_updated_at``, ``tokens_used``."""
    if isinstance(value, bool):
        return len(words) > 1 or words[:1] == ("pass",)
    if _SHORT_NUMBERS & set(words) and isinstance(value, (int, float)):
        return bool(_COUNTS & set(words))
    if isinstance(value, (int, float, list)):  # a ``one_time_code`` is no time: these pass as they are, so the last word decides
        return bool(_COUNTS & set(words) or _HARMLESS & set(words[-1:]))
    return bool(_HARMLESS & set(words))


def _object(value: dict[str, Any], rules: Rules, path: list[str], only_harmless: bool = False) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    if len(path) >= DEEPEST:
        return kept
    parent = next((part for part in reversed(path) if part), "")
    field = _field_of_pair(value)
    if field and (_listed([*path, field], rules) or (secret_name(field) and not _harmless(_words(field), None))):
        return kept
    for key, inner in value.items():
        named = secret_name(key, parent) or (bool(field) and secret_name(field) and "".join(_words(key)) in _CONTENT)
        if _listed([*path, key], rules) or masked(key, rules.patterns) != key:
            continue
        if named and not only_harmless and not _harmless((*_words(key), *_words(field)), inner):
            continue
        clean = _value(inner, rules, [*path, key], only_harmless or named)
        if clean is not _NOTHING:
            kept[key] = clean
    return kept


def _field_of_pair(value: dict[str, Any]) -> str:
    """The name of a field that is kept as an object, ``{"name": "Card PIN", "value": "1234"}``; empty for other objects."""
    keys = {"".join(_words(key)): item for key, item in value.items()}
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
        if only_harmless and not _is_date(value):
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
    squashed = [part for part in ("".join(_words(key)) for key in path) if part]
    spellings = {squashed[-1] if squashed else "", ".".join(squashed)}
    return any(fnmatch.fnmatchcase(spelling, name) for spelling in spellings for name in rules.fields)


def folded(key: str) -> str:
    """A text without accents, invisible signs and letters of other scripts that look like Latin ones."""
    if key.isascii():
        return key
    parts = unicodedata.normalize("NFKD", key)
    text = "".join(sign for sign in parts if unicodedata.category(sign) not in ("Mn", "Me", "Cf"))
    lower = "".join(sign.lower() if sign.lower().translate(_LOOKALIKES) != sign.lower() else sign for sign in text)
    return lower.translate(_LOOKALIKES)


def _is_date(text: str) -> bool:
    try:
        datetime.datetime.fromisoformat(text.strip())
    except ValueError:
        return False
    return "-" in text
