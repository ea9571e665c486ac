"""What is wrong with a setting, in words: a name that none has, in the file or the environment, a source that lacks a field, a value
that cannot be.
"""

import os
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from knowledge_base.errors import UserError
from knowledge_base.sources import CustomerFile, CustomerQuery, FolderSource, IntercomSource, ZendeskSource

OF_OTHERS = frozenset(
    "base_model engine voice answering evidence_tokens reply_tokens hand_off_below ask_above own_domains product_names teacher_url"
    " teacher_model teacher_key_env".split()
)
"""Settings of the assistant, which reads the same file and may not be imported here."""
PREFIX = "DESK_"
"""What the names of the settings' environment variables begin with."""
MISSPELT = 0.8
"""How alike a variable's name and a setting's are, at least, for it to be that one misspelt; what is less so may be another program's."""
_FIELDS = {
    source.model_fields["kind"].default: tuple(source.model_fields)
    for source in (FolderSource, ZendeskSource, IntercomSource, CustomerFile, CustomerQuery)
}
_VALUES = {
    "greater_than_equal": "must be at least {ge:g}",
    "greater_than": "must be more than {gt:g}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be {expected}",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "string_type": "must be a text in quotes",
    "path_type": "must be a path in quotes",
    "tuple_type": "must be a list of texts",
    "value_error": "must be a list of texts",
    "model_attributes_type": "must be a path in quotes, or a table with the line `kind`",
}


def check_keys(data: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuse what a settings file says that no program reads, for it was meant to be read.

    Args:
        data: what the file says.
        known: the names of the settings that the program at hand has; those of the others are known as well.

    Raises:
        UserError: a name is none of theirs.
    """
    names = {*known, *OF_OTHERS}
    for key in data:
        if key.lower() not in names:
            raise UserError(f"The file settings.toml says `{key}`, which is no setting: {_instead(key, names)}.")


def check_variables(data: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuse environment variables that are a setting's but for a slip, for they were meant to be read.

    Args:
        data: what the settings file says; it may name variables of its own, such as one that holds a token.
        known: as in ``check_keys``.

    Raises:
        UserError: there are such variables.
    """
    names, said = {*known, *OF_OTHERS}, str(data)
    slips = []
    for variable in sorted(os.environ):
        name = variable.lower().removeprefix(PREFIX.lower())
        if variable.upper().startswith(PREFIX) and name not in names and os.environ[variable] and variable not in said:
            slips += [f"{variable} (write {PREFIX}{near.upper()} instead)" for near in get_close_matches(name, sorted(names), 1, MISSPELT)]
    if slips:
        raise UserError(f"No setting is read from the environment variable {' or '.join(slips)}.")


def wrong_setting(error: ValidationError) -> str:
    """A sentence on the first setting that cannot be as it is, and where it is to be mended."""
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    variable = f"{PREFIX}{name.upper()}"
    where = f"the environment variable {variable}" if os.environ.get(variable) else "settings.toml"
    return f"{_flaw(first, name)} in {where}."


def _flaw(first: ErrorDetails, name: str) -> str:
    place, kind, context = first["loc"], first["type"], first.get("ctx", {})
    listed = f"Number {place[1] + 1} of the setting {name}" if len(place) > 1 and isinstance(place[1], int) else f"The setting {name}"
    source, field = (str(place[2]), str(place[3])) if len(place) > 3 else ("", "")
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        said = "has no `kind`" if kind == "union_tag_not_found" else f"has the kind {context['tag']!r}, which there is not"
        return f"{listed} {said}: write `kind = {_kinds(name)}` there"
    if kind == "extra_forbidden":
        return f"{listed} says `{field}`, which a source of the kind {source!r} does not have: {_instead(field, _FIELDS.get(source, ()))}"
    if kind == "missing":
        return f"{listed} does not say `{field}`, which a source of the kind {source!r} needs: add it"
    of_source = f" with its `{field}`" if field else ""
    value = _VALUES[kind].format(**context) if kind in _VALUES else f"is wrong ({first['msg'].lower()})"
    return f"{listed}{of_source} {value}, not {str(first['input'])[:60]!r}: mend it"


def _kinds(name: str) -> str:
    return '"file"` or `"sql"' if name == "customers" else '"folder"`, `"zendesk"` or `"intercom"'


def _instead(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name.lower(), list(known), 1)
    return f"write `{near[0]}` instead" if near else "take it out"
