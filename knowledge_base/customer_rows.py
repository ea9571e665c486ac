"""Rows of tables as account records: typed cells, and objects and lists out of the names of columns."""

import json
import re
from dataclasses import dataclass
from typing import Any

from knowledge_base.accounts import Record
from knowledge_base.phrasing import identifier, tokens

NO_ID = "has no valid customer_id (1 to 64 letters, digits and . _ : -)"
_TOLD_ID = re.compile(r'"customer_id"\s*:\s*(?:"([^"\\]*)"|(\d+)(?=\s*[,}]))')


@dataclass(frozen=True)
class Row:
    """A record with its place in the source, or why there is none and the id of the customer it is about, where that can be told."""

    place: str
    record: Record | None = None
    reason: str = ""
    told: str = ""


def document_row(place: str, text: str | bytes) -> Row:
    """A record that is kept as JSON text; of a broken one, the id is told where the text holds a single one."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        ids = {told or number for told, number in _TOLD_ID.findall(text if isinstance(text, str) else text.decode(errors="replace"))}
        return Row(place, reason=f"is not valid JSON ({getattr(error, 'msg', error)})", told=ids.pop() if len(ids) == 1 else "")
    return Row(place, record) if isinstance(record, dict) else Row(place, reason=NO_ID)


def names_id(name: str) -> bool:
    """Whether a column of this name holds the customer's id."""
    return "".join(tokens(name)) == "customerid"


class Columns:
    """The columns of a table, as fields of a record: ``contact.name`` and ``invoices.0.number`` name fields of objects and lists."""

    def __init__(self, names: list[str]) -> None:
        """Read the names of the columns.

        Raises:
            ValueError: a name comes twice, stands for a field and for an object, or none is ``customer_id``; the message
                follows the table's name.
        """
        self.names = [name.strip() for name in names]
        ids = [place for place, name in enumerate(self.names) if names_id(name)]
        exact = [place for place in ids if self.names[place] == "customer_id"]
        if len(exact or ids) != 1:
            raise ValueError("has no column customer_id" if not ids else "has more than one column customer_id")
        self.of_id = (exact or ids)[0]
        self._paths = [re.sub(r"\[(\d+)\]", r".\1", name).split(".") for name in self.names]
        self._paths = [path if all(path) else [name] for path, name in zip(self._paths, self.names, strict=True)]
        self._paths[self.of_id] = ["customer_id"]
        whole = [tuple(path) for path in self._paths if path != [""]]
        for path in whole:
            if whole.count(path) > 1 or any(path[:length] in whole for length in range(1, len(path))):
                raise ValueError(f"names the field {'.'.join(path)} twice")

    def record(self, values: list[Any]) -> Record:
        """A row's values as a record; empty ones inside lists are left out."""
        record: Record = {}
        for path, value in zip(self._paths, values, strict=True):
            if path == [""]:
                continue
            inside = record
            for part in path[:-1]:
                inside = inside.setdefault(part, {})
            inside[path[-1]] = value
        record["customer_id"] = record["customer_id"].strip() if isinstance(record["customer_id"], str) else record["customer_id"]
        return {key: _with_lists(value) for key, value in record.items()}


def _with_lists(value: Any) -> Any:
    """Objects whose keys count from 0 or 1 as lists."""
    if not isinstance(value, dict):
        return value
    inside = {key: _with_lists(item) for key, item in value.items()}
    places = sorted(int(key) for key in inside if key.isdecimal())
    if not inside or len(places) < len(inside) or places not in (list(range(len(places))), list(range(1, len(places) + 1))):
        return inside
    return [item for place in places if not _hollow(item := inside[str(place)])]


def _hollow(value: Any) -> bool:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return value is None if inside is None else all(map(_hollow, inside))


def typed(name: str, cell: str) -> Any:
    """A cell's value: a number, yes or no, nothing, a JSON object or list, else its text; ids, phone numbers and postcodes are text."""
    text = cell.strip()
    if text in ("", "NULL", "\\N"):
        return None
    if text[0] in "[{" and (document := nested(text)) is not None:
        return document
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if identifier(tokens(name)) or not re.fullmatch(r"-?(0|[1-9]\d{0,14})(\.\d{1,9})?", text):
        return text
    return float(text) if "." in text else int(text)


def nested(text: str) -> Any:
    """The object, or the list of objects, that a text holds as JSON; None for any other text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) or (isinstance(value, list) and all(isinstance(item, dict) for item in value)) else None
