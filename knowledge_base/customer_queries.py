"""Account records read from a database by a query, through any SQLAlchemy URL."""

import datetime
import decimal
import enum
import math
import os
import re
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import sqlalchemy
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from knowledge_base.customer_rows import NO_ID, Columns, Row, document_row, nested
from knowledge_base.errors import UserError
from knowledge_base.sources import CustomerQuery

_AT_ONCE = 1000
_READ_ONLY = {
    "sqlite": "PRAGMA query_only = ON",
    "postgresql": "SET TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
    "oracle": "SET TRANSACTION READ ONLY",
}


def query_rows(source: CustomerQuery) -> Iterator[Row]:
    """The records that a query yields, fetched as they are read; nothing is ever written to the database.

    Raises:
        UserError: the database cannot be reached, or the query fails or yields no customers' records; no password is told.
    """
    url = _url(source)
    place = _place(url)
    try:
        engine = sqlalchemy.create_engine(url)
    except (NoSuchModuleError, ImportError, ArgumentError) as error:
        driver = getattr(error, "name", None) or url.drivername
        raise UserError(f"The customers' database {place} needs the driver {driver}: install it, or mend the URL.") from error
    try:
        with engine.connect() as connection:
            yield from _rows(connection, source.query, place)
    except (SQLAlchemyError, OSError, UnicodeError) as error:
        raise UserError(
            f"The customers' database {place} cannot be read ({_told(error, url)}): check it, the URL and the query."
        ) from error
    finally:
        engine.dispose()


def _rows(connection: Connection, query: str, place: str) -> Iterator[Row]:
    if statement := _READ_ONLY.get(connection.dialect.name):
        connection.exec_driver_sql(statement)
    streamed = {"stream_results": True, "yield_per": _AT_ONCE, "no_parameters": True}
    result = connection.exec_driver_sql(query, execution_options=streamed)
    names = list(result.keys()) if result.returns_rows else []
    documents = len(names) == 1 and names[0].lower() != "customer_id"
    try:
        columns = None if documents else Columns(names)
    except ValueError as error:
        raise UserError(
            f"The query on the customers' database {place} {error}: name its columns with AS, one of them customer_id."
        ) from error
    for number, row in enumerate(result, 1):
        where = f"{place}:{number}"
        if columns is None:
            yield _document(where, row[0])
        else:
            yield Row(where, columns.record([_column(value) for value in row]))


def _document(place: str, value: Any) -> Row:
    if isinstance(value, (str, bytes)):
        return document_row(place, value)
    return Row(place, plain_value(value)) if isinstance(value, dict) else Row(place, reason=NO_ID)


def _column(value: Any) -> Any:
    """A column's value; a text that holds a JSON object, as some databases return it, is read."""
    plain = plain_value(value)
    return document if isinstance(plain, str) and plain[:1] in ("{", "[") and (document := nested(plain)) is not None else plain


def plain_value(value: Any) -> Any:
    """A database's value as JSON has it: decimals as numbers where a number holds them, dates as ISO text, no binary data."""
    if value is None or isinstance(value, (bool, int, str)):
        return value.value if isinstance(value, enum.Enum) else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, decimal.Decimal):
        if not value.is_finite():
            return None
        number = int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)
        return number if decimal.Decimal(str(number)) == value else str(value)
    if isinstance(value, (datetime.datetime, datetime.time)):
        return value.isoformat(timespec="seconds")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): plain_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain_value(item) for item in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _text(bytes(value))
    if isinstance(value, uuid.UUID | datetime.timedelta):
        return str(value)
    return plain_value(value.value) if isinstance(value, enum.Enum) else str(value)


def _text(data: bytes) -> str | None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None


def _url(source: CustomerQuery) -> URL:
    text = os.environ.get(source.url_env, "") if source.url_env else source.url
    if not text:
        where = f"environment variable {source.url_env}" if source.url_env else "setting customers with kind sql"
        raise UserError(f"The {where} holds no database URL: set one such as postgresql+psycopg://reader@host/crm.")
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise UserError("The customers' database URL cannot be understood: write it as dialect+driver://user@host/database.") from None
    if url.get_backend_name() == "sqlite" and not _exists(url.database):
        raise UserError(f"There is no customers' database {url.database}: check the path in the URL, or set another.")
    return url


def _exists(database: str | None) -> bool:
    """Whether an SQLite database is there; opening one that is not would create it."""
    return bool(database) and (database == ":memory:" or str(database).startswith("file:") or Path(str(database)).is_file())


def _place(url: URL) -> str:
    """How a database is named in reports: without the user, the password and the options."""
    at = "/".join(part for part in (url.host, url.database if url.host else Path(url.database or "").name) if part)
    return f"{url.get_backend_name()}:{at}"


def _told(error: BaseException, url: URL) -> str:
    """What went wrong, in one line, without what is secret in the URL."""
    text = str(getattr(error, "orig", None) or error).split("\n", 1)[0]
    values: Sequence[Any] = [
        url.password,
        *(item for value in url.query.values() for item in ([value] if isinstance(value, str) else value)),
    ]
    for value in (value for value in values if value and len(str(value)) > 3):
        for spelling in {str(value), quote(str(value)), quote_plus(str(value)), repr(str(value))[1:-1]}:
            text = text.replace(spelling, "***")
    text = re.sub(r"(?i)(password|pwd)\s*[=:]\s*\S+", r"\1=***", text)
    return text[:200].rstrip(" .")
