"""Account records from JSON lines, CSV files and databases: what is read, what is left out, and whose record is held on to."""

import datetime
import decimal
import json
import sqlite3
import uuid

import pytest

from knowledge_base.customer_queries import plain_value
from knowledge_base.customer_rows import NO_ID
from knowledge_base.customer_sources import NOBODY_REMOVED, read_customers
from knowledge_base.sources import CustomerFile, CustomerQuery
from tests.conftest import write_customers


def listing(*paths):
    return read_customers(tuple(CustomerFile(path=path) for path in paths))


def from_text(folder, text, name="customers.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return listing(path)


def database(folder, *statements):
    path = folder / "crm.db"
    with sqlite3.connect(path) as db:
        for statement in statements:
            db.execute(statement)
    db.close()
    return path


def from_query(path, query):
    return read_customers((CustomerQuery(url=f"sqlite:///{path}", query=query),))


def refused(sources, *words):
    found = read_customers(sources)
    assert (found.records, found.left_out) == ([], [])
    ((_, text),) = found.unreached
    assert "\n" not in text
    assert all(word in text for word in words), text
    return text


def test_a_first_row_too_long_for_one_cell_is_cut_by_its_own_sign_or_refused(tmp_path):
    columns = [f"column_{number}" for number in range(12_000)]
    names = ";".join(["customer_id", *columns])
    assert len(names) > 131_072
    assert len(from_text(tmp_path, f"{names}\nA-1{';x' * len(columns)}\n").records) == 1
    (tmp_path / "customers.csv").write_text(f"customer_id,{'x' * 140_000}\nA-1,x\n", "utf-8")
    refused((CustomerFile(path=tmp_path / "customers.csv"),), "first row", "is not valid CSV", "mend it")


def test_bad_lines_are_reported_with_their_place_and_the_good_ones_are_kept(tmp_path):
    path = tmp_path / "customers.jsonl"
    write_customers(
        path,
        [
            {"customer_id": "A-1"}, '{"customer_id": ', {"customer_id": "A-1"}, {"company": "no id"}, {"customer_id": "a b"},
            "", "[1, 2]",
            '{"customer_id": "N", "x": NaN}', '{"customer_id": "N", "x": 1e999}', '{"customer_id": "N", "x": "\\ud800"}',
            "[" * 100_000,
            '{"customer_id": "N", "x": ' + "9" * 5000 + "}", {"customer_id": None}, {"customer_id": 42}, {"customer_id": True},
        ],
    )  # fmt: skip
    found = listing(path)
    assert [record["customer_id"] for record in found.records] == ["A-1", 42]
    assert [place for place, _ in found.left_out] == [f"customers.jsonl:{line}" for line in (2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 15)]
    reasons = dict(found.left_out)
    assert "not valid JSON" in reasons["customers.jsonl:2"]
    assert "repeats customer_id A-1" in reasons["customers.jsonl:3"]
    assert "no valid customer_id" in reasons["customers.jsonl:4"]
    assert all("\n" not in reason for reason in reasons.values())
    assert found.kept == {"N"}
    assert found.unknown == 7


@pytest.mark.parametrize(
    ("line", "kept", "unknown"),
    [
        ('{"customer_id": "A-1", "plan": "Te', {"A-1"}, 0),
        ('{"plan": {"x": 1}, "customer_id" : "A-1", oops}', {"A-1"}, 0),
        ('{"customer_id": 42, "plan": oops}', {"42"}, 0),
        ('{"customer_id": 4', set(), 1),
        ('{"customer_id": "A-', set(), 1),
        ('{"customer_id": "A-1", "merged": {"customer_id": "B-2"}, oops', set(), 1),
        ('{"customer_id": "A 1", oops', set(), 1),
        ('{"customer_id": "GOOD", oops', set(), 0),
        ("oops", set(), 1),
    ],
)
def test_a_broken_line_holds_on_to_the_one_customer_that_it_names(tmp_path, line, kept, unknown):
    path = tmp_path / "customers.jsonl"
    write_customers(path, [line, {"customer_id": "GOOD"}])
    found = listing(path)
    assert (found.kept, found.unknown, len(found.left_out)) == (kept, unknown, 1)
    assert ("none is removed until it is mended" in found.left_out[0][1]) == bool(unknown)
    assert [record["customer_id"] for record in found.records] == ["GOOD"]


def test_a_line_separator_inside_a_text_does_not_cut_the_record(tmp_path):
    found = from_text(tmp_path, '\ufeff{"customer_id": "A", "note": "one\u2028two\x85three"}\r\n', "customers.jsonl")
    assert found.left_out == []
    assert found.records == [{"customer_id": "A", "note": "one\u2028two\x85three"}]


@pytest.mark.parametrize("content", [None, b"caf\xe9", "folder"])
@pytest.mark.parametrize("name", ["customers.jsonl", "customers.csv"])
def test_a_customer_file_that_is_missing_or_no_text_is_one_sentence(tmp_path, name, content):
    path = tmp_path / name
    if content == "folder":
        path.mkdir()
    elif content:
        path.write_bytes(b"customer_id\n" * (name == "customers.csv") + content)
    refused((CustomerFile(path=path),), name)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["customers.json", "customers.jsonl"])
def test_an_array_of_records_is_read_on_however_many_lines(tmp_path, name, indent):
    records = [{"customer_id": "A", "tags": ["x"]}, {"customer_id": "B", "seats": {"used": 2}}, {"company": "of nobody"}, 5]
    found = from_text(tmp_path, json.dumps(records, indent=indent) + "\n", name, "utf-8-sig")
    assert found.records == records[:2]
    assert found.left_out == [(f"{name}, record {number}", f"{NO_ID}; {NOBODY_REMOVED}") for number in (3, 4)]
    assert (from_text(tmp_path, "[\n" + ",\n".join(map(json.dumps, records)) + "\n]\n", name).records) == records[:2]
    assert from_text(tmp_path, json.dumps(records[0], indent=2), name).records == records[:1]
    assert from_text(tmp_path, "[]", name).unreached == []


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("customers.jsonl", '{"users": [{"customer_id": "A"}]}\n', "the first, customers.jsonl:1, has no valid customer_id"),
        ("customers.jsonl", '{"users": [\n{"customer_id": "A"},\n{"customer_id": "B"}\n]}\n', "only the array of the customers"),
        ("customers.json", '[\n{"customer_id": "A"},\n{"customer_id": "B"},\n]\n', "not valid JSON: mend it"),
        ("customers.json", '[\n{"customer_id": "A"},\n{"customer_id": "B"}\n', "cut short"),
        ("customers.json", '[{"name": "A"}]', "record 1, has no valid customer_id"),
        ("customers.toml", '[[customers]]\ncustomer_id = "A"\n', "begins a JSON array"),
        ("customers.toml", 'customer_id = "A"\n', "write a JSON object with a customer_id on each line"),
        ("customers.jsonl", '{\n  "customer_id": "A"\n}\n{\n  "customer_id": "B"\n}\n', "is not valid JSON"),
        ("customers.csv", "customer_id,plan\nA B,x\n", "the first, customers.csv:2"),
    ],
)
def test_a_file_of_which_nothing_is_a_customer_is_one_sentence(tmp_path, name, text, word):
    (tmp_path / name).write_text(text)
    refused((CustomerFile(path=tmp_path / name),), str(tmp_path / name), word)


@pytest.mark.parametrize("query", ["SELECT company FROM c", "SELECT id FROM c", "SELECT NULL AS customer_id FROM c", "SELECT used FROM c"])
def test_a_query_without_ids_is_one_sentence(tmp_path, query):
    path = database(
        tmp_path, "CREATE TABLE c (id TEXT, company TEXT, used INTEGER)", "INSERT INTO c VALUES ('A', 'Acme', 7), ('B', 'Bolt', 1)"
    )
    refused((CustomerQuery(url=f"sqlite:///{path}", query=query),), "yields no customer_id: name its columns")


def test_of_several_sources_the_others_are_read_and_the_broken_ones_named(tmp_path, monkeypatch):
    write_customers(tmp_path / "one.jsonl", [{"customer_id": "A"}])
    (tmp_path / "two.csv").write_text("customer_id\nB\n")
    monkeypatch.setenv("CRM_URL", "sqlite:////nowhere/crm.db")
    query = CustomerQuery(url_env="CRM_URL", query="SELECT 1 AS customer_id")
    files = [CustomerFile(path=tmp_path / name) for name in ("one.jsonl", "gone.csv", "two.csv")]
    found = read_customers((query, *files))
    assert [record["customer_id"] for record in found.records] == ["A", "B"]
    assert [name for name, _ in found.unreached] == ["customers:sql:CRM_URL", f"customers:{(tmp_path / 'gone.csv').as_posix()}"]


def test_two_sources_are_read_in_turn_and_a_customer_of_both_counts_once(tmp_path):
    write_customers(tmp_path / "one.jsonl", [{"customer_id": "A", "from": 1}, {"customer_id": "B", "from": 1}])
    (tmp_path / "two.csv").write_text("customer_id,from\nB,2\nC,2\n")
    found = listing(tmp_path / "one.jsonl", tmp_path / "two.csv")
    assert found.records == [{"customer_id": "A", "from": 1}, {"customer_id": "B", "from": 1}, {"customer_id": "C", "from": 2}]
    assert found.left_out == [("two.csv:2", "repeats customer_id B")]
    assert (found.kept, found.unknown) == (set(), 0)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_the_dialect_of_a_csv_file_is_told_from_its_header(tmp_path, delimiter, encoding):
    rows = [["name", "customer_id", "note"], ["Ada", "A-1", '"one, two; ""three"" | four\nfive"'], ["Bo", "007", ""]]
    found = from_text(tmp_path, "\r\n".join(delimiter.join(row) for row in rows) + "\r\n", encoding=encoding)
    assert found.left_out == []
    assert found.records == [
        {"name": "Ada", "customer_id": "A-1", "note": 'one, two; "three" | four\nfive'},
        {"name": "Bo", "customer_id": "007", "note": None},
    ]


def test_dotted_headers_build_objects_and_lists(tmp_path):
    found = from_text(
        tmp_path,
        "Customer ID,contact.name,seats.used,invoices.0.number,invoices.0.total,invoices[1].number,invoices[1].total,"
        "tags.1,tags.2,usage.2026\n"
        "A,Ada,7,I-1,12.50,I-2,3,gold,beta,5\nB,Bo,2,I-3,4,,,gold,,6\nC,,,,,,,,,\n",
    )
    assert found.records == [
        {"customer_id": "A", "contact": {"name": "Ada"}, "seats": {"used": 7}, "tags": ["gold", "beta"], "usage": {"2026": 5},
         "invoices": [{"number": "I-1", "total": 12.5}, {"number": "I-2", "total": 3}]},
        {"customer_id": "B", "contact": {"name": "Bo"}, "seats": {"used": 2}, "tags": ["gold"], "usage": {"2026": 6},
         "invoices": [{"number": "I-3", "total": 4}]},
        {"customer_id": "C", "contact": {"name": None}, "seats": {"used": None}, "tags": [], "usage": {"2026": None}, "invoices": []},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "cell", "value"),
    [
        ("seats", "7", 7), ("seats", "-7", -7), ("price", "12.50", 12.5), ("seats", "0", 0), ("score", "0.5", 0.5), ("seats", "007", "007"),
        ("phone", "4915112345", "4915112345"), ("mobile_phone", "015112345", "015112345"), ("zip", "90210", "90210"),
        ("postcode", "01067", "01067"),
        ("order_id", "10443", "10443"), ("invoiceNumber", "12", "12"), ("app_version", "1.10", "1.10"), ("vat_id", "123", "123"),
        ("number_of_seats", "12", 12), ("active", "true", True), ("active", "FALSE", False), ("a", "", None), ("a", "  ", None),
        ("a", "NULL", None), ("a", "\\N", None), ("a", " x ", "x"), ("a", "1,5", "1,5"), ("a", "1e5", "1e5"),
        ("a", "12345678901234567890", "12345678901234567890"),
        ("a", "2026-01-01", "2026-01-01"), ("a", '{"b": [1]}', {"b": [1]}), ("a", '[{"b": 1}]', [{"b": 1}]), ("a", "[urgent]", "[urgent]"),
        ("a", "[1]", "[1]"), ("a", "yes", "yes"), ("a", "nan", "nan"), ("a", "+5", "+5"),
    ],
)  # fmt: skip
def test_cells_are_typed_and_identifiers_stay_text(tmp_path, name, cell, value):
    quoted = '"' + cell.replace('"', '""') + '"'
    assert from_text(tmp_path, f"customer_id;{name}\nA;{quoted}\n").records == [{"customer_id": "A", name: value}]


def test_broken_rows_of_a_csv_file_are_left_out_with_the_line_they_begin_on(tmp_path):
    found = from_text(
        tmp_path,
        'customer_id,company\nA,"two\nlines"\n\nB,Bolt, Inc\nC\n,none\nD D,blank\nE,"quote" x\nF,fine\nA,again\nG,"never ends\nH,lost\n',
    )
    assert [record["customer_id"] for record in found.records] == ["A", "F"]
    assert [place for place, _ in found.left_out] == [f"customers.csv:{line}" for line in (5, 6, 7, 8, 9, 11, 12)]
    assert found.left_out[0][1] == "has 3 cells, the first row has 2"
    assert found.kept == {"B", "C"}
    assert found.unknown == 4


def test_the_id_of_a_row_with_too_many_cells_is_told_only_where_it_stands_first(tmp_path):
    found = from_text(tmp_path, "company,customer_id\nBolt, Inc,B\nAcme,A\n")
    assert (found.kept, found.unknown) == (set(), 1)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("company,plan", "no column customer_id"), ("", "no column customer_id"), ("customer_id,plan,plan", "names the field plan twice"),
        ("customer_id,a,a.b", "names the field a"), ("customer_id,customer_id", "more than one column"),
        ("Customer-Id,customerId", "more than one column"), ('customer_id,"a" b', "customers.csv"),
    ],
)  # fmt: skip
def test_a_header_that_cannot_be_read_is_one_sentence(tmp_path, header, reason):
    path = tmp_path / "customers.csv"
    path.write_text(header + "\nA,B,C\n")
    refused((CustomerFile(path=path),), "customers.csv", reason)


def test_a_database_yields_one_row_per_customer(tmp_path):
    path = database(
        tmp_path,
        "CREATE TABLE c (id INTEGER, company TEXT, used INTEGER, price NUMERIC, since DATE, orders JSON, logo BLOB)",
        """INSERT INTO c VALUES (1, 'Acme', 7, 12.5, '2026-01-02', '[{"id": 9}]', x'ff00')""",
        "INSERT INTO c VALUES (2, 'Bolt', NULL, 3, NULL, NULL, NULL)",
        "INSERT INTO c VALUES (NULL, 'None', 1, 1, NULL, NULL, NULL)",
        "INSERT INTO c VALUES (2, 'Again', 1, 1, NULL, NULL, NULL)",
    )
    found = from_query(
        path, "SELECT id AS customer_id, company, used AS \"seats.used\", price, since, orders, logo FROM c WHERE company LIKE '%'"
    )
    assert found.records == [
        {
            "customer_id": 1,
            "company": "Acme",
            "seats": {"used": 7},
            "price": 12.5,
            "since": "2026-01-02",
            "orders": [{"id": 9}],
            "logo": None,
        },
        {"customer_id": 2, "company": "Bolt", "seats": {"used": None}, "price": 3, "since": None, "orders": None, "logo": None},
    ]
    assert [place for place, _ in found.left_out] == ["sqlite:crm.db:3", "sqlite:crm.db:4"]
    assert (found.kept, found.unknown) == (set(), 1)


def test_a_database_yields_one_document_per_customer(tmp_path):
    path = database(
        tmp_path,
        "CREATE TABLE c (document TEXT)",
        """INSERT INTO c VALUES ('{"customer_id": "A", "seats": {"used": 7}}'), ('{"customer_id": "B", '), ('[1]'), (NULL), ('{"a": 1}')""",
    )
    found = from_query(path, "SELECT document FROM c")
    assert found.records == [{"customer_id": "A", "seats": {"used": 7}}]
    assert [place for place, _ in found.left_out] == [f"sqlite:crm.db:{row}" for row in (2, 3, 4, 5)]
    assert (found.kept, found.unknown) == ({"B"}, 3)


def test_a_query_of_many_customers_is_read_to_its_end(tmp_path):
    path = database(tmp_path, "CREATE TABLE c (id INTEGER)")
    query = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3500) SELECT 'C-' || i AS customer_id, ':x' AS a FROM n"
    )
    found = from_query(path, query)
    assert [record["customer_id"] for record in found.records] == [f"C-{number}" for number in range(1, 3501)]


@pytest.mark.parametrize(
    "query", ["DELETE FROM c", "INSERT INTO c VALUES (3)", "DROP TABLE c", "DELETE FROM c RETURNING id AS customer_id"]
)
def test_a_query_cannot_change_the_database(tmp_path, query):
    path = database(tmp_path, "CREATE TABLE c (id INTEGER)", "INSERT INTO c VALUES (1)")
    refused((CustomerQuery(url=f"sqlite:///{path}", query=query),), "crm.db")
    assert [record["customer_id"] for record in from_query(path, "SELECT id AS customer_id FROM c").records] == [1]


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("SELECT nope FROM c", "no such column"), ("SELEC", "syntax error"), ("SELECT id, id FROM c", "no column customer_id"),
        ("SELECT id AS customer_id, id AS a, id AS a FROM c", "names the field a twice"),
    ],
)  # fmt: skip
def test_a_query_that_fails_is_one_sentence(tmp_path, query, word):
    path = database(tmp_path, "CREATE TABLE c (id INTEGER)")
    refused((CustomerQuery(url=f"sqlite:///{path}", query=query),), "crm.db", word)


def test_a_database_that_is_not_there_is_one_sentence_and_is_not_created(tmp_path):
    path = tmp_path / "crm.db"
    refused((CustomerQuery(url=f"sqlite:///{path}", query="SELECT 1 AS customer_id"),), "crm.db")
    assert not path.exists()
    path.write_bytes(b"this is no database" * 100)
    refused((CustomerQuery(url=f"sqlite:///{path}", query="SELECT id AS customer_id FROM c"),), "not a database")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://reader:Hush%40pw@127.0.0.1:1/crm", "mysql+pymysql://reader:Hush%40pw@127.0.0.1:1/crm",
        "nosuch://reader:Hush%40pw@127.0.0.1/crm", "postgresql://reader:Hush%40pw@127.0.0.1:port/crm", "://Hush%40pw", "Hush%40pw",
        "sqlite:////nowhere/at/all.db?password=Hush%40pw", "mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BPWD%3DHush%40pw",
    ],
)  # fmt: skip
def test_a_database_that_cannot_be_reached_is_one_sentence_without_the_password(url):
    text = refused((CustomerQuery(url=url, query="SELECT 1 AS customer_id"),))
    assert "Hush" not in text


def test_the_url_may_stand_in_an_environment_variable(tmp_path, monkeypatch):
    path = database(tmp_path, "CREATE TABLE c (id INTEGER)", "INSERT INTO c VALUES (5)")
    source = CustomerQuery(url_env="CRM_URL", query="SELECT id AS customer_id FROM c")
    refused((source,), "CRM_URL")
    monkeypatch.setenv("CRM_URL", f"sqlite:///{path}")
    assert read_customers((source,)).records == [{"customer_id": 5}]
    refused((CustomerQuery(query="SELECT 1"),), "database URL")


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (decimal.Decimal("129.50"), 129.5), (decimal.Decimal("7"), 7), (decimal.Decimal("NaN"), None),
        (decimal.Decimal("0.1234567890123456789"), "0.1234567890123456789"), (float("inf"), None), (float("nan"), None),
        (datetime.datetime(2026, 1, 2, 3, 4, 5, 678), "2026-01-02T03:04:05"), (datetime.date(2026, 1, 2), "2026-01-02"),
        (datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC), "2026-01-02T00:00:00+00:00"), (datetime.time(9, 30), "09:30:00"),
        (datetime.timedelta(hours=1), "1:00:00"), (uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (b"text", "text"), pytest.param(memoryview(b"text"), "text", id="memoryview"), (b"\xff\x00", None), (b"\x00", None),
        ({"a": decimal.Decimal("1.5"), 2: [datetime.date(2026, 1, 2)]}, {"a": 1.5, "2": ["2026-01-02"]}),
        ((1, None), [1, None]), (True, True),
    ],
    ids=repr,
)  # fmt: skip
def test_values_of_databases_become_values_of_records(value, plain):
    found = plain_value(value)
    assert found == plain
    assert type(found) is type(plain)
