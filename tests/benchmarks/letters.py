"""What becomes of questions that come as mail: ``python -m tests.benchmarks.letters [--split dev] [--whole]``.

Each answerable question without a history, plain and in one of several forms of a mail, in turn. The second half of the forms was
put aside while the rules were written. No reply is written.
"""

import argparse

from assistant import decision
from assistant.settings import Settings
from knowledge_base import retrieval
from knowledge_base.retrieval import KnowledgeBase
from tests.benchmarks import questions

EARLIER = "On Mon, May 4, 2026 at 10:12 AM Help <help@tallybird.example> wrote:\n> Hi Tom, we changed the payment method of your invoice."
READ = (
    "Hi team,\n\n{}\n\nBest regards,\nTom Miller\nAcme Ltd | +49 30 1234567 | www.acme.example",
    "Hello,\n\n{}\n\nThanks,\nAnna",
    "Dear Sir or Madam,\n\nI hope you are well.\n\n{}\n\nKind regards\nDr. Maria Lopez\nHead of Operations\n"
    "Northwind GmbH\nTel.: +49 89 123456",
    "Hey,\n{}\nCheers\nBen",
    "{}\n\nSent from my iPhone",
    "Hi there,\n\n{}\n\nThank you in advance!\n\n" + EARLIER,
    "Good morning,\n\n{}\n\nMany thanks in advance,\nJ. Smith\n-- \nJohn Smith\nIT Administrator, Blue Sky Travel\n12 Harbour Road\n"
    "This email and any attachments are confidential and intended only for the addressee.",
    "Hi support team,\n\n{}\n\nAny help would be appreciated.\n\nRegards,\nPriya Nair\nOffice Manager",
)
PUT_ASIDE = (
    "Dear Tallybird Support,\n\nHope you're doing well!\n\n{}\n\nLooking forward to hearing from you.\n\nSincerely,\nRobert K. Jensen\n"
    "CFO | Jensen & Sons\nm: +45 20 11 22 33",
    "Good afternoon all,\n\n{}\n\nWarm regards,\n\nLeila Haddad (she/her)\nProject Coordinator\nStudio Nord, Hamburg\nhttps://studionord.example",
    "Hello again,\n\n{}\n\nThx!\nSam\n\nSent via Outlook for Android",
    "{}\n\nThanks so much for your help,\nChloe\n\nFrom: Tallybird Support <help@tallybird.example>\nSent: Monday, May 4, 2026 10:12 AM\n"
    "To: Chloe Martin\nSubject: RE: Your trial\n\nHi Chloe, your trial ends soon. You can add seats and export your reports.",
    "Hi Tallybird team!\n\n{}\n\nAll the best\nMarco\n\n--\nMarco Rossi\nRossi Architetti s.r.l.\nVia Roma 12, Milano\n+39 02 555 1234",
    "To whom it may concern:\n\n{}\n\nYours faithfully,\nE. Thompson\nAccounts Payable\nThompson Freight Ltd",
    "Hi,\n\n{}\n\nPlease let me know.\n\nBR\nOlga",
    "Subject: Question about our account\n\nHi guys,\n\n{}\n\nCheers,\nDan the founder\nTinyshop.example",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=("dev", "held_out"), default="held_out")
    parser.add_argument("--whole", action="store_true", help="search the mail as it stands")
    arguments = parser.parse_args()
    if arguments.whole:
        retrieval.body = lambda text: text
    settings = Settings()
    knowledge_base = KnowledgeBase(settings)
    short = [row for row in questions.short(arguments.split) if row["kind"] != "account"]
    single = [row for row in questions.read(arguments.split) if row["action"] == "answer" and not row.get("history")]
    for kind, rows in (("single", single), ("short", short)):
        for name, forms in (("plain", ("{}",)), ("as mail", READ), ("as mail, forms put aside", PUT_ASIDE)):
            first = answered = 0
            for number, row in enumerate(rows):
                text = forms[number % len(forms)].replace("{}", row["question"])
                found = knowledge_base.search(text, row.get("customer_id"))
                first += bool(found.passages) and found.passages[0].article_id in row["gold_articles"]
                answered += decision.decide(found, bool(found.passages), settings) == "answer"
            print(
                f"{kind}, {name}: {len(rows)} questions, right article first {first / len(rows):.3f}, answered {answered / len(rows):.3f}"
            )


if __name__ == "__main__":
    main()
