"""Account records read from their sources: JSON, CSV files and databases."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from knowledge_base.accounts import Record, valid_customer_id
from knowledge_base.customer_rows import NO_ID, Columns, Row, document_row, names_id, typed
from knowledge_base.errors import UserError
from knowledge_base.sources import CustomerFile, CustomerSource

NOBODY_REMOVED = "it may be any customer's, so none is removed until it is mended"
_DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class CustomerListing:
    """The account records of all sources that could be read.

    ``left_out`` holds what cannot be read, as (place, reason); ``kept`` the ids of customers among it, who go on being
    served; ``unknown`` counts what may be any customer's, for no id can be told. ``unreached`` holds the sources that could not
    be read at all, as (name, reason): whose customers are theirs is not known, so none is removed.
    """

    records: list[Record] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    unknown: int = 0
    unreached: list[tuple[str, str]] = field(default_factory=list)


def read_customers(sources: tuple[CustomerSource, ...]) -> CustomerListing:
    """Read all account records; where two are of one customer, the first counts.

    A source that cannot be reached, or is not what it is said to be, gives none and is named.
    """
    records: dict[str, Record] = {}
    left_out: list[tuple[str, str]] = []
    told: set[str] = set()
    unknown, unreached = 0, []
    for source in sources:
        try:
            rows = _read(source)
        except UserError as error:
            unreached.append((source.name, str(error)))
            continue
        for row in rows:
            customer_id = _customer_id(row.record) if row.record is not None else row.told
            reason = row.reason if row.record is None else _flaw(row.record, customer_id)
            if not reason and customer_id in records:
                reason = f"repeats customer_id {customer_id}"
            if not reason and row.record is not None:
                records[customer_id] = row.record
                continue
            if valid_customer_id(customer_id):
                told.add(customer_id)
            else:
                unknown += 1
                reason = f"{reason}; {NOBODY_REMOVED}"
            left_out.append((row.place, reason))
    return CustomerListing(list(records.values()), left_out, told - set(records), unknown, unreached)


def _read(source: CustomerSource) -> list[Row]:
    """The rows of a source, to its end.

    Raises:
        UserError: it breaks off, or there are rows and none of them is a customer's record, so that it is something else.
    """
    rows = list(_rows(source))
    if not rows or any(row.record is not None and valid_customer_id(_customer_id(row.record)) for row in rows):
        return rows
    first = f"the first, {rows[0].place}, {rows[0].reason or NO_ID}"
    if isinstance(source, CustomerFile):
        raise UserError(
            f"No customer can be read from the file {source.path} ({first}): write a JSON object with a customer_id on each line, an array"
            " of such objects, or a .csv with a column customer_id."
        )
    place = rows[0].place.rpartition(":")[0]
    raise UserError(
        f"The query on the customers' database {place} yields no customer_id: name its columns with AS, one of them customer_id."
    )


def _rows(source: CustomerSource) -> Iterator[Row]:
    if isinstance(source, CustomerFile):
        return _file_rows(source.path)
    from knowledge_base.customer_queries import query_rows

    return query_rows(source)


def _customer_id(record: Record) -> str:
    value = record.get("customer_id")
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _flaw(record: Record, customer_id: str) -> str:
    if not valid_customer_id(customer_id):
        return NO_ID
    try:
        json.dumps(record, ensure_ascii=False, allow_nan=False).encode()  # no NaN, no infinity, no half characters
    except (ValueError, RecursionError) as error:
        return f"is not valid JSON ({error})"
    return ""


def _file_rows(path: Path) -> Iterator[Row]:
    if not path.is_file():
        raise UserError(f"There is no customer file {path}: create it, or name another in the setting `customers`.")
    try:
        yield from _csv_rows(path) if path.suffix.lower() in (".csv", ".tsv") else _json_rows(path)
    except UnicodeDecodeError as error:
        raise UserError(f"The customer file {path} is not UTF-8 text: save it as UTF-8.") from error
    except OSError as error:
        raise UserError(f"The customer file {path} cannot be read ({error.strerror or error}): check its permissions.") from error


def _json_rows(path: Path) -> Iterator[Row]:
    """A record per line; or the one array, or the one record, that a file is, on however many lines."""
    with path.open(encoding="utf-8-sig", newline="\n") as lines:
        first = next((line for line in lines if line.strip()), "")
        if first and not isinstance(_parsed(first), dict) and (found := _whole(path, first)) is not None:
            for number, record in enumerate(found, 1):
                place = f"{path.name}, record {number}"
                yield Row(place, record) if isinstance(record, dict) else Row(place, reason=NO_ID)
            return
        lines.seek(0)
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield document_row(f"{path.name}:{number}", line)


def _whole(path: Path, first: str) -> list[Any] | None:
    """The records of a file that is one JSON document, None for another file."""
    document = _parsed(path.read_text("utf-8-sig"))
    if isinstance(document, list):
        return document
    if isinstance(document, dict) and "customer_id" in document:
        return [document]
    if isinstance(document, dict):
        raise UserError(f"The customer file {path} is one object without a customer_id: leave in it only the array of the customers.")
    if document is None and first.lstrip().startswith("[") and _parsed(first) is None:
        raise UserError(f"The customer file {path} begins a JSON array that is cut short or not valid JSON: mend it or export it again.")
    return None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _csv_rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(text, strict=True, delimiter=_delimiter(path, text.readline()))
        text.seek(0)
        try:
            columns = Columns(next(reader))
        except csv.Error as error:
            raise UserError(f"The first row of the customer file {path} is not valid CSV ({error}): mend it and refresh.") from error
        except ValueError as error:
            raise UserError(f"The first row of the customer file {path} {error}: mend it and refresh.") from error
        while True:
            place = f"{path.name}:{reader.line_num + 1}"
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(place, reason=f"is not valid CSV ({error})")
                continue
            if not any(cells):
                continue
            if len(cells) != len(columns.names):
                # Cells before the flaw stand where they belong; of later ones nobody knows.
                told = cells[0].strip() if columns.of_id == 0 else ""
                yield Row(place, reason=f"has {len(cells)} cells, the first row has {len(columns.names)}", told=told)
            else:
                yield Row(place, columns.record([typed(name, cell) for name, cell in zip(columns.names, cells, strict=True)]))


def _delimiter(path: Path, header: str) -> str:
    """The sign that cuts the first row so that one of its cells is customer_id, and into the most cells."""
    cuts, flaw = [], ""
    for sign in _DELIMITERS:
        try:
            cells = next(csv.reader([header], delimiter=sign), [])
        except csv.Error as error:  # a row that another sign cuts may be too long for one cell
            flaw = str(error)
            continue
        if any(map(names_id, cells)):
            cuts.append((len(cells), sign))
    if not cuts and flaw:
        raise UserError(f"The first row of the customer file {path} is not valid CSV ({flaw}): mend it and refresh.")
    if not cuts:
        raise UserError(f"The customer file {path} has no column customer_id in its first row: name the column that holds the id so.")
    return max(cuts, key=lambda cut: cut[0])[1]
