"""Account records worded as sentences: by templates, generically, within bounds, and with the date they are as of."""

import json
import random
import re
import unicodedata
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.accounts import (
    MOST_FACTS,
    Wording,
    account_facts,
    as_of,
    first_name,
    read_wordings,
    record_digest,
    valid_customer_id,
)
from knowledge_base.errors import UserError
from knowledge_base.redaction import redact, redaction_rules
from knowledge_base.settings import HERE


def said(record, *wordings):
    return [fact.text for fact in account_facts(record, list(wordings))]


def test_a_template_words_its_field():
    facts = account_facts({"plan": "Team"}, [Wording("plan", "Plan", "The workspace is on the {plan} plan.")])
    assert [(fact.path, fact.title, fact.text) for fact in facts] == [("plan", "Plan", "The workspace is on the Team plan.")]


def test_a_template_over_several_fields_leaves_none_of_them_for_generic_wording():
    record = {"seats": {"used": 7, "bought": 10, "spare": 1}}
    assert said(record, Wording("seats", "Seats", "{used} of {bought} seats are used.")) == [
        "7 of 10 seats are used.",
        "The account's seats spare: 1.",
    ]


def test_a_template_with_a_missing_or_empty_field_is_not_used():
    wording = Wording("seats", "Seats", "{used} of {bought} seats are used.")
    assert said({"seats": {"used": 7, "bought": None}}, wording) == ["The account's seats used: 7."]
    assert said({"seats": {"used": 7}}, wording) == ["The account's seats used: 7."]
    assert said({}, wording) == []


def test_a_value_with_words_of_its_own_is_said_by_them():
    wording = Wording("auto_renew", "Renewal", None, {"yes": "It renews by itself.", "no": "It does not renew."})
    assert said({"auto_renew": True}, wording) == ["It renews by itself."]
    assert said({"auto_renew": False}, wording) == ["It does not renew."]
    assert said({"auto_renew": "maybe"}, wording) == ["The account's auto renew is maybe."]


def test_each_item_of_a_list_is_a_fact_with_a_path_of_its_own():
    record = {"invoices": [{"number": "I-1", "status": "paid"}, {"number": "I-2", "status": "past_due"}]}
    facts = account_facts(record, [Wording("invoices[]", "Invoice", "Invoice {number} is {status}.")])
    assert [(fact.path, fact.text) for fact in facts] == [
        ("invoices.0", "Invoice I-1 is paid."),
        ("invoices.1", "Invoice I-2 is past due."),
    ]


def test_a_template_names_fields_beside_its_own_and_those_of_what_an_item_belongs_to():
    record = {"orders": [{"number": "10-443", "state": "shipped", "lines": [{"sku": "A1", "count": 2}]}]}
    state = Wording("orders[].state", "Order", "Order {number} is {state}.", {"shipped": "Order {number} is on its way."})
    line = Wording("orders[].lines[]", "Order", "Order {parent.number} holds {count} pieces of {sku}.")
    facts = account_facts(record, [state, line])
    assert [(fact.path, fact.text) for fact in facts] == [
        ("orders.0.state", "Order 10-443 is on its way."),
        ("orders.0.lines.0", "Order 10-443 holds 2 pieces of A1."),
    ]


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        ({"billing": {"address": {"street": "Main St 1", "zip": "01234", "city": "Berlin"}}},
         "The account's billing address is Main St 1, 01234, Berlin."),
        ({"tags": ["gold", "early_bird", "beta"]}, "The account's tags are gold, early bird and beta."),
        ({"security": {"mfaEnabled": True}}, "The account's security MFA is enabled."),
        ({"security": {"sso_enabled": False}}, "The account's security SSO is not enabled."),
        ({"is_vip": True}, "The account is VIP."),
        ({"verified": False}, "The account is not verified."),
        ({"newsletter_opt_in": True}, "The account's newsletter opt in: yes."),
        ({"created_at": "2026-01-02"}, "The account was created on 2 January 2026."),
        ({"emailVerifiedAt": 1767312000}, "The account's email was verified on 2 January 2026, 00:00 UTC."),
        ({"subscription": {"renewed_on": "2026-05-01"}}, "The account's subscription was renewed on 1 May 2026."),
        ({"seats": {"used": 7}}, "The account's seats used: 7."),
        ({"api_calls": 12000}, "The account's number of API calls is 12,000."),
        ({"storage_mb": 512}, "The account's storage is 512 MB."),
        ({"session_length_minutes": 1}, "The account's session length is 1 minute."),
        ({"discount_percent": 15}, "The account's discount is 15%."),
        ({"balance_usd": 1234.5}, "The account's balance is 1,234.50 USD."),
        ({"billing": {"balance": 129.5, "currency": "eur"}}, "The account's billing balance is 129.50 EUR."),
        ({"plan": {"price": {"amount": 49, "currency": "USD"}}}, "The account's plan price is 49 USD."),
        ({"billing": {"billing_email": "a@b.example"}}, "The account's billing email is a@b.example."),
        ({"warehouse_code": 104431}, "The account's warehouse code is 104431."),
        ({"externalId": "cus_abcdef"}, "The account's external ID is cus_abcdef."),
        ({"note": "She called twice, and will call again."}, 'The account\'s note: "She called twice, and will call again."'),
        ({"custom_fields": [{"name": "Region", "value": "EMEA"}]}, "Custom field Region: EMEA."),
        ({"lines": [{"sku": "A-1", "product": "Oak table", "qty": 2}]}, 'Line "Oak table": SKU A-1, quantity 2.'),
        ({"returns": [{"rma": "R-8", "order_no": "20-551"}]}, "Return R-8: order number 20-551."),
        ({"items": [{"name": "Oak table"}]}, 'Item "Oak table".'),
        ({"vouchers": [{"code": "V-1", "percent": 10, "min_order": 3}]}, "Voucher V-1: 10%, minimum order 3."),
        ({"shipments": [{"carrier": "DHL", "eta": "2026-11-30"}]}, "Shipment: carrier DHL, expected arrival 30 November 2026."),
        ({"addresses": [{"city": "Paris", "kind": "home"}]}, "Address: city Paris, kind home."),
        ({"transactions": {"tx_1": {"type": "refund", "amount": 12.0, "currency": "GBP"}}},
         "Transaction tx_1: type refund, amount 12.00 GBP."),
        ({"data": {"loyalty": {"tier": "gold"}}}, "The account's loyalty tier is gold."),
        ({"router": {"delivery_expected": "2026-11-30"}}, "The account's router delivery expected: 30 November 2026."),
        ({"visit": {"scheduled_on": "2026-11-30"}}, "The account's visit scheduled: 30 November 2026."),
        ({"line_speed_mbps": 110}, "The account's line speed is 110 Mbps."),
        ({"bill_total_gbp": 71.4}, "The account's bill total: 71.40 GBP."),
        ({"lines": [{"msisdn": "07700 900877", "roaming_enabled": False, "cap_gbp": 12.5}]},
         "Line: phone number 07700 900877, roaming not enabled, cap 12.50 GBP."),
    ],
    ids=str,
)  # fmt: skip
def test_fields_never_seen_are_worded_as_sentences(record, sentence):
    assert said(record) == [sentence]


def test_each_thing_of_a_list_is_one_sentence_that_names_it():
    record = {
        "orders": [
            {"id": "10-443", "status": "shipped", "total": 129.5, "currency": "USD", "placed_on": "2026-10-03", "gift": False,
             "shipping": {"carrier": "DHL", "tracking_number": 34567890123}, "lines": [{"sku": "A1", "unitPrice": 64.75}]},
        ],
        "tickets": [{"id": 88, "subject": "Cannot log in, again", "state": "waiting_on_customer", "resolved": False}],
    }  # fmt: skip
    facts = account_facts(record, [])
    assert [(fact.path, fact.title, fact.text) for fact in facts] == [
        ("orders.0", "Orders", "Order 10-443: status shipped, total 129.50 USD, placed on 3 October 2026, gift no, shipping carrier DHL, "
         "shipping tracking number 34567890123."),
        ("orders.0.lines.0", "Orders", "Order 10-443, line A1: unit price 64.75 USD."),
        ("tickets.0", "Tickets", 'Ticket 88: subject "Cannot log in, again", state waiting on customer, not resolved.'),
    ]  # fmt: skip


def test_what_a_template_leaves_of_a_thing_is_said_with_its_name():
    record = {"invoices": [{"number": "I-1", "status": "paid", "pages": 3}, {"number": "I-2", "status": "open"}]}
    assert said(record, Wording("invoices[]", "Invoice", "Invoice {number} is {status}.")) == [
        "Invoice I-1 is paid.",
        "Invoice I-2 is open.",
        "Invoice I-1: pages 3.",
    ]


def test_a_thing_of_many_fields_is_said_in_several_sentences_that_each_name_it():
    record = {"devices": [{"serial": "S-9", "id": "D-1", **{f"reading_{number}": "value of some length" for number in range(30)}}]}
    sentences = said(record)
    assert len(sentences) > 2
    assert all(sentence.startswith("Device D-1: ") and len(sentence) < 300 for sentence in sentences)
    assert sum(sentence.count("value of some length") for sentence in sentences) == 30


def test_long_texts_are_cut_and_line_breaks_and_invisible_signs_are_not_kept():
    record = {"note": "one\u2028two\x85three", "story": "word " * 500, "hidden": "a\u202eb\x00c"}
    note, story, hidden = said(record)
    assert note == "The account's note is one two three."
    assert len(story) < 350
    assert story.endswith('word…"')
    assert hidden == "The account's hidden is a b c."


def test_numbers_are_worded_for_people():
    record = {"a": 12000, "b": 9.0, "c": 1234.5, "d": 2026, "e": 0, "f": 28800.0, "g": 0.125}
    assert [text.split(" is ")[1] for text in said(record)] == ["12,000.", "9.", "1,234.50.", "2026.", "0.", "28,800.", "0.125."]


def test_a_large_record_is_bounded_and_the_newest_things_of_each_list_are_kept():
    orders = [{"id": f"O-{number}", "placed_on": f"{2000 + number // 12}-{1 + number % 12:02}-01"} for number in range(300)]
    record = {"payments": [{"id": f"P-{number}", "kind": "card"} for number in range(5000)], "orders": orders, "tier": "gold"}
    facts = account_facts(record, [])
    texts = " ".join(fact.text for fact in facts)
    assert len(facts) == MOST_FACTS + 1
    assert len(account_facts({"payments": record["payments"][:1000]}, [])) == 1000
    assert "The account's tier is gold." in texts
    assert "Order O-299:" in texts
    assert "Payment P-4999:" not in texts
    assert "Payment P-0:" in texts
    assert (facts[-1].path, facts[-1].text) == (
        f"payments.{MOST_FACTS - 301}",
        f"{5301 - MOST_FACTS:,} further details of payments are on record but not listed here.",
    )


def test_a_record_nested_beyond_reason_is_worded_without_an_error():
    deep = inner = {}
    for _ in range(400):
        inner["x"] = inner = {"y": 1}
    assert len(said(deep)) < 40


def test_any_record_is_worded_as_whole_sentences():
    keys = ["id", "", "a.b", "amount", "currency", "createdAt", "is_", "***", "名前", "lines", "address", "x_usd", "1", "name", "value"]
    scalars = [None, "", "  ", True, 0, -1, 1e9, 1.5, "USD", "2026-01-01", "…", "a, b. c", "x" * 999, 10**18, "\n", '"']
    rng = random.Random(4)

    def thing(depth):
        shape = rng.random() if depth < 5 else 1.0
        if shape < 0.3:
            return {rng.choice(keys): thing(depth + 1) for _ in range(rng.randrange(5))}
        return [thing(depth + 1) for _ in range(rng.randrange(4))] if shape < 0.5 else rng.choice(scalars)

    for _ in range(1500):
        record = {rng.choice(keys): thing(0) for _ in range(6)}
        for fact in account_facts(redact(record), []):
            assert re.search(r'[.!?…]"?$', fact.text), fact.text
            assert "  " not in fact.text
            assert len(fact.text) < 900
            assert fact.title


def test_the_bundled_templates_word_every_field_of_the_bundled_customers():
    wordings = read_wordings(HERE / "wording.yaml")
    for line in (HERE / "customers.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        generic = [fact for fact in account_facts(record, wordings) if fact.text.startswith("The account's") or ": " in fact.text[:30]]
        assert generic == []
        assert record["contact"]["name"] not in " ".join(fact.text for fact in account_facts(record, wordings))


def test_every_bundled_template_is_used_for_some_bundled_customer():
    records = [json.loads(line) for line in (HERE / "customers.jsonl").read_text("utf-8").splitlines()]
    entries = yaml.safe_load(Path(HERE / "wording.yaml").read_text("utf-8"))
    for wording, entry in zip(read_wordings(HERE / "wording.yaml"), entries, strict=True):
        assert any(fact.title == wording.title for record in records for fact in account_facts(record, [wording])), entry


@pytest.mark.parametrize(
    ("record", "date"),
    [
        ({"updated_at": "2026-11-22T10:55:00+02:00"}, "2026-11-22T08:55:00Z"),
        ({"asOf": "2026-11-22"}, "2026-11-22"),
        ({"updated_at": "2026-11-20", "exported_at": "2026-11-22T00:00:00Z"}, "2026-11-22T00:00:00Z"),
        ({"lastUpdated": 1767312000}, "2026-01-02T00:00:00Z"),
        ({"updated_at": 1767312000000}, "2026-01-02T00:00:00Z"),
        ({"meta": {"updated_at": "2026-11-22T10:55"}}, "2026-11-22T10:55:00"),
        ({"_metadata": {"as_of": "2026-11-22 10:55 UTC"}}, "2026-11-22T10:55:00Z"),
        ({"updated_at": "yesterday"}, ""),
        ({"updated_at": "2026-13-45"}, ""),
        ({"updated_at": "0001-01-01T00:00:00+01:00"}, ""),
        ({"updated_at": "9999-12-31T23:59:59-05:00"}, ""),
        ({"as_of": "1900-01-01", "updated_at": "1969-12-31T23:00:00Z", "modified": "1970-01-01"}, "1970-01-01"),
        ({"updated_at": None, "modified": "2026-01-01"}, "2026-01-01"),
        ({"orders": [{"updated_at": "2026-01-01"}]}, ""),
        ({"price_updated_at": "2026-01-01"}, ""),
        ({}, ""),
    ],
    ids=str,
)
def test_a_record_says_when_it_was_true(record, date):
    assert as_of(record) == date


def test_the_date_that_a_record_is_as_of_is_no_fact_of_the_account():
    assert said({"updated_at": "2026-11-20", "tier": "gold"}) == ["The account's tier is gold."]


def test_no_template_says_a_secret_that_was_redacted_or_puts_one_together():
    wordings = [Wording("card.number", "Card", "The card is {number}."), Wording("parts", "Card", "The card is {a} {b} {c} {d}.")]
    record = redact({"card": {"number": "4111 1111 1111 1111"}, "parts": {"a": "4111", "b": "1111", "c": "1111", "d": "1111"}})
    assert not [text for text in said(record, *wordings) if text.startswith("The card is")]
    rules = redaction_rules(patterns=[r"X-\d\d"])
    assert account_facts({"a": "X", "b": 77}, [Wording("a", "A", "It is {a}-{b}.")], rules) == []


def test_empty_fields_and_the_contact_are_not_worded():
    assert said({"customer_id": "X", "contact": {"name": "Ada", "email": "a@b.example"}, "a": None, "b": "", "c": [None], "d": {}}) == []


def test_a_list_that_holds_nothing_is_said_unless_templates_say_what_is_in_it():
    assert said({"orders": [], "billing": {"plan": "Pro", "credit_notes": []}})[::2] == [
        "The account has no orders.",
        "The account has no billing credit notes.",
    ]
    assert said({"fraud_flags": []}, Wording("fraud_flags[]", "Risk", "{kind}", audience="internal")) == []


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


def test_wordings_are_read_and_a_broken_file_is_one_sentence(tmp_path):
    path = tmp_path / "wording.yaml"
    assert read_wordings(None) == []
    with pytest.raises(UserError, match=r"There is no wording file .*wording\.yaml: mend its path"):
        read_wordings(path)
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


@pytest.mark.parametrize("customer_id", [None, 7, True, b"A", ["A"], {"$ne": ""}, ("A",), 1.5], ids=repr)
def test_what_is_no_text_is_no_customer_id(customer_id):
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


def test_what_an_internal_audience_may_read_is_told_apart_also_inside_a_list():
    record = {
        "plan": "Team", "hold": True, "notes": [{"by": "Jo", "text": "Pays late."}],
        "orders": [{"id": "O-1", "total": 5, "margin": 3}, {"id": "O-2", "total": 7}],
    }  # fmt: skip
    entries = [Wording("hold", "Hold", values={"yes": "A hold is set."}, audience="internal")]
    entries += [Wording(path, "Inside", audience="internal") for path in ("notes[]", "orders[].margin")]
    facts = account_facts(record, entries)
    told = [fact.text for fact in facts if fact.audience == "public"]
    assert told == ["The account's plan is Team.", "Order O-1: total 5.", "Order O-2: total 7."]
    inside = [fact.text for fact in facts if fact.audience == "internal"]
    assert "A hold is set." in inside and any("margin 3" in text for text in inside) and any("Pays late" in text for text in inside)
    assert len(facts) == len(told) + len(inside)


@pytest.mark.parametrize(
    ("name", "internal"),
    [("internal_notes", True), ("notesInternal", True), ("agent_comment", True), ("fraud_review", True), ("riskScore", True),
     ("aml_status", True), ("churn_probability", True), ("internal", True), ("notes", False), ("fraud_alerts", False),
     ("internal_transfers", False), ("agent", False), ("risk_profile", False), ("review", False)],
)  # fmt: skip
def test_a_field_that_is_named_as_staffs_is_for_the_agent_alone(name, internal):
    for record in ({"plan": "Team", name: "seen"}, {"plan": "Team", "cards": [{"id": "C-1", name: "seen"}]}):
        told = [fact.text for fact in account_facts(record, []) if fact.audience == "public"]
        assert any("seen" in text for text in told) != internal and "The account's plan is Team." in told
        assert any("seen" in fact.text for fact in account_facts(record, []))
    assert account_facts({name: "seen"}, [Wording(name, "Name", "It was {" + name + "}.")])[0].audience == "public"


def test_an_audience_that_is_none_is_one_sentence(tmp_path):
    (tmp_path / "wording.yaml").write_text("- {path: plan, text: x, audience: friends}", "utf-8")
    with pytest.raises(UserError, match="public or internal"):
        read_wordings(tmp_path / "wording.yaml")


def test_a_legal_hold_of_the_bundled_customers_is_for_the_agent_alone():
    wordings = read_wordings(HERE / "wording.yaml")
    for record in (json.loads(line) for line in (HERE / "customers.jsonl").read_text("utf-8").splitlines()):
        facts = account_facts(record, wordings)
        assert [fact.path for fact in facts if fact.audience == "internal"] == ["flags.legal_hold"]
        assert not any("hold" in fact.text for fact in facts if fact.audience == "public")


def test_the_last_digits_and_the_expiry_of_a_card_are_said_in_words():
    record = {"cards": [{"brand": "Visa", "last4": "0042", "exp": "12/27"}], "card": {"last_4": "4242", "expiry": "2027-12-31"}}
    assert said(record) == [
        "Card: brand Visa, ending in 0042, expires 12/27.",
        "The account's card ends in 4242.", "The account's card expires 31 December 2027.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("record", "texts"),
    [
        ({"created": 1764230400}, ["The account was created on 27 November 2025, 08:00 UTC."]),
        ({"last_login": 1764230400000}, ["The account's last login: 27 November 2025, 08:00 UTC."]),
        ({"ts": 1764230400}, ["The account's ts is 27 November 2025, 08:00 UTC."]),
        ({"valid_until": 1764230400}, ["The account's valid until: 27 November 2025, 08:00 UTC."]),
        ({"used": 1764230}, ["The account's used: 1,764,230."]),
        ({"phone": 1764230400}, ["The account's phone is 1764230400."]),
        ({"seen_at": "2026-11-20T08:10:00Z"}, ["The account was seen on 20 November 2026, 08:10 UTC."]),
        ({"updated_note_at": "2026-11-20 08:10+02:00"}, ["The account's updated note: 20 November 2026, 08:10 UTC+02:00."]),
        ({"opened": "2026-11-20"}, ["The account was opened on 20 November 2026."]),
        ({"fee": {"cents": 990, "currency": "EUR"}}, ["The account's fee is 9.90 EUR."]),
        ({"balance_cents": -4710, "currency": "EUR"}, ["The account's balance is -47.10 EUR."]),
        ({"balance_cents": -4710}, ["The account's balance is -47.10."]),
        ({"fee_cents": 990, "currency": "JPY"}, ["The account's fee is 990 JPY."]),
        ({"currency": "EUR", "usage": {"monthly_spend": 40}}, ["The account's usage monthly spend is 40 EUR."]),
        ({"currency": "EUR", "orders": [{"id": "O-1", "total": 5}]}, ["Order O-1: total 5 EUR."]),
        ({"currency": "EUR", "orders": [{"id": "O-1", "total": 5, "currency": "USD"}]}, ["Order O-1: total 5 USD."]),
        ({"currency": "EUR", "plan": "M"}, ["The account's currency is EUR.", "The account's plan is M."]),
    ],
    ids=str,
)  # fmt: skip
def test_times_and_amounts_are_said_as_a_person_would(record, texts):
    assert said(record) == texts


@pytest.mark.parametrize(
    ("record", "name"),
    [
        ({"full_name": "Ada Brook"}, "Ada"), ({"fullName": "Ada Brook"}, "Ada"), ({"name": {"first": "Ada", "last": "Brook"}}, "Ada"),
        ({"customer": {"given_name": "Ada"}}, "Ada"), ({"profile": {"name": "Ada Brook"}}, "Ada"),
        ({"contact": {"full_name": "Ada Brook"}, "name": "Acme"}, "Ada"), ({"company_name": "Acme"}, None),
    ],
)  # fmt: skip
def test_a_first_name_is_found_under_its_common_names(record, name):
    assert first_name(record) == name
