"""Front matter: what a file says of its article before the text, in YAML between --- lines or in TOML between +++ lines."""

import datetime
import re
import tomllib
from collections.abc import Mapping
from typing import Any

import yaml

from knowledge_base.blocks import clean
from knowledge_base.yaml_texts import TextLoader

AUDIENCES = {"public": "public", "all": "public", "everyone": "public", "general": "public", "internal": "internal"}
"""What a file may call its audience, and which of the two that are searched it is."""
_NO = frozenset("false no off n 0 null none ~".split())
_YES = frozenset("true yes on y 1".split())
_HIDING = "draft unpublished private internal hidden unlisted archived".split()
"""Names that keep an article from customers unless they say no."""
_STATES = ("status", "state", "visibility")
_SERVED = frozenset("published public live online active enabled visible approved released final complete completed current stable".split())
_NOT_SERVED = frozenset(
    "draft unpublished private internal hidden unlisted archived pending review wip scheduled retired deprecated obsolete outdated deleted"
    " trash trashed inactive disabled offline restricted rejected".split()
) | {"in review", "in progress", "needs review", "under review", "to do"}


def front_matter(text: str) -> tuple[dict[str, Any], str]:
    """The front matter that a text may begin with, its names in small letters and every value a text, and what follows it.

    Raises:
        ValueError: it is not closed, no YAML or TOML, or says two things of one name.
    """
    body = text.lstrip()
    opening = re.match(r"(---|\+\+\+)[ \t]*\n", body)
    if opening is None:
        return {}, body
    fence = opening[1]
    closing = re.compile(r"^(---|\.\.\.)[ \t]*$\n?" if fence == "---" else r"^\+\+\+[ \t]*$\n?", re.MULTILINE).search(body, opening.end())
    if closing is None:
        raise ValueError(f"opens its front matter with {fence} but never closes it; add the closing {fence} line")
    written = body[opening.end() : closing.start()]
    above = text[: len(text) - len(body) + opening.end()].count("\n")
    meta = _yaml(written, above) if fence == "---" else _toml(written)
    if not isinstance(meta, dict):
        raise ValueError("has front matter that is no list of `name: value` lines; mend the block between the --- lines")
    return _folded(meta), body[closing.end() :]


def _yaml(written: str, above: int) -> Any:
    """The YAML below so many lines of the file."""
    try:
        return yaml.load(written, Loader=TextLoader) or {}  # noqa: S506  # makes only texts
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {above + mark.line + 1}" if mark else ""
        problem = clean(str(getattr(error, "problem", None) or error))[:60]
        line = (written.splitlines()[mark.line : mark.line + 1] or [""])[0] if mark else ""
        named = re.match(r"\s*([\w-]{1,30}): [^\"'\[{].*: ", line + " ")
        mend = f"put the value of `{named[1]}` in quotes" if named else "mend the block between the --- lines"
        raise ValueError(f"has front matter that is not valid YAML{where} ({problem}); {mend}") from error


def _toml(written: str) -> dict[str, Any]:
    try:
        meta: dict[str, Any] = _texts(tomllib.loads(written, parse_float=str))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(
            f"has front matter that is not valid TOML ({clean(str(error))[:80]}); mend the block between the +++ lines"
        ) from error
    return meta


def _texts(value: Any) -> Any:
    """A value of TOML as the YAML loader would give it."""
    if isinstance(value, dict):
        return {name: _texts(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_texts(inner) for inner in value]
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)


def _folded(meta: Mapping[Any, Any]) -> dict[str, Any]:
    folded: dict[str, Any] = {}
    for written, value in meta.items():
        name = clean(str(written)).lower()
        if folded.setdefault(name, value) != value:
            raise ValueError(f"says two things of `{name[:30]}` in its front matter; keep one")
    return folded


def audience_of(meta: Mapping[str, Any]) -> str:
    """Who may read an article by its front matter, "public" or "internal"; what is not published is for nobody outside.

    Raises:
        ValueError: it cannot be told.
    """
    audience = _word(meta, "audience")
    if audience and audience not in AUDIENCES:
        raise ValueError(f"has an audience {clean(str(meta['audience']))[:40]!r}; write public or internal")
    public = AUDIENCES.get(audience, "public") == "public"
    public = public and all(_word(meta, name) in {"", *_NO} for name in _HIDING)
    published = _word(meta, "published")
    public = public and (published in {"", *_YES} or re.match(r"\d{4}-", published) is not None)  # some tell the day instead
    for name in _STATES:
        state = _word(meta, name).replace("-", " ").replace("_", " ")
        if state and state not in _SERVED | _NOT_SERVED | AUDIENCES.keys():
            raise ValueError(f"has a {name} {state[:40]!r}, which does not tell whether customers may read it; write published or draft")
        public = public and (not state or state in _SERVED or AUDIENCES.get(state) == "public")
    return "public" if public else "internal"


def _word(meta: Mapping[str, Any], name: str) -> str:
    return clean(str(meta.get(name) or "")).lower()


def names_of(meta: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    """The plans or products (``kind`` "plan", "product") that an article is for: a list, or names with commas between them.

    Raises:
        ValueError: there is something else in their place.
    """
    found: list[str] = []
    for name in (f"{kind}s", kind):
        value = meta.get(name) or ""
        parts = value if isinstance(value, list) else [value] if isinstance(value, dict) else str(value).split(",")
        if any(isinstance(part, list | dict) for part in parts):
            raise ValueError(f"has a `{name}` that is neither a name nor a list of names; write `{name}: [One, Another]`")
        found += filter(None, map(clean, map(str, parts)))
    return tuple(dict.fromkeys(found))
