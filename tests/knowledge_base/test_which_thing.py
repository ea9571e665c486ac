"""Which thing of an account a question means, and when it is to be asked back."""

import json

import pytest

from knowledge_base.which_thing import which_thing
from tests.benchmarks import questions
from tests.benchmarks.objects import CUSTOMERS
from tests.knowledge_base.test_things import account

SHOP = account(
    {
        "customer_id": "S",
        "plan": "Basic",
        "usage": {"client_invoices_this_month": 4},
        "invoices": [
            {"number": "INV-2291", "date": "2026-11-02", "due": "2026-11-30", "amount": 40.0, "currency": "EUR", "status": "past_due"},
            {"number": "INV-2180", "date": "2026-05-02", "due": "2026-05-30", "amount": 65.0, "currency": "EUR", "status": "paid"},
            {"number": "INV-1502", "date": "2025-05-03", "due": "2025-05-31", "amount": 40.0, "currency": "EUR", "status": "paid"},
        ],
        "orders": [
            {"order_id": "W-1", "placed_on": "2026-11-01", "state": "in transit", "items": [{"name": "Cast iron kettle"}],
             "shipments": [{"tracking_number": "JD014", "carrier": "DHL", "eta": "2026-11-29"}]},
            {"order_id": "W-2", "placed_on": "2026-09-01", "state": "delivered", "items": [{"name": "Wool rug"}],
             "shipments": [{"tracking_number": "1Z99A", "carrier": "UPS", "eta": "2026-09-04"}]},
        ],
        "policies": [{"code": "P-1", "product": "Home", "renews": True}, {"code": "P-2", "product": "Travel", "renews": True}],
        "returns": [{"return_id": "R-3", "requested_on": "2026-09-20", "refund": 30.0, "currency": "EUR"}],
        "visits": [
            {"day_of_visit": day, "room": room} for day, room in (("2027-02-01", "Red"), ("2026-12-03", "Blue"), ("2026-10-01", "Oak"))
        ],
        "payments": [{"payment_id": f"P-{day}", "paid_on": f"2026-11-0{day}", "amount": 5.0 + day, "currency": "EUR"} for day in (1, 2)],
        "loans": [{"code": "L-9", "outstanding": 100.0, "next_payment": "2026-12-15", "currency": "EUR"}],
    }
)  # fmt: skip


def meant(question, history=()):
    return which_thing(question, history, SHOP)


def asked_about(question, history=()):
    found = meant(question, history)
    return [option.name.split(",")[0] for option in found.options] if found else []


def said(question, history=()):
    found = meant(question, history)
    return [fact.path for fact in found.facts[: found.asked]] if found else []


def test_a_number_with_a_hash_is_the_same_on_either_side():
    shop = account(
        {"customer_id": "S", "orders": [{"number": f"#{number}", "state": state} for number, state in ((1001, "open"), (1002, "sent"))]}
    )
    for name in ("#1002", "1002"):
        found = which_thing(f"What is the state of my order {name}?", (), shop)
        assert (found.options, found.asked) == ((), 1) and "sent" in found.facts[0].text
    for name in ("#W-2", "#w-2"):
        assert said(f"Where is my order {name}?") == said("Where is my order W-2?") != []


INVOICES = ["invoice INV-2291", "invoice INV-2180", "invoice INV-1502"]


@pytest.mark.parametrize(
    ("question", "options"),
    [
        ("When is my invoice due?", INVOICES),
        ("has our bill been paid", INVOICES),
        ("how much was the invoice?", INVOICES),
        ("invoice due date", INVOICES),
        ("I have a question about my invoice. When is it due?", INVOICES),
        ("When is my invoice from May due?", INVOICES[1:]),
        ("where is my order?", ["order W-1", "order W-2"]),
        ("which carrier brings my parcel", ["order W-1", "order W-2"]),
        ("what is my tracking number?", ["order W-1", "order W-2"]),
    ],
)
def test_a_question_that_several_things_fit_is_asked_back(question, options):
    assert asked_about(question) == options
    assert not meant(question).facts


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("When is INV-2180 due?", []),
        ("When is invoice INV-2180 due?", ["invoices.1"]),
        ("When is my invoice from November due?", ["invoices.0"]),
        ("when is last year's invoice due?", []),
        ("when was our invoice from last year due?", ["invoices.2"]),
        ("is the 65 euro invoice paid?", ["invoices.1"]),
        ("when is my unpaid invoice due", ["invoices.0"]),
        ("when is the invoice due that isn't paid", ["invoices.0"]),
        ("How much was my latest invoice?", ["invoices.0"]),
        ("How much was my first invoice?", ["invoices.2"]),
        ("what was my biggest invoice, how much was it?", ["invoices.1"]),
        ("has my kettle arrived?", ["orders.0"]),
        ("where is the order with the rug", ["orders.1", "orders.1.shipments.0"]),
        ("has my kettle shipped", ["orders.0"]),
        ("did my rug ship?", ["orders.1"]),
        ("which order is in transit", ["orders.0"]),
        ("what did I order last time?", ["orders.0"]),
        ("when did we last order", ["orders.0"]),
        ("the latest invoice please", ["invoices.0"]),
        ("my first invoice", ["invoices.2"]),
        ("last order", ["orders.0"]),
        ("how much was refunded?", ["returns.0"]),
        ("What is outstanding on my loan?", ["loans.0"]),
        ("when is my next payment", ["loans.0"]),
        ("my next payment", ["loans.0"]),
    ],
)
def test_a_question_that_names_one_is_not_asked_back(question, path):
    assert not asked_about(question)
    assert said(question)[: len(path)] == path


def test_the_next_and_the_last_are_told_by_the_day_of_the_record():
    assert said("when is my next visit?") == said("my next visit") == ["visits.1"]
    assert said("my last visit") == ["visits.2"]


@pytest.mark.parametrize("question", ["pay my latest invoice", "how much is refunded if I cancel?", "what did we order last month"])
def test_a_superlative_or_a_deed_alone_names_no_thing(question):
    assert not said(question)


def test_what_a_thing_that_goes_by_a_name_of_its_own_says_of_what_is_asked_is_marked():
    assert meant("has my kettle shipped").says
    assert not meant("When is invoice INV-2180 due?").says and not meant("the latest invoice").says


def test_where_all_say_the_same_nothing_is_asked_back():
    assert said("Does it renew? Is my policy renewed?") == ["policies.0", "policies.1"]


@pytest.mark.parametrize(
    "question",
    [
        "How do I download an invoice?",
        "Can I change the address on my invoice?",
        "Why is my invoice so high?",
        "When is an invoice due?",
        "When is the invoice sent?",
        "What is the invoice address?",
        "what invoices do I have?",
        "how many orders have I placed",
        "are all my invoices paid?",
        "Cancel my order.",
        "is the client invoice paid?",
        "When is my next invoice?",
        "My invoice shows the wrong company, how do I correct it?",
        "Which plan am I on?",
    ],
)
def test_what_is_plural_of_policy_or_of_something_else_is_not_asked_back(question):
    assert not asked_about(question)


ASKED = [
    ("customer", "When is my invoice due?"),
    ("agent", "Hi. Is it “Invoice INV-2291, 2026-11-02”, “Invoice INV-2180, 2026-05-02” or others?"),
]


@pytest.mark.parametrize(
    ("choice", "path"),
    [
        ("INV-2180", "invoices.1"),
        ("the one from November", "invoices.0"),
        ("the second one", "invoices.1"),
        ("the oldest", "invoices.2"),
        ("the 65 euro one", "invoices.1"),
        ("the unpaid one", "invoices.0"),
        ("Invoice INV-2180, 2026-05-02", "invoices.1"),
        ("last year's", "invoices.2"),
    ],
)
def test_the_customers_choice_is_answered_by_what_was_chosen(choice, path):
    assert said(choice, ASKED) == [path]


def test_a_choice_that_fits_two_is_asked_back_about_those():
    assert asked_about("the one from May", ASKED) == INVOICES[1:]


@pytest.mark.parametrize("other", ["thanks, forget it", "Which plan am I on?", "How do I add a seat?"])
def test_another_subject_is_no_choice(other):
    assert meant(other, ASKED) is None


def test_a_choice_may_ask_something_else_of_what_it_chooses():
    assert said("how much was the invoice of November", ASKED) == ["invoices.0"]


def test_what_the_conversation_is_about_is_not_asked_back():
    history = [("customer", "is INV-2180 paid?"), ("agent", "Invoice INV-2180 is paid.")]
    assert said("and when was my invoice due?", history) == ["invoices.1"]
    assert not asked_about("when was the invoice due?", [("customer", "hi"), ("agent", "Hello.")])


def test_facts_of_what_is_meant_come_before_all_others_and_those_are_not_said():
    found = meant("When is my invoice from November due?")
    other = SHOP.kinds[1].things[0].facts[0]
    ranked = found.before([(other, 0.8), (found.facts[0], 0.7)], 6)
    assert [(fact.path, score > 0.5) for fact, score in ranked] == [("invoices.0", True), (other.path, False)]


def test_the_labels_of_the_questions_stand_in_the_accounts():
    rows = [*questions.objects("dev"), *questions.objects("held_out")]
    texts = [path.read_text("utf-8") for path in (CUSTOMERS, CUSTOMERS.parents[3] / "knowledge_base" / "customers.jsonl")]
    records = {record["customer_id"]: record for text in texts for record in map(json.loads, text.splitlines())}
    assert sum(row["action"] == "ask" for row in rows) >= 60 and sum(row["action"] != "ask" for row in rows) >= 60
    by_split = [{row["customer_id"] for row in rows if row["split"] == split} for split in ("dev", "held_out")]
    assert not by_split[0] & by_split[1]
    for row in rows:
        assert row["customer_id"] in records, row["id"]
        assert (row["action"] == "ask") == ("choice" in row and bool(row["chosen_value"])), row["id"]


def test_a_number_that_none_has_is_asked_back_though_all_say_the_same():
    assert asked_about("Does policy P-7 renew?") == ["policy P-1", "policy P-2"]
    assert said("Does policy P-2 renew?") and not asked_about("Does policy P-2 renew?")


def test_a_number_that_the_only_one_does_not_have_is_not_answered_by_it():
    assert not said("What is outstanding on loan L-4?") and not asked_about("What is outstanding on loan L-4?")
    assert said("What is outstanding on loan L-9?")


BANK = account(
    {
        "customer_id": "B",
        "ride_card": {"number_of_rides": 4},
        "rides": [{"id": "R-771", "state": "done", "fare": 4}, {"id": "R-772", "state": "open", "fare": 6}],
        "cards": [
            {"id": "C-1", "brand": "Visa", "last4": "4242", "exp": "12/27", "status": "active"},
            {"id": "C-2", "brand": "Mastercard", "last4": "1881", "status": "blocked"},
        ],
        "accounts": [
            {"id": "A-1", "name": "Checking", "overdraft_limit": 500, "opened_on": "2024-01-02"},
            {"id": "A-2", "name": "Savings", "rate": 2, "opened_on": "2024-01-02"},
        ],
    }
)


def test_a_field_outside_the_list_that_has_the_name_of_a_thing_before_its_own_is_no_thing():
    assert which_thing("Where is my ride card?", [], BANK) is None
    assert len(which_thing("What is the state of my ride?", [], BANK).options) == 2


def test_what_one_thing_does_not_say_is_not_answered_by_its_other_fields():
    found = which_thing("When does my Mastercard card expire?", [], BANK)
    assert found.facts and found.asked == 0
    assert [score for _, score in found.before([], 6)] == [0.0] * len(found.facts)
    found = which_thing("When does my Visa card expire?", [], BANK)
    assert [fact.path for fact in found.facts[: found.asked]] == ["cards.0"]


def test_where_one_thing_alone_has_what_is_asked_for_it_is_meant():
    found = which_thing("What's my account overdraft limit?", [], BANK)
    assert [fact.path for fact in found.facts[: found.asked]] == ["accounts.0"]


def test_who_asks_whether_something_is_blocked_means_what_is():
    found = which_thing("Is my card blocked?", [], BANK)
    assert [fact.path for fact in found.facts[: found.asked]] == ["cards.1"]
    assert len(which_thing("Is my card active?", [], BANK).options) == 2


CREDIT = account(
    {
        "customer_id": "C",
        "cards": [
            {"id": "C-1", "type": "debit", "expires_on": "2028-05-31", "status": "active", "daily_limit": 500},
            {"id": "C-2", "type": "credit", "status": "frozen", "frozen_on": "2026-11-21", "credit_limit": 3000},
        ],
        "direct_debits": [{"id": "D-1", "company": "Vodafone", "amount": 22}, {"id": "D-2", "company": "Gas Works", "amount": 84}],
        "payments": [{"id": "P-1", "to": "Gas Works", "status": "pending"}, {"id": "P-2", "to": "Gas Works", "status": "booked"}],
        "loans": [{"id": "L-1", "balance": 3120.5, "currency": "GBP", "ends_on": "2028-04-01"}],
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("When does my debit card expire?", "cards.0"),
        ("What is my credit limit?", "cards.1"),
        ("Is my card blocked?", "cards.1"),
        ("When was my card frozen?", "cards.1"),
        ("Is the Gas Works payment pending?", "payments.0"),
    ],
)
def test_what_is_asked_tells_which_one_is_meant(question, path):
    found = which_thing(question, [], CREDIT)
    assert not found.options
    assert [fact.path for fact in found.facts[: found.asked]] == [path]


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("When does my debit card expire?", "Card C-1: type debit, expires 31 May 2028."),
        ("How high is the balance of my loan?", "Loan L-1: balance 3,120.50 GBP."),
        ("Is my card blocked?", None),
        ("When does my loan end and how much is the balance?", None),
    ],
)
def test_of_a_thing_that_says_much_a_reply_says_what_is_asked(question, text):
    found = which_thing(question, [], CREDIT)
    assert found.short.get(found.facts[0].text) == text


def test_an_amount_is_asked_back_about_where_several_things_have_one():
    record = {"customer_id": "D", "accounts": [{"id": f"A-{at}", "balance": 5.5 + at, "currency": "GBP"} for at in (1, 2)]}
    assert [option.name for option in which_thing("what's my balance", [], account(record)).options] == [
        "account A-1, 6.50 GBP", "account A-2, 7.50 GBP",
    ]  # fmt: skip
    assert which_thing("How do I see my balance?", [], account(record)) is None
    assert which_thing("what's my balance", [], account({**record, "balance": 14})) is None


def test_a_fee_that_the_account_does_not_have_is_not_answered_by_its_amounts():
    assert which_thing("What is the fee for paying back my loan early?", [], CREDIT) is None
    assert which_thing("What is the balance of my loan?", [], CREDIT).asked == 1


@pytest.mark.parametrize(
    "question", ["Send me my last invoice", "Send me my invoice from November", "Can I get a refund of my latest invoice?"]
)
def test_who_wants_something_done_with_one_thing_is_told_of_no_other(question):
    found = meant(question)
    assert not found.facts and not found.options
    assert [fact.path for fact in found.others] == ["invoices.1", "invoices.2"]


@pytest.mark.parametrize("question", ["Send me my invoice", "How do I pay an invoice?"])
def test_who_names_no_one_thing_leaves_nothing_out(question):
    assert meant(question) is None or not meant(question).others


GEAR = account(
    {
        "customer_id": "G",
        "orders": [
            {"order_no": "20-551", "placed_at": "2026-11-18", "status": "shipped", "payment_method": "card",
             "lines": [
                 {"sku": "LMP-1", "product": "Skerry table lamp", "price": 99.0, "line_status": "shipped"},
                 {"sku": "THR-1", "product": "Moss throw", "line_status": "backorder", "expected_on": "2026-12-09"},
             ],
             "shipments": [{"carrier": "DHL", "tracking_no": "AP99", "kind": "parcel", "eta": "2026-11-30", "status": "delayed"}]},
            {"order_no": "20-552", "placed_at": "2026-11-20", "status": "packed", "payment_method": "paypal",
             "total": 71.0, "currency": "EUR",
             "lines": [{"sku": "RUG-1", "product": "Dune rug", "price_cents": 6500, "line_status": "packed"}]},
        ],
    }
)  # fmt: skip


def told(question):
    found = which_thing(question, (), GEAR)
    return [fact.path for fact in found.facts[: found.asked]] if found else []


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("when will the throw come", ["orders.0.lines.1"]),
        ("how much did I pay for the rug", ["orders.1.lines.0"]),
        ("has the throw been shipped?", ["orders.0.lines.1"]),
        ("where is the lamp?", ["orders.0", "orders.0.lines.0", "orders.0.shipments.0"]),
    ],
)
def test_what_was_ordered_is_known_by_what_it_is_called(question, path):
    assert [item for item in told(question) if item in path] == path


@pytest.mark.parametrize(
    "question",
    [
        "does the lamp come in black?",
        "how do I clean the rug?",
        "what bulb does my lamp take?",
        "did you refund the rug?",
        "when will you collect the rug",
    ],
)
def test_what_no_order_says_of_a_thing_is_left_to_the_articles(question):
    assert told(question) == []


def test_a_field_is_known_however_its_number_is_shortened():
    assert told("what's my tracking number?") == ["orders.0.shipments.0"]


def test_where_something_is_does_not_ask_about_what_came_while_more_is_due():
    record = {
        "customer_id": "D",
        "orders": [
            {
                "order_no": "1-551",
                "placed_at": "2026-09-18",
                "status": "delivered",
                "shipments": [{"carrier": "DHL", "status": "delivered"}],
            },
            {"order_no": "1-552", "placed_at": "2026-11-20", "status": "packed"},
        ],
    }
    found = which_thing("where is my parcel?", (), account(record))
    assert found and len(found.options) == 2


TRIPS = account(
    {
        "customer_id": "T",
        "exported_at": "2026-11-27",
        "bookings": [
            {"number": "WB-1", "type": "train", "from": "Milan", "to": "Lyon", "departure": "2026-12-04T08:15", "fare": "Standard",
             "status": "confirmed", "price": "€86.00", "refundable": True},
            {"number": "WB-2", "type": "hotel", "hotel": "Hotel Bel", "check_in": "2026-12-04", "status": "confirmed", "price": "€1,212.00",
             "refundable": True},
            {"number": "WB-3", "type": "train", "from": "Rome", "to": "Milan", "departure": "2026-11-02T17:10", "fare": "Saver",
             "status": "cancelled", "price": "€39.00", "refundable": False},
        ],
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("when is my train to Lyon", "bookings.0"),
        ("when does my train leave", "bookings.0"),
        ("is my hotel booking refundable", "bookings.1"),
        ("how much did I pay for the hotel", "bookings.1"),
        ("when was my train to Milan", "bookings.2"),
    ],
)
def test_a_thing_is_known_by_the_sort_that_its_type_says(question, path):
    found = which_thing(question, (), TRIPS)
    assert not found.options
    assert [fact.path for fact in found.facts[: found.asked]] == [path]


@pytest.mark.parametrize(
    ("question", "says", "silent"),
    [
        ("when is my train to Lyon", "departure 4 December 2026, 08:15", "price"),
        ("how much did I pay for the hotel", "price €1,212.00", "confirmed"),
        ("when was my train to Milan", "status cancelled", "refundable"),
    ],
)
def test_the_time_of_day_a_price_in_words_and_that_it_was_called_off_are_told(question, says, silent):
    found = which_thing(question, (), TRIPS)
    text = found.short[found.facts[0].text]
    assert says in text and silent not in text


@pytest.mark.parametrize("question", ["which train do I take to the airport", "trains", "how do I book a hotel?"])
def test_a_sort_alone_names_no_thing(question):
    found = which_thing(question, (), TRIPS)
    assert found is None or not found.options


@pytest.mark.parametrize(
    ("question", "path"),
    [("is it refundable?", "bookings.0"), ("and when does that one leave?", "bookings.0"), ("how much was it", "bookings.0")],
)
def test_what_a_pronoun_points_at_is_the_thing_that_the_last_reply_names(question, path):
    history = [("customer", "when is my train to Lyon"), ("agent", "Booking WB-1: type train, to Lyon.")]
    found = which_thing(question, history, TRIPS)
    assert [fact.path for fact in found.facts[: found.asked]] == [path]
    both = [*history[:1], ("agent", "Booking WB-1 and booking WB-3.")]
    assert which_thing(question, both, TRIPS) is None


def test_who_asks_how_something_is_done_with_it_is_told_of_no_other():
    history = [("customer", "when is my train to Lyon"), ("agent", "Booking WB-1: type train, to Lyon.")]
    found = which_thing("and how do I cancel it", history, TRIPS)
    assert {fact.path for fact in found.others} == {"bookings.1", "bookings.2"}


PHONES = account(
    {
        "customer_id": "T",
        "plan": "Family",
        "lines": [
            {"msisdn": "0770 123", "label": "Ann", "data_allowance_gb": 30, "data_remaining_gb": 18.5, "data_used_gb": 11.5,
             "roaming_enabled": False, "spending_cap_gbp": 10, "renews_on": "2026-12-09", "sim": {"iccid": "894410", "type": "eSIM"}},
            {"msisdn": "0770 456", "label": "Ben", "data_allowance_gb": 10, "data_remaining_gb": 0, "data_used_gb": 10,
             "roaming_enabled": True, "spending_cap_gbp": 0, "renews_on": "2026-12-20", "sim": {"iccid": "894420", "type": "eSIM"}},
        ],
        "devices": [{"phone": "iPhone 15", "imei": "35678910", "plan_months": 36}],
        "outages": [{"outage_id": "O-1", "area": "YO1", "estimated_fix": "2026-11-29 18:00", "status": "open"}],
        "contracts": [{"contract_id": "C-1", "term_months": 12, "monthly_price_gbp": 12}],
        "tickets": [{"ticket_id": "T-1", "opened": "2026-11-01"}, {"ticket_id": "T-2", "opened": "2026-11-02"}],
        "bills": [
            {"bill_number": "B-2", "bill_date": "2026-11-05", "total_gbp": 71.4, "difference_to_last_month_gbp": 12.4, "status": "paid"},
            {"bill_number": "B-1", "bill_date": "2026-10-05", "total_gbp": 59.0, "difference_to_last_month_gbp": 0.0, "status": "paid"},
        ],
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("how much data does Ben have left?", "Line Ben: phone number 0770 456, data remaining 0 GB."),
        ("how much data has Ann used", "Line Ann: phone number 0770 123, data used 11.5 GB."),
        ("what's my spending cap on Ann", "Line Ann: phone number 0770 123, spending cap 10 GBP."),
        ("is my roaming switched on for Ann", "Line Ann: phone number 0770 123, roaming not enabled."),
        ("what is my spending cap on Ben's line", "Line Ben: phone number 0770 456, spending cap 0 GBP."),
        ("What is the IMEI of my iPhone?", "Device: phone iPhone 15, IMEI 35678910, plan 36 months."),
        ("when will my outage be fixed", "Outage O-1: area YO1, estimated fix 29 November 2026, 18:00."),
        ("how much do I pay a month for my contract", "Contract C-1: monthly price 12 GBP."),
        ("when does Ben renew?", "Line Ben: phone number 0770 456, renews 20 December 2026."),
    ],
)
def test_a_field_is_asked_for_by_its_name_without_the_kind_of_thing(question, said):
    found = which_thing(question, (), PHONES)
    assert found and [found.short.get(fact.text, fact.text) for fact in found.facts[: found.asked]] == [said]


@pytest.mark.parametrize("question", ["how much data have I left", "what's my spending cap?", "is roaming enabled for my phone"])
def test_it_is_asked_back_of_which_of_several_things_a_field_is_meant(question):
    found = which_thing(question, (), PHONES)
    assert found and [option.name for option in found.options] == ["line 0770 123, Ann", "line 0770 456, Ben"]


@pytest.mark.parametrize(
    "question",
    [
        "what plan am I on",
        "how do I see the data I have left",
        "how much data does a plan have",
        "what's my data plan's price",
        "is Ann well?",
    ],
)
def test_what_stands_outside_lists_or_names_no_field_alone_is_asked_of_no_thing(question):
    assert which_thing(question, (), PHONES) is None


def test_the_thing_that_is_meant_is_chosen_by_the_name_of_whose_it_is():
    history = [("customer", "how much data have I left"), ("agent", "Is it “line 0770 123, Ann” or “line 0770 456, Ben”?")]
    found = which_thing("Ben's", history, PHONES)
    assert found and list(found.short.values()) == ["Line Ben: phone number 0770 456, data remaining 0 GB."]


def test_last_says_which_bill_is_meant_and_not_what_of_it():
    found = which_thing("how much was my last bill", (), PHONES)
    assert found and list(found.short.values()) == ["Bill B-2: bill date 5 November 2026, total 71.40 GBP."]


BILL = [("customer", "is INV-2180 paid?"), ("agent", "Invoice INV-2180 is paid.")]


@pytest.mark.parametrize(
    ("question", "options", "paths"),
    [
        ("and the return?", [], ["returns.0"]),
        ("and my order?", ["Order W-1", "Order W-2"], []),
        ("what about the order", ["Order W-1", "Order W-2"], []),
        ("and the delivered order?", [], ["orders.1"]),
        ("and the other one?", ["Invoice INV-2291", "Invoice INV-1502"], []),
        ("when was the other one due?", ["Invoice INV-2291", "Invoice INV-1502"], []),
        ("how much was the other one", [], ["invoices.0", "invoices.2"]),
        ("how do I pay the other one", [], []),
    ],
)
def test_what_is_only_named_after_another_thing_was_told_is_what_is_meant_now(question, options, paths):
    assert [name.capitalize() for name in asked_about(question, BILL)] == [name.capitalize() for name in options]
    assert said(question, BILL)[: len(paths) or None] == paths


@pytest.mark.parametrize("question", ["and the order?", "and the other one?"])
def test_where_no_thing_was_told_of_what_is_only_named_may_be_anything(question):
    assert not asked_about(question, [("customer", "How do I change the logo?"), ("agent", "Tap Logo.")])
