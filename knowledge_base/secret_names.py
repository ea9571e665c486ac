"""Names of fields that say what must never be shown or what is for staff, in any spelling, and what secrets look like."""

import datetime
import functools
import re
import unicodedata
from typing import Any

from knowledge_base.phrasing import singular, tokens

_LOOKALIKES = str.maketrans("аеорсухіјѕԁһԛԝкмтвнαεορτυικνγ", "aeopcyxijsdhqwkmtbhaeoptuikvy")


def folded(key: str) -> str:
    """A text without accents, invisible signs and letters of other scripts that look like Latin ones."""
    if key.isascii():
        return key
    parts = unicodedata.normalize("NFKD", key)
    text = "".join(sign for sign in parts if unicodedata.category(sign) not in ("Mn", "Me", "Cf"))
    lower = "".join(sign.lower() if sign.lower().translate(_LOOKALIKES) != sign.lower() else sign for sign in text)
    return lower.translate(_LOOKALIKES)


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
    " twofactorcode authcode authenticationcode puk puk1 puk2 pukcode pin1 pin2 wifikey wlankey wpakey wepkey networkkey presharedkey psk"
    " doorcode gatecode entrycode entrancecode accesscode lockcode lockboxcode keypadcode keyboxcode alarmcode safecode"
    " licensekey licencekey productkey serialkey activationkey activationcode unlockcode basicauth authbasic"
    " securityquestion secretquestion challengequestion memorableword memorablephrase memorabledate memorableplace memorablename"
    " memorableinfo memorableinformation mothersmaidenname mothermaidenname sessionsid connectsid bankrouting achrouting abarouting"
    " driverlicensenumber driverlicenseno driverslicensenumber driverslicenseno drivinglicencenumber drivinglicenseno"
    " logincode signincode logoncode bankingcode bankingnumber signingcode securekey secureword securecode securitynumber securitydigits"
    " verificationnumber authorisationcode authorizationcode mpin tpin telepin mtan itan tanlist passnumber atmcode"
    " resetlink reseturl resetpasswordlink resetpasswordurl magiclink magicurl magicloginlink onetimelink onetimeurl autologinlink"
    " autologinurl verificationlink verificationurl activationlink activationurl".split()
) | frozenset(
    "".join(tokens(folded(name)))
    for name in (
        "wachtwoord parola parool haslo hasło heslo salasana losenord adgangskode jelszo sifre пароль パスワード 密码 密碼 비밀번호"
        " palavrapasse clavesecreta clavedeacceso claveacceso"
    ).split()
)
"""Secret names, words of a name written together."""
_ALONE = frozenset("pass cid cookie bearer sid clave".split())
"""Secret as a whole name only: there are boarding passes, cookie policies and the ids of messages."""
_OF_TICKETS = frozenset("tier zone zones price fare".split())
"""What a pass is said to have that lets somebody in or ride, and a password has not; both may be valid until a day."""
_PARTS = tuple(
    "password passwd passphrase passcode cardnumber accesstoken authtoken refreshtoken apikey privatekey secretkey clientsecret"
    " passwort kennwort contrasena motdepasse wachtwoord".split()
)
"""Secret wherever they stand in a name that is written together."""
_SHORT_NUMBERS = frozenset("pin mpin tpin telepin pincode pin1 pin2 puk puk1 puk2 cvv cvv2 cvc cvc2 csc cvn otp ssn pan".split())
"""Secrets that may be a bare number."""
_OTHER_CARDS = frozenset("sim loyalty member membership bonus library health".split())
_COUNTS = frozenset("count used limit usage quota total remaining left length attempts failures retries".split())
_HARMLESS = _COUNTS | frozenset(
    "at on date time updated changed created expires expiry expired age days minutes hours set enabled required requires has is policy"
    " rotation rotated reset strength budget".split()
)
_LAST_DIGITS = frozenset("last4 last4digits lastfour lastfourdigits lastdigits ending endingin".split())
_NUMBER = re.compile(r"(?=(?:\D*\d){3})[^\W_](?:[ .-]?[^\W_]){4,24}")
_BY_LOOK = (
    (
        frozenset(
            "passport driverlicense driverslicense driverlicence driverslicence drivinglicense drivinglicence idcard identitycard".split()
        ),
        _NUMBER,
    ),
    (frozenset(["routing"]), re.compile(r"\d(?:[ -]?\d){8}")),
    (frozenset("appcode smscode tan".split()), re.compile(r"\d{4,8}")),
)
"""Names of what has a number that is secret and other fields that are not, and how that number looks."""
_CREDENTIALS = re.compile(r"(?i)(?:basic|bearer|digest|token|apikey|negotiate)\s+\S+|[^\s:/]+:[^\s/]+")
_WHOLE_BY_LOOK = {
    "recovery": re.compile(r"(?=\S*\d)\S{4,}|[A-Z][A-Z-]{5,}"),
    "auth": _CREDENTIALS,
    "authorization": _CREDENTIALS,
}
"""The like of it, of names that are only telling alone."""

_STAFF = frozenset("aml watchlist blacklist blacklisted churn tipoff".split())
_STAFF_PAIRS = (
    (frozenset("internal staff agent agents csr".split()), frozenset("note notes comment comments remark remarks memo flag flags".split())),
    (
        frozenset("fraud risk".split()),
        frozenset("review score rating flag flags flagged case investigation suspected suspicion level class category marker".split()),
    ),
)
"""Of names of two such words: a ``fraud_alert`` and a note are the customer's, a ``fraud_review`` and an agent's note are not."""


@functools.lru_cache(maxsize=8192)
def secret_name(key: str, parent: str = "") -> bool:
    """Whether a field's name, alone or after that of what it stands in, says that its value must never be shown, in any spelling."""
    words = name_words(key)
    return _secret_words(words) or (bool(parent) and _secret_words((*map(singular, name_words(parent)), *words)))


@functools.lru_cache(maxsize=8192)
def name_words(key: str) -> tuple[str, ...]:
    """The words of a field's name, without accents and letters that only look like others."""
    return tuple(tokens(folded(key)))


@functools.lru_cache(maxsize=8192)
def _secret_words(words: tuple[str, ...]) -> bool:
    runs = _runs(words)
    if len(words) == 1 and runs & _ALONE:
        return True
    found = runs & _NAMES | {part for part in _PARTS for word in words if part in word}
    if found and all(name.startswith(("card", "cc", "primary", "bank", "iban", "pan")) for name in found):
        return not (_OTHER_CARDS & set(words) or any("".join(words[-count:]) in _LAST_DIGITS for count in (1, 2, 3)))
    return bool(found)


def is_ticket(key: str, value: Any) -> bool:
    """Whether a field called ``pass`` holds a pass such as a season ticket rather than a password."""
    return name_words(key) == ("pass",) and isinstance(value, dict) and any(_OF_TICKETS & set(name_words(inner)) for inner in value)


def harmless(words: tuple[str, ...], value: Any) -> bool:
    """Whether a field that is named like a secret only says something about it: ``password_updated_at``, ``tokens_used``."""
    if isinstance(value, bool):
        return len(words) > 1 or words[:1] == ("pass",)
    if _SHORT_NUMBERS & set(words) and isinstance(value, (int, float)):
        return bool(_COUNTS & set(words))
    if isinstance(value, (int, float, list)):  # a ``one_time_code`` is no time: these pass as they are, so the last word decides
        return bool(_COUNTS & set(words) or _HARMLESS & set(words[-1:]))
    return bool(_HARMLESS & set(words))


@functools.lru_cache(maxsize=8192)
def staff_name(key: str) -> bool:
    """Whether a field's name says that staff may read it and the customer may not: ``internal_notes``, ``fraud_review``, ``aml_flag``."""
    words = set(name_words(key))
    return bool(words & _STAFF or words == {"internal"} or any(words & subject and words & kind for subject, kind in _STAFF_PAIRS))


def secret_value(key: str, parent: str, value: Any) -> bool:
    """Whether a value is secret by its field's name together with its look: a passport's number is, its country is not."""
    words = name_words(key)
    runs = _runs((*map(singular, name_words(parent)), *words))
    patterns = [pattern for names, pattern in _BY_LOOK if names & runs]
    if len(words) == 1 and words[0] in _WHOLE_BY_LOOK:
        patterns.append(_WHOLE_BY_LOOK[words[0]])
    if not patterns:
        return False
    items = value if isinstance(value, list) else [value]
    texts = [str(item).strip() for item in items if isinstance(item, (str, int)) and not isinstance(item, bool)]
    return any(pattern.fullmatch(text) and not is_date(text) for pattern in patterns for text in texts)


def _runs(words: tuple[str, ...]) -> set[str]:
    """Up to four words of a name in a row written together, also without the number or the s at their end."""
    runs = {"".join(words[at:end]) for at in range(len(words)) for end in range(at + 1, min(at + 4, len(words)) + 1)}
    return runs | {form for run in runs for form in (run.removesuffix("s"), run.rstrip("0123456789"))} - {""}


def is_date(text: str) -> bool:
    """Whether a text is a date or a time as ISO writes them."""
    try:
        datetime.datetime.fromisoformat(text.strip())
    except ValueError:
        return False
    return "-" in text
