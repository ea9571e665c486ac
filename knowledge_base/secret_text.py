"""Secrets recognised by what they look like: card numbers, IBANs, API tokens, keys, links that open an account, and what a text says
after "password:".
"""

import base64
import binascii
import functools
import re
import unicodedata
from collections.abc import Callable, Iterator

MASK = "[removed]"
"""Stands where a secret stood inside a longer text."""
_SHORT = 48
"""Texts below this length come again and again, and are looked at once."""
_IBAN_LENGTHS = dict(
    re.findall(
        r"([A-Z]{2})(\d\d)",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22"
        " GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27"
        " MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26"
        " UA29 VA22 VG24 XK20",
    )
)
_TOKENS = re.compile(
    r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)*"  # JWT
    r"|-----BEGIN [A-Z0-9 ]{1,60}-----.*?(?:-----END [A-Z0-9 ]{1,60}-----|\Z)"  # PEM
    r"|\b(?:A3T[A-Z0-9]|AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16}\b"  # AWS
    r"|\b[a-z]{2,10}_(?:live|test)_\w{8,}|\bwhsec_\w{16,}|\bsk-[\w-]{20,}|\bkey-[0-9a-f]{32}\b|\bSK[0-9a-f]{32}\b"
    r"|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bnpm_\w{30,}|\bpypi-[\w-]{30,}|\bhf_[A-Za-z0-9]{20,}"
    r"|\bxox[abeoprs]-[\w-]{10,}|\bxapp-[\w-]{10,}|hooks\.slack\.com/services/[\w/]+"
    r"|\bAIza[\w-]{35}|\bya29\.[\w.-]{20,}|\bSG\.[\w-]{16,}\.[\w-]{16,}|\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|\bsq0(?:atp|csp)-[\w-]{20,}"
    r"|\bdo[opr]_v1_[0-9a-f]{40,}|\bdapi[0-9a-f]{32}\b|\blin_api_\w{20,}|\bATATT3[\w=-]{20,}|\b\d{8,10}:AA[\w-]{33}\b|\bAGE-SECRET-KEY-1\w+"
    r"|(?i:\b(?:bearer|basic)\s+(?=\S*\d)[\w.~+/=-]{16,}|\bbearer\s+[\w.~+/=-]{20,})"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)",  # a password in a URL
    re.DOTALL,
)
_LETTERS = (
    r"(?!(?:too|wrong|right|correct|long|short|fine|okay|lost|gone|missing|weak|strong|safe|secure|valid|invalid|blank|empty|unknown|same|"
    r"different|case|only|again|always|never|still|also|just|really|there|here|good|somehow|\w+(?:ed|ing|able|ible|en|ly))\b)"
    r"[a-z]{6,}(?:[\s.,;!?]*$|[.,;!?]\s)"
)
"""A word after "the password is" that is no word about it, at the end of what is said."""
_WHAT = r"(\"[^\"\n]{1,300}\"|'[^'\n]{1,300}'|(?:[^\s\"',;]|[,;](?=\S)){2,})"
_SAID = re.compile(
    r"(?i)((?:(?:passwords?|passwort|kennwort|passwd|passphrase|passcode|(?<![a-z])(?:pwd?|pin(?:[ _-]?code)?|cvv2?|cvc2?|security code))"
    r"(?: number| no\.?| code)?"
    r"(?:[\"']?\s*[:=]\s*|(?:['’]s|\s+(?:\w+\s+){0,5}?(?:is|was|lautet|ist))\s+(?=\S*\d)|\s+(?=\S*\d)"
    rf"|(?:['’]s|\s+is)\s+(?={_LETTERS})))"
    r"|(?:(?<![a-z])(?:otp|(?:2fa|two-factor|one-time|verification|recovery|backup|authentication|sign-in|login)[ -]codes?)"
    r"(?:\s+(?:is|was|are))?[:=]?\s+(?=[\w-]*\d)(?=[\w-]{4}))"
    r"|(?:(?<![a-z])(?:secret|(?:api|access|private|secret)[ _-]?key|(?:(?:access|auth|refresh|api|session)[ _-]?)?token)"
    r"(?:[\"']?\s*[:=]\s*|\s+(?:is\s+|was\s+)?(?=\S*\d))))" + _WHAT
)
_SAID_TOO = re.compile(
    r"(?i)((?<![^\W_])(?:contrase[ñn]a|clave|mot de passe|senha|wachtwoord|parola|has[łl]o|пароль|パスワード|salasana|l[öo]senord"
    r"|adgangskode|heslo|jelsz[óo]|[şs]ifre|密码|密碼|비밀번호|memorable word|puk(?: code)?|(?:door|gate|entry|alarm|safe|keypad) code"
    r"|(?:wi-?fi|wlan|network|licen[sc]e|product) key)"
    r"(?:[\"']?\s*[:=]\s*|\s+(?:(?:is|was|es|est|é|è|jest|ist) )?(?=\S*\d)(?=\S{4}))"
    # "pass" is a word for tickets as well: a password where it stands beside the name of a user.
    r"|(?<![a-z])(?:user(?:name|[ _-]id)?|log[ -]?in|sign[ -]?in|e-?mail)(?![a-z])[^\n]{0,60}?(?:[/,;|&(\n]|\band\b)\s*pass"
    r"(?:\s*[:=]\s*(?=\S{4})|(?:\s+is)?\s+(?=\S*\d)(?=\S{4})))" + _WHAT
)
"""The same of other languages, of doors, networks and licences, and of a user's "pass"."""
_BASIC = re.compile(r"(?i)\b(basic\s+[a-z0-9+/]{6,}={0,2})(?![\w+/=])")
_LINK = re.compile(r"(?i)(\bhttps?://[^\s/?#\"'<>]+)([/?#][^\s\"'<>]+)")
_OPENS = re.compile(r"(?i)reset|magic|log-?in|sign-?in|passw|sso|verif|activat|one-?time|recover|unlock|auth")
"""What a link says that opens an account for whoever has it."""
_LINK_PART = re.compile(
    r"(?i)(?<=[?&#])((?:code|key|k|t|sig|signature|hash|otp|ticket|nonce|secret|jwt|sid|session|auth|token)=)([^&#\s]{4,})"
    r"|(?<=[/=#])()([\w.~%+-]{8,})(?=[/&?#]|$)"
)
_SSN = re.compile(r"(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
_DIGITS = re.compile(r"(?<![^\W_])(?<!\+)(\d(?:[\s.\-‐-―_/*]{0,3}\d){13,})")
_CARD = re.compile(
    r"4(?:\d{15}|\d{18})|5[1-5]\d{14}|2[2-7]\d{14}|220[0-4]\d{12,15}|3[47]\d{13}|3[0689]\d{12,17}|35\d{14,17}|(?:5[06-8]|6\d)\d{12,17}"
    r"|8[12]\d{14}|9792\d{12}"
)
_IBAN = re.compile(r"(?i)(?<![a-z0-9])(?=([a-z]{2}\d{2}(?:[ -]?[a-z0-9]){11,30}))")


def masked(text: str, patterns: tuple[re.Pattern[str], ...] = ()) -> str:
    """A text with its secrets and what further patterns match masked; the text itself where there are none."""
    return _masked_before(text, patterns) if len(text) < _SHORT else _masked(text, patterns)


def _masked(text: str, patterns: tuple[re.Pattern[str], ...]) -> str:
    seen = text if text.isascii() else unicodedata.normalize("NFKC", "".join(sign for sign in text if unicodedata.category(sign) != "Cf"))
    found = seen
    for pattern in (_TOKENS, _SSN, *patterns):
        found = pattern.sub(MASK, found)
    found = _cut(found, _DIGITS, _cards)
    found = _cut(found, _IBAN, _ibans)
    found = _cut(found, _BASIC, _credentials)
    found = _LINK.sub(lambda link: link[1] + (_LINK_PART.sub(_closed, link[2]) if _OPENS.search(link[0]) else link[2]), found)
    for pattern in (_SAID, _SAID_TOO):
        found = pattern.sub(lambda match: match[0] if MASK in match[2] else match[1] + MASK, found)
    return text if found == seen else found


_masked_before = functools.lru_cache(maxsize=32_768)(_masked)


def _cut(text: str, pattern: re.Pattern[str], find: Callable[[str], Iterator[tuple[int, int]]]) -> str:
    """The text with the parts of the pattern's first groups masked that ``find`` confirms."""
    spans = [(match.start(1) + start, match.start(1) + end) for match in pattern.finditer(text) for start, end in find(match[1])]
    before = len(text) + 1
    for start, end in reversed(spans):
        if end <= before:
            text, before = text[:start] + MASK + text[end:], start
    return text


def _credentials(text: str) -> Iterator[tuple[int, int]]:
    """Where "Basic dXNlcjpwdw==" is a user's name and password as HTTP sends them, rather than a Basic plan."""
    coded = text.rsplit(maxsplit=1)[-1]
    try:
        pair = base64.b64decode(coded + "=" * (-len(coded) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return
    if ":" in pair and pair.isprintable():
        yield 0, len(text)


def _closed(part: re.Match[str]) -> str:
    """A part of a link that opens an account, masked where it is no word: a value that is named so, or one that looks random."""
    if part[2]:
        return part[1] + MASK
    return MASK if _random(part[4]) else part[0]


def _random(text: str) -> bool:
    """Whether a part of a link looks like a token rather than like words: "9f8a7b6c5d", but not "reset-in-2-steps"."""
    if re.fullmatch(r"(?i)(?=.*\d)[0-9a-f-]{16,}", text):
        return True
    parts = [part for part in re.split(r"[-.~%+]", text) if len(part) >= 8]
    mixed = re.compile(r"\d[^\W\d_]+\d|[^\W\d_]\d+[^\W\d_]|(?=.*\d)(?=.*[a-z])[a-z0-9]*[A-Z]")
    return any(mixed.search(part) or (len(part) >= 20 and re.search("[a-z][A-Z]", part)) for part in parts)


def _cards(run: str) -> Iterator[tuple[int, int]]:
    """Where card numbers stand in a run of digits and gaps: a network's prefix and length, and Luhn's check digit."""
    groups = [(match.start(), match.end()) for match in re.finditer(r"\d+", run)]
    at = 0
    while at < len(groups):
        for last in range(min(at + 19, len(groups)) - 1, at - 1, -1):
            sizes = [end - start for start, end in groups[at : last + 1]]
            if not 14 <= sum(sizes) <= 19 or not _grouped(sizes):
                continue
            digits = "".join(str(unicodedata.digit(sign)) for start, end in groups[at : last + 1] for sign in run[start:end])
            if _CARD.fullmatch(digits) and _luhn(digits):
                yield groups[at][0], groups[last][1]
                at = last
                break
        at += 1


def _grouped(sizes: list[int]) -> bool:
    """Whether digits are grouped as a card's may be, rather than being dates or a list of numbers."""
    if len(sizes) < 3:
        return min(sizes) >= 4
    alike = len(set(sizes[:-1])) == 1 and sizes[-1] <= sizes[0]
    return alike or all(size >= 4 for size in sizes[:-1])


def _luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(int(digit) for digit in digits[-1::-2]) + sum(doubled)) % 10 == 0


def _ibans(run: str) -> Iterator[tuple[int, int]]:
    """Where an IBAN stands at the beginning of a run of letters and digits: its country's length, and the check by 97."""
    wanted = int(_IBAN_LENGTHS.get(run[:2].upper(), 0))
    places = [at for at, sign in enumerate(run) if sign.isalnum()]
    if 0 < wanted <= len(places):
        iban = "".join(run[at] for at in places[:wanted]).upper()
        if iban.isascii() and int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97 == 1:
            yield 0, places[wanted - 1] + 1
