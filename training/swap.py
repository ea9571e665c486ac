"""Live facts swapped for invented ones: the same way in every text of a lesson, and each in its own form.

Numbers keep their length and their order, so that a limit stays above what it limits; dates move by one span, so that an
end stays behind its beginning; times, codes, addresses and capitalised names become others of the kind. Zero, one and
100% stay, for grammar hangs on them, and so do common abbreviations.
"""

import datetime
import random
import re
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import suppress

from assistant.spelling import Spellings, ordinary
from training.invented import Names
from training.numbering import numbers, ordinal, spoken_with_a_vowel
from training.tokens import MONTHS, NUMBER_WORDS, TOKEN, WEEKDAYS, kind_of, opens_sentence

_NO_NAMES = frozenset(
    "i we you he she it they me us my our your his her its their this that these those the a an and or but nor so if when whenever while "
    "where as in on at to of by for from with without within under over into is are was were be been do does did has have had can could "
    "may might must will would shall should not no never none only unless until once after before then than there here what who which "
    "how why all any each every some more most please yes hi hey hello dear thanks thank sorry note tip next".split()
)
_LIKE_A_SUBJECT = re.compile(
    r"(?:['’]s)?(?: >|:| (?:can|cannot|is|are|was|were|has|have|had|will|may|must|does|do|costs|includes|shows|gives|gets|keeps|needs|"
    r"allows|holds|lets|works|starts|ends|adds|comes|means|stays|runs|and|or|plans?|roles?|users?|members?)\b)"
)
"""What follows a name at the beginning of a sentence, and no imperative."""
_FOLLOWS_A_NAME = r"(?=\s+(?:plan|role|page|tab|menu|button|tier|subscription|edition)\b)"
_AN = re.compile(rf"\b([Aa])n? (?=(\d[\d,]*|{'|'.join(NUMBER_WORDS)})\b)")
_SITES = frozenset("com org net io example co app dev eu uk de fr us gov edu ai info".split())
_FILES = frozenset(
    "csv tsv pdf png jpg jpeg gif svg webp heic txt md rtf doc docx xls xlsx ppt pptx odt ods json jsonl xml yaml yml toml ini html htm "
    "css js ts py sh sql log zip gz tar rar ics vcf eml mp3 mp4 mov wav exe dmg apk msi iso bak cfg conf pem crt".split()
)
_MOST_YEARS = 4


class Swap:
    """The replacements of one lesson; call it with each of the texts.

    Args:
        texts: all texts of the lesson: they tell which numbers there are, and which words are names.
        people: whom and what the account names: the text, and ``first``, ``last`` or ``noun`` for what it becomes.
        product: what the live product is called.
        known: ordinary words, in small letters, and common abbreviations, in capitals.
        taken: words that no invented name may be.
        seed: decides the replacements.
    """

    def __init__(
        self, texts: Sequence[str], people: Mapping[str, str], product: Sequence[str], known: Set[str], taken: Set[str], seed: str
    ) -> None:
        self._rng = random.Random(seed)
        self._known = known
        self._drawn = Names(self._rng, taken | {word.lower() for text in [*texts, *people] for word in re.findall(r"\w+", text)})
        self.product = self._drawn.draw("product")
        self._memo: dict[tuple[str, str], str] = {}
        self._people = {**people, **dict.fromkeys(product, "product")}
        self._spellings = Spellings(self._people)
        self._days = self._rng.randrange(400, 365 * _MOST_YEARS)
        self._hours = self._rng.randrange(1, 12)
        self._names: set[str] = set()
        for text in texts:
            self._names |= self._names_in(self._without_people(text))
        self._numbers = numbers([self._without_people(text) for text in texts], self._rng)

    def __call__(self, text: str) -> str:
        """A text with everything swapped."""
        text = self._without_people(text)
        if self._names:
            names = "|".join(map(re.escape, sorted(self._names, key=len, reverse=True)))
            text = re.sub(rf"(?i)\b(?:{names})\b{_FOLLOWS_A_NAME}", lambda match: match[0][:1].upper() + match[0][1:], text)
        text = TOKEN.sub(lambda match: self._swapped(match, text), text)
        return _AN.sub(lambda match: f"{match[1]}{'n' if spoken_with_a_vowel(match[2]) else ''} ", _unmarked(text))

    def _without_people(self, text: str) -> str:
        """The text with the account's names and the product's replaced, marked so that they are not swapped again.

        A name inside an address stays, for the address is swapped as a whole.
        """
        whole = [match.span() for match in TOKEN.finditer(text) if _is_address(match)]
        parts, done = [], 0
        for begin, end, name in self._spellings.find(text):
            inside = any(first <= begin and end <= last and last - first > end - begin for first, last in whole)
            if not inside and (text[begin].isupper() or not ordinary(name, self._known)):
                parts += [text[done:begin], _marked(self._once(self._people[name], name.lower(), name))]
                done = end
        return "".join([*parts, text[done:]])

    def _once(self, kind: str, key: str, like: str = "") -> str:
        """The replacement of a token, drawn when it is first asked for; of several words, those of its first three."""
        if (kind, key) not in self._memo:
            words = re.findall(r"\w+", like)[:3]
            if kind == "product":
                new = self.product
            elif kind == "noun" and len(words) > 1:
                new = " ".join(self._once(kind, word.lower(), word) for word in words)
            else:
                new = self._drawn.draw(kind, like)
            self._memo[kind, key] = new
        return self._memo[kind, key]

    def _made(self, kind: str, key: str, make: Callable[[], str]) -> str:
        """The replacement of a token, made when it is first asked for, and never the token itself."""
        if (kind, key) not in self._memo:
            new = make()
            while new.lower() == key.lower():
                new = make()
            self._memo[kind, key] = new
        return self._memo[kind, key]

    def _swapped(self, match: re.Match[str], text: str) -> str:
        kind = kind_of(match)
        make: Callable[[re.Match[str]], str] | None = getattr(self, f"_{kind}", None)
        if kind == "name":
            return self._name(match, text)
        return make(match) if make else match[0]

    # One method for each kind of token, named after its group in ``training/tokens.py``; ``keep`` has none.

    def _email(self, match: re.Match[str]) -> str:
        who, where = (self._once(kind, f"of {match[0].lower()}", "b") for kind in ("first", "noun"))
        return f"{who}@{where}.example".lower()

    def _address(self, match: re.Match[str]) -> str:
        scheme, _, rest = match[0].rpartition("://")
        host, *parts = rest.split("/")
        ending = host.rpartition(".")[2]
        if not scheme and not parts and ending not in _SITES:
            end = ending if ending in _FILES else self._once("noun", f"end {ending}", "b").lower()
            return f"{self._once('noun', host.lower(), 'b').lower()}.{end}"
        site = self._once("noun", f"site {host.lower()}", "b").lower() + ".example"
        path = [self._once("noun", f"part {part.lower()}", "b").lower() if part else "" for part in parts]
        return (f"{scheme}://" if scheme else "") + "/".join([site, *path])

    def _iso(self, match: re.Match[str]) -> str:
        try:
            day = datetime.date.fromisoformat(match["iso"]) + self._span
        except ValueError:
            return self._digits(match["iso"]) + (match["at"] or "")
        at = re.sub(r"(?<=T)\d\d", lambda hour: f"{(int(hour[0]) + self._hours) % 24:02}", match["at"] or "")
        return day.isoformat() + at

    @property
    def _span(self) -> datetime.timedelta:
        return datetime.timedelta(days=self._days)

    def _moved(self, day: str, month: str, year: str | None) -> datetime.date | None:
        """A written date moved by the lesson's span; None where there is no such day."""
        for instead in (2026, 2028):  # one without and one with a 29th of February
            with suppress(ValueError):
                return datetime.date(int(year or instead), _month_number(month), int(day)) + self._span
        return None

    def _day_first(self, match: re.Match[str]) -> str:
        date = self._moved(match["day_first"], match["month_second"], match["year"])
        if date is None:
            return match[0]
        end = ordinal(date.day) if match["day_end"] else ""
        year = f"{match['gap']}{date.year}" if match["year"] else ""
        return f"{date.day}{end}{match['of']}{_month_like(date, match['month_second'])}{year}"

    def _month_first(self, match: re.Match[str]) -> str:
        date = self._moved(match["day_second"], match["month_first"], match["year_last"])
        if date is None:
            return match[0]
        end = ordinal(date.day) if match["end"] else ""
        year = f"{match['comma']}{date.year}" if match["year_last"] else ""
        return f"{_month_like(date, match['month_first'])}{match['space']}{date.day}{end}{year}"

    def _month(self, match: re.Match[str]) -> str:
        if match["month"] in ("May", "March") and not match["month_year"] and opens_sentence(match.string, match.start()):
            return match[0]
        date = datetime.date(int(match["month_year"] or 2026), _month_number(match["month"]), 15) + self._span
        return MONTHS[date.month - 1] + (f"{match['before_year']}{date.year}" if match["month_year"] else "")

    def _weekday(self, match: re.Match[str]) -> str:
        at = [day.lower() for day in WEEKDAYS].index(match[0].lower())
        new = WEEKDAYS[(at + 1 + self._days % 6) % 7]
        return new if match[0][0].isupper() else new.lower()

    def _clock(self, match: re.Match[str]) -> str:
        hour, _, rest = match[0].partition(":")
        return f"{(int(hour) + self._hours) % 24:0{len(hour)}}:{rest}"

    def _hour(self, match: re.Match[str]) -> str:
        return str((int(match[0]) - 1 + self._hours) % 12 + 1)

    def _phone(self, match: re.Match[str]) -> str:
        return self._made("phone", re.sub(r"\D", "", match[0]), lambda: f"+1 202-555-01{self._rng.randrange(100):02}")

    def _dotted(self, match: re.Match[str]) -> str:
        return ".".join(self._digits(part) for part in match[0].split("."))

    def _code(self, match: re.Match[str]) -> str:
        code = match[0]
        if re.fullmatch(r"[a-z]{4,}-\d+(?:-[a-z]+)*", code):
            return re.sub(r"\d+", lambda number: self._digits(number[0]), code)
        return self._made("code", code, lambda: "".join(map(self._sign, code)))

    def _padded(self, match: re.Match[str]) -> str:
        return self._digits(match[0])

    def _number(self, match: re.Match[str]) -> str:
        new = self._numbers.get(value := int(match["number"].replace(",", "")), value)
        written = f"{new:,}" if "," in match["number"] else str(new)
        decimals = self._digits(match["decimals"]) if match["decimals"] else ""
        return written + decimals + (ordinal(new) if match["ordinal"] else "")

    def _word(self, match: re.Match[str]) -> str:
        new = self._numbers[NUMBER_WORDS[match[0].lower()]]
        word = next((word for word, number in NUMBER_WORDS.items() if number == new), str(new))
        return word.capitalize() if match[0][0].isupper() else word

    def _name(self, match: re.Match[str], text: str) -> str:
        base, end = _base(match[0])
        if not self._is_name(base, text, match.start(), match.end() - len(end)):
            return match[0]
        return self._said(base) + end

    def _said(self, base: str) -> str:
        """A name's replacement: each of its capitalised parts by a noun, the plural by the noun's."""
        if "-" in base:
            return "-".join(self._said(part) if part[:1].isupper() and len(part) > 1 else part for part in base.split("-"))
        single = base[:-1] if base.endswith("s") and not base.endswith("ss") and len(base) > 3 else base
        new = self._once("noun", single.lower(), re.sub(r"\W", "", single))
        new = new.upper() if base.isupper() and len(base) > 1 else new
        return new + ("s" if single != base else "")

    def _sign(self, sign: str) -> str:
        """A letter or digit for another of its kind."""
        if sign.isdigit():
            return sign if sign == "0" else str(self._rng.randrange(1, 10))
        letters = "BCDFGHJKLMNPQRSTVWXZ"
        return self._rng.choice(letters if sign.isupper() else letters.lower()) if sign.isascii() and sign.isalpha() else sign

    def _digits(self, text: str) -> str:
        """Other digits in the same places; zeros stay."""
        if not re.search(r"[1-9]", text):
            return text
        return self._made("digits", text, lambda: "".join(map(self._sign, text)))

    def _names_in(self, text: str) -> set[str]:
        """The capitalised words that are names: those inside a sentence, and those that are no ordinary words."""
        found = set()
        for match in TOKEN.finditer(text):
            if kind_of(match) != "name":
                continue
            base, _ = _base(match[0])
            path = text.startswith(" > ", match.end())
            if not self._never(base) and (path or not self._ordinary(base.lower()) or not opens_sentence(text, match.start())):
                found.add(base)
        return found

    def _ordinary(self, word: str) -> bool:
        """Whether a word, its singular or the verb of its "-ing" is an ordinary one."""
        verb = re.fullmatch(r"(?:un|re)?(\w+?)(\w)ing", word)
        stems = {verb[1], verb[1] + verb[2], f"{verb[1]}{verb[2]}e"} if verb else set()
        return bool(self._known & {word, word.removesuffix("s"), *stems})

    def _never(self, base: str) -> bool:
        """Whether a capitalised word is no name wherever it stands: a small word, or an abbreviation that is common."""
        shouted = len(base) > 1 and base.isupper() and (base in self._known or base.lower() in self._known)
        return base.lower() in _NO_NAMES or shouted or (base.isupper() and base.removesuffix("s") in self._known) or len(base) == 1

    def _is_name(self, base: str, text: str, start: int, end: int) -> bool:
        if self._never(base) or not ({base, base.removesuffix("s"), f"{base}s"} & self._names):
            return False
        ordinary = base.lower() in self._known
        return not (ordinary and opens_sentence(text, start)) or _LIKE_A_SUBJECT.match(text, end) is not None


def _is_address(match: re.Match[str]) -> bool:
    """Whether a token is one beyond doubt, and not two words with a full stop between them, as in a login."""
    if match["address"]:
        host, *rest = match["address"].split("/")
        return bool(rest) or host.rpartition(".")[2] in _SITES | _FILES
    return match["email"] is not None


def _marked(text: str) -> str:
    """Letters shifted into a private range, so that no other pattern reads them."""
    return "".join(chr(ord(sign) + 0xF0000) for sign in text)


def _unmarked(text: str) -> str:
    return "".join(chr(ord(sign) - 0xF0000) if ord(sign) >= 0xF0000 else sign for sign in text)


def _base(word: str) -> tuple[str, str]:
    """A capitalised word without what an apostrophe adds to it, and that."""
    match = re.fullmatch(r"(?i)(.*?)((?:n['’]t|['’](?:s|ll|re|ve|d|m)?)?-?)", word)
    return (match[1], match[2]) if match and match[1] else (word, "")


def _month_number(name: str) -> int:
    return next(number for number, month in enumerate(MONTHS, 1) if month.startswith(name[:3]))


def _month_like(date: datetime.date, name: str) -> str:
    """A date's month, as short as another was written."""
    month = MONTHS[date.month - 1]
    return month if name in MONTHS and name != "May" else month[: max(3, len(name)) if name == "May" else 3]
