"""Account records: read, worded as sentences, and never with a secret in them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.accounts import (
    Wording,
    account_facts,
    first_name,
    read_customers,
    read_wordings,
    record_digest,
    valid_customer_id,
)
from knowledge_base.errors import UserError
from tests.conftest import write_customers


def said(record, *wordings):
    return [fact.text for fact in account_facts(record, list(wordings))]


def test_a_template_words_its_field():
    facts = account_facts({"plan": "Team"}, [Wording("plan", "Plan", "The workspace is on the {plan} plan.")])
    assert [(fact.path, fact.title, fact.text) for fact in facts] == [("plan", "Plan", "The workspace is on the Team plan.")]


def test_a_template_over_several_fields_leaves_none_of_them_for_generic_wording():
    record = {"seats": {"used": 7, "bought": 10, "spare": 1}}
    assert said(record, Wording("seats", "Seats", "{used} of {bought} seats are used.")) == [
        "7 of 10 seats are used.",
        "Seats, spare: 1.",
    ]


def test_a_template_with_a_missing_or_empty_field_is_not_used():
    wording = Wording("seats", "Seats", "{used} of {bought} seats are used.")
    assert said({"seats": {"used": 7, "bought": None}}, wording) == ["Seats, used: 7."]
    assert said({"seats": {"used": 7}}, wording) == ["Seats, used: 7."]
    assert said({}, wording) == []


def test_a_value_with_words_of_its_own_is_said_by_them():
    wording = Wording("auto_renew", "Renewal", None, {"yes": "It renews by itself.", "no": "It does not renew."})
    assert said({"auto_renew": True}, wording) == ["It renews by itself."]
    assert said({"auto_renew": False}, wording) == ["It does not renew."]
    assert said({"auto_renew": "maybe"}, wording) == ["Auto renew: maybe."]


def test_each_item_of_a_list_is_a_fact_with_a_path_of_its_own():
    record = {"invoices": [{"number": "I-1", "status": "paid"}, {"number": "I-2", "status": "past_due"}]}
    facts = account_facts(record, [Wording("invoices[]", "Invoice", "Invoice {number} is {status}.")])
    assert [(fact.path, fact.text) for fact in facts] == [
        ("invoices.0", "Invoice I-1 is paid."),
        ("invoices.1", "Invoice I-2 is past due."),
    ]


def test_unknown_nested_fields_are_worded_generically():
    record = {
        "billing": {"address": {"zipCode": 123, "tax_exempt": False}},
        "tags": ["gold", "early_bird"],
        "rows": [{"a": 1}, {"a": 2}],
    }
    assert said(record) == [
        "Billing, address, zip code: 123.",
        "Billing, address, tax exempt: no.",
        "Tags: gold, early bird.",
        "Rows 1, a: 1.",
        "Rows 2, a: 2.",
    ]


def test_numbers_are_worded_for_people():
    assert said({"a": 12000, "b": 9.0, "c": 1234.5, "d": 2026, "e": 0}) == [
        "A: 12,000.",
        "B: 9.",
        "C: 1,234.50.",
        "D: 2026.",
        "E: 0.",
    ]


def test_empty_fields_and_the_contact_are_not_worded():
    assert said({"customer_id": "X", "contact": {"name": "Ada", "email": "a@b.example"}, "a": None, "b": "", "c": [], "d": {}}) == []


@pytest.mark.parametrize(
    "record",
    [
        {"cvv": "hush"}, {"card": {"cvc2": "hush"}}, {"password": "hush"}, {"loginPassword": "hush"}, {"api": {"token": "hush"}},
        {"accessToken": "hush"}, {"api-key": "hush"}, {"apiKey": "hush"}, {"client_secret": "hush"}, {"private_key": "hush"},
        {"Card Number": "hush"}, {"cardNumber": "hush"}, {"pan": "hush"}, {"iban": "hush"}, {"ssn": "hush"}, {"pin": "hush"},
        {"security_code": "hush"}, {"passwords": ["hush"]}, {"tokens": [{"value": "hush"}]}, {"secret": {"deep": {"er": "hush"}}},
    ],
    ids=str,
)  # fmt: skip
def test_a_secret_is_never_worded(record):
    assert said({**record, "plan": "Team"}) == ["Plan: Team."]


@pytest.mark.parametrize("number", ["4111111111111111", "4111 1111 1111 1111", "5500-0000-0000-0004", 4111111111111111])
def test_a_card_number_is_never_worded_under_any_name_or_template(number):
    assert said({"payment": {"method": number}}) == []
    assert said({"payment": {"method": number}}, Wording("payment.method", "Payment", "It is paid by {method}.")) == []
    assert said({"notes": [f"card is {number}"]}) == []


def test_words_that_only_resemble_a_secret_are_worded():
    assert said({"company": "Pancake Pan Co", "spinning": 1, "expand": "yes"}) == [
        "Company: Pancake Pan Co.",
        "Spinning: 1.",
        "Expand: yes.",
    ]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Noemi Castellanos", "Noemi"), ("Łukasz Żak", "Łukasz"), ("Jose\u0301 Pérez", "José"), ("O'Brien Sean", "O'Brien"),
        ("Anne-Marie d’Arc", "Anne-Marie"), ("Nguyễn Anh", "Nguyễn"), ("王小明", "王小明"),
        ("प्रिया शर्मा", "प्रिया"), ("สมชาย ใจดี", "สมชาย"),
        ("محمّد علي", "محمّد"), ("Ольга Иванова", "Ольга"), ("  Ada  ", "Ada"), ("1234", None),
        ("<b>Ada</b>", None), ("[1] Ada", None),
        ("Dr. Who", None), ("x" * 90, None), ("", None),
    ],
)  # fmt: skip
def test_the_first_name_is_found_in_many_cultures(name, first):
    found = first_name({"contact": {"name": name}})
    assert found == (first and unicodedata.normalize("NFC", first))


def test_the_first_name_is_looked_for_in_several_places():
    assert first_name({"first_name": "Ada"}) == "Ada"
    assert first_name({"name": "Ada Smith"}) == "Ada"
    assert first_name({"contact": "Ada", "name": "Bo Li"}) == "Bo"
    assert first_name({"contact": {"name": 7}}) is None
    assert first_name({}) is None


def test_bad_lines_are_reported_with_their_place_and_the_good_ones_are_kept(tmp_path):
    path = tmp_path / "customers.jsonl"
    write_customers(
        path,
        [
            {"customer_id": "A-1"}, '{"customer_id": ', {"customer_id": "A-1"}, {"company": "no id"}, {"customer_id": "a b"},
            "", "[1, 2]",
            '{"customer_id": "N", "x": NaN}', '{"customer_id": "N", "x": 1e999}', '{"customer_id": "N", "x": "\\ud800"}',
            "[" * 100_000,
            '{"customer_id": "N", "x": ' + "9" * 5000 + "}", {"customer_id": None}, {"customer_id": 42},
        ],
    )  # fmt: skip
    records, left_out = read_customers(path)
    assert [record["customer_id"] for record in records] == ["A-1", 42]
    assert [place for place, _ in left_out] == [f"customers.jsonl:{line}" for line in (2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13)]
    reasons = dict(left_out)
    assert "not valid JSON" in reasons["customers.jsonl:2"]
    assert "repeats customer_id A-1" in reasons["customers.jsonl:3"]
    assert "no valid customer_id" in reasons["customers.jsonl:4"]
    assert all("\n" not in reason for reason in reasons.values())


def test_a_line_separator_inside_a_text_does_not_cut_the_record(tmp_path):
    path = tmp_path / "customers.jsonl"
    path.write_bytes('\ufeff{"customer_id": "A", "note": "one\u2028two\x85three"}\r\n'.encode())
    records, left_out = read_customers(path)
    assert left_out == []
    assert said(records[0]) == ["Note: one two three."]


@pytest.mark.parametrize("content", [None, b"caf\xe9", "folder"])
def test_a_customer_file_that_is_missing_or_no_text_is_one_sentence(tmp_path, content):
    path = tmp_path / "customers.jsonl"
    if content == "folder":
        path.mkdir()
    elif content:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"customers\.jsonl"):
        read_customers(path)


def test_wordings_are_read_and_a_broken_file_is_one_sentence(tmp_path):
    path = tmp_path / "wording.yaml"
    assert read_wordings(path) == []
    path.write_text('- path: invoices[]\n  text: "No {number}."\n- path: sso\n  values: {true: "It is on.", 0: "Nil."}\n')
    first, second = read_wordings(path)
    assert (first.path, first.title, first.text) == ("invoices[]", "Invoices", "No {number}.")
    assert second.values == {"yes": "It is on.", "0": "Nil."}
    for broken in (b"- [", b"just text", b"- text: no path", b"\xff", b"- path: 5"):
        path.write_bytes(broken)
        with pytest.raises(UserError, match=r"wording\.yaml"):
            read_wordings(path)


def test_the_digest_of_a_record_covers_its_wording():
    record = {"customer_id": "A", "plan": "Team"}
    one = record_digest(record, [Wording("plan", "Plan", "On {plan}.")])
    assert one == record_digest(dict(reversed(record.items())), [Wording("plan", "Plan", "On {plan}.")])
    assert one != record_digest(record, [Wording("plan", "Plan", "Has {plan}.")])
    assert one != record_digest({**record, "plan": "Free"}, [Wording("plan", "Plan", "On {plan}.")])


@pytest.mark.parametrize("customer_id", ["A", "TBW-215480", "a.b_c:d-9", "7", "x" * 64])
def test_ordinary_customer_ids_are_valid(customer_id):
    assert valid_customer_id(customer_id)


@pytest.mark.parametrize(
    "customer_id",
    [
        "", " ", "A B", "A\n", "\nA", "A\x00", "-A", ".", "..", "../A", "*", "A*", "%", "A%", "A?",
        "$ne", "{}", "['A']", '{"$ne": ""}', "A' OR '1'='1",
        "A;", "А-1", "Ａ", "A‐1", "١", "ﬀ", "A\u200b", "\u202eA", "é", "x" * 65, "A,B", "A|B", "A/B", "A\\B",
    ],
)  # fmt: skip
def test_hostile_customer_ids_are_rejected(customer_id):
    assert not valid_customer_id(customer_id)


@given(st.text(max_size=80))
def test_no_text_beyond_ascii_letters_digits_and_four_signs_is_a_customer_id(text):
    allowed = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-")
    assert valid_customer_id(text) == (0 < len(text) <= 64 and set(text) <= allowed and text[0] not in "._:-")


@given(
    st.text(alphabet="AB1-", min_size=1, max_size=8),
    st.sampled_from("*%?$ \n\t\x00'\"{}[]()<>|&;,/\\АВ١²ⅠＡ\u200b\u0301"),
    st.integers(0, 8),
)
def test_one_hostile_sign_anywhere_spoils_a_customer_id(text, sign, at):
    assert not valid_customer_id(text[:at] + sign + text[at:])
