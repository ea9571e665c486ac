"""Account records read from their sources: JSON lines, CSV files and databases."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from knowledge_base.accounts import Record, valid_customer_id
from knowledge_base.customer_rows import NO_ID, Columns, Row, document_row, names_id, typed
from knowledge_base.errors import UserError
from knowledge_base.sources import CustomerFile, CustomerSource

NOBODY_REMOVED = "it may be any customer's, so none is removed until it is mended"
_DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class CustomerListing:
    """The account records of all sources.

    ``left_out`` holds what cannot be read, as (place, reason); ``kept`` the ids of customers among it, who go on being
    served; ``unknown`` counts what may be any customer's, for no id can be told.
    """

    records: list[Record] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    unknown: int = 0


def read_customers(sources: tuple[CustomerSource, ...]) -> CustomerListing:
    """Read all account records; where two are of one customer, the first counts.

    Raises:
        UserError: a source cannot be reached, or is not what it is said to be.
    """
    records: dict[str, Record] = {}
    left_out: list[tuple[str, str]] = []
    told: set[str] = set()
    unknown = 0
    for source in sources:
        for row in _rows(source):
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
    return CustomerListing(list(records.values()), left_out, told - set(records), unknown)


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
        raise UserError(f"There is no customer file {path}: create it with one JSON record per line, or set DESK_CUSTOMERS.")
    try:
        yield from _csv_rows(path) if path.suffix.lower() in (".csv", ".tsv") else _json_lines(path)
    except UnicodeDecodeError as error:
        raise UserError(f"The customer file {path} is not UTF-8 text: save it as UTF-8.") from error
    except OSError as error:
        raise UserError(f"The customer file {path} cannot be read ({error.strerror or error}): check its permissions.") from error


def _json_lines(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield document_row(f"{path.name}:{number}", line)


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
