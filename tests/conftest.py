"""What all tests share: no network, no settings of the machine, and a tiny help center with the real embeddings."""

import json
import os
import shutil
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

for name in [name for name in os.environ if name.startswith("DESK_")]:
    del os.environ[name]
os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if "PYTEST_XDIST_WORKER" in os.environ:
    # Two processes of two threads each would wait for one another's.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

ARTICLES = {
    "cancel-plan": """---
id: cancel-plan
title: Cancel a subscription
section: Billing
updated: 2026-03-01
plans: [Team, Business]
asked_as:
  "Refunds": ["will I get my money back"]
---
A subscription can be cancelled by the Owner at any time.

## Cancel

1. Open **Settings > Billing**.
2. Click **Cancel subscription**.
3. Confirm with your password.

## Refunds

Refunds are paid within 14 days. Nothing is refunded after 60 days.
""",
    "export-data": """---
id: export-data
title: Export your data
updated: 2026-02-02
---
Data can be exported as a CSV file. An export holds all projects and all time entries.

## Make an export

1. Go to **Reports > Export**.
2. Choose CSV.
3. Download the file from the e-mail.
""",
    "api-limits": """---
id: api-limits
title: API rate limits
updated: 2026-01-15
---
Each API token may send 100 requests per minute. Requests beyond the limit get the status code 429.
""",
    "sso-setup": """---
id: sso-setup
title: Set up single sign-on
updated: 2026-04-20
---
Single sign-on works with SAML and is part of the Business plan. Only an Owner can switch it on.
""",
    "mobile-timer": """---
id: mobile-timer
title: The timer on the phone
updated: 2026-05-05
---
The mobile app keeps the timer running while the phone is offline. Hours are sent when the phone is online again.
""",
    "refund-exceptions": """---
id: refund-exceptions
title: Refund exceptions for support agents
audience: internal
updated: 2026-05-06
---
Support agents may grant a goodwill refund after 60 days with the approval of a lead.
""",
}
CUSTOMERS = [
    {"customer_id": "ACME-1", "company": "Acme Foundry", "contact": {"name": "Ada Smith"}, "plan": "Business",
     "seats": {"used": 7, "bought": 10},
     "invoices": [{"number": "INV-71", "status": "paid"}, {"number": "INV-72", "status": "open"}]},
    {"customer_id": "BOLT-2", "company": "Bolt Bakery", "contact": {"name": "Bo Li"}, "plan": "Team",
     "seats": {"used": 2, "bought": 3}, "invoices": [{"number": "INV-81", "status": "overdue"}]},
    {"customer_id": "CORK-3", "company": "Cork Cinema", "contact": {"name": "Cleo Diaz"}, "plan": "Free",
     "seats": {"used": 1, "bought": 1}, "invoices": []},
]  # fmt: skip
WORDING = """
- path: company
  title: Company
  text: "The workspace belongs to {company}."
- path: plan
  title: Plan
  text: "The workspace is on the {plan} plan."
- path: seats
  title: Seats
  text: "The workspace uses {used} of {bought} seats."
- path: invoices[]
  title: Invoice
  text: "Invoice {number} is {status}."
"""


def write_articles(folder, articles):
    """Write name -> Markdown as files below a folder."""
    for article, text in articles.items():
        path = folder / f"{article}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def write_customers(path, records):
    """Write account records, one JSON line each; a text stands as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def help_center_in(folder):
    """The places of a help center below a folder, and the settings for it."""
    from knowledge_base.settings import KnowledgeSettings

    place = SimpleNamespace(
        folder=folder,
        store=folder / "store",
        articles=folder / "articles",
        customers=folder / "customers.jsonl",
        wording=folder / "wording.yaml",
    )
    place.settings = KnowledgeSettings(store=place.store, articles=place.articles, customers=place.customers, wording=place.wording)
    return place


def write_help_center(folder, articles=None, customers=None):
    """Write a help center below a folder; nothing is refreshed yet."""
    place = help_center_in(folder)
    write_articles(place.articles, ARTICLES if articles is None else articles)
    write_customers(place.customers, CUSTOMERS if customers is None else customers)
    place.wording.write_text(WORDING, "utf-8")
    return place


def pytest_collection_modifyitems(items):
    """Files with slow tests first: at the end one process would wait for the other."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def sealed(monkeypatch, tmp_path_factory):
    """No hub, none of the machine's settings, and a store of the test's own.

    Streamlit's tests put the desk's script in place of the main module, which every process that is started later would run.
    """
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    for setting in [name for name in os.environ if name.startswith("DESK_")]:
        monkeypatch.delenv(setting)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("TRANSFORMERS_OFFLINE", "1")
    monkeypatch.setenv("DESK_STORE", str(tmp_path_factory.getbasetemp() / "desk-store-of-a-test"))


@pytest.fixture
def hears_ctrl_c():
    """What a shell runs in the background is deaf to Ctrl-C, and so would be what the test starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def small_store(tmp_path_factory):
    """A refreshed store of 6 articles and 3 customers, shared and not to be changed: places, settings, report and ``kb``."""
    from knowledge_base.refresh import refresh
    from knowledge_base.retrieval import KnowledgeBase

    place = write_help_center(Path(tmp_path_factory.mktemp("small")))
    place.report = refresh(place.settings)
    place.kb = KnowledgeBase(place.settings)
    return place


@pytest.fixture
def help_center(tmp_path):
    """A help center of the test's own, to be refreshed and changed."""
    return write_help_center(tmp_path)


@pytest.fixture
def refreshed(small_store, tmp_path):
    """A copy of the small store with its sources, refreshed, and free to be changed."""
    shutil.copytree(small_store.folder, tmp_path / "copy")
    place = help_center_in(tmp_path / "copy")
    with closing(sqlite3.connect(place.store / "catalog.sqlite3")) as db, db:
        db.execute("UPDATE articles SET source = ?", (place.settings.articles[0].name,))
        db.execute("UPDATE sources SET name = ?", (place.settings.articles[0].name,))
    return place
