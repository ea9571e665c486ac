"""Grounding: what a statement must share with the evidence it cites."""

import pytest

from assistant.claims import figures, paths
from assistant.grounding import check, quote
from assistant.reply import Evidence, Statement


def refused(said: str, evidence: str, name: str | None = None) -> str:
    return check(said, Evidence("1", evidence), name) or ""


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ("You cannot change the owner.", "You can't change the owner."),
        ("You cannot change the owner.", "You can’t change the owner."),
        ("It is not included and does not renew.", "It isn't included and doesn't renew."),
        ('Click "Start".', 'Tap "Start".'),
        ("Select the week and click Save.", "Pick the week and tap Save."),
        ("The workspace is on the Team plan.", "Your workspace is on the Team plan."),
        ("The account has had Grid Share since 3 March.", "Your account has had Grid Share since 3 March."),
        ("Go to Settings > Billing > Plan & seats.", "Head to Settings > Billing > Plan & seats."),
        ("Navigate to Zones > Add and select the port.", "Head to Zones > Add and pick the port."),
        ("Open My boxes > Calendar, then click the week.", "Open My boxes > Calendar, then tap the week."),
        ("Orders can be exported via Orders > All > (order) > Export.", "Export orders in Orders > All > (order) > Export."),
        ("A refund is issued within 14 days.", "You get a refund issued within 14 days."),
        ("Refunds are paid within two weeks.", "Refunds are paid within 2 weeks."),
        ("The fee is 3 percent.", "The fee is 3%."),
        ("Wait approximately 10 minutes prior to restarting.", "Wait about 10 minutes before restarting."),
        ("Whether or not it has been completed is shown in green.", "Whether it has been completed is shown in green."),
        ("See https://example.com/help for details.", "See https://example.com/help, it has the details."),
        ("Code E-27 is displayed immediately.", "You see code E-27 right away."),
        ("X-Tally-Remaining shows the requests left.", "X-Tally-Remaining shows the requests left."),
        ("Member: Can do: Track time; Cannot do: See rates.", "Member: Can do: Track time; Can't do: See rates."),
        ("The phone must subsequently be restarted.", "Then restart the phone."),
        ("The keys [sic] are shown once.", "The keys (sic) are shown once."),
        ("Rounding can be switched off.", "You can switch off rounding."),
        ("A new issue may not have been refreshed yet.", "A new issue might not have been refreshed yet."),
        ("Recovery codes can be used once.", "You can use a recovery code once."),
        ("Users can delete drafts.", "You can delete drafts."),
        ("Keep our number and your card.", "Keep our number and your card."),
    ],
)
def test_a_faithful_rewording_is_accepted(evidence, said):
    assert refused(said, evidence) == ""


@pytest.mark.parametrize(
    ("evidence", "said", "sound"),
    [
        ("The data of the workspace is kept for 90 days.", "Your data of your workspace is kept for 90 days.", False),
        ("The data of the workspace is kept for 90 days.", "The data of your workspace is kept for 90 days.", True),
        ("Your data of your workspace is kept for 90 days.", "Your data of your workspace is kept for 90 days.", True),
        ("Use the phone instead of the computer.", "Use your phone instead of your computer.", True),
    ],
)
def test_a_possessive_that_is_doubled_is_refused(evidence, said, sound):
    refused = check(said, Evidence("1", evidence))
    assert (refused is None) == sound, refused
    assert sound or "“Your data of your” is no English" in refused


@pytest.mark.parametrize(
    ("evidence", "said", "sound"),
    [
        ("Bookings made by an agent can only be cancelled there.", "You can bookings made by an agent can only be cancelled there.", False),
        ("Bookings made by an agent can only be cancelled there.", "Bookings made by an agent can only be cancelled there.", True),
        ("Choose the rooms that a guest can open.", "You can choose the rooms that a guest can open.", True),
        ("Open the list and export it.", "You can open the list, and you can export it.", True),
    ],
)
def test_a_sentence_with_a_verb_of_its_own_after_you_can_is_refused(evidence, said, sound):
    refused = check(said, Evidence("1", evidence))
    assert (refused is None) == sound, refused
    assert sound or "is no English" in refused


def test_a_statement_may_address_the_customer_by_name_but_by_no_other():
    assert refused("The plan, Amara, is Team.", "The plan is Team.", "Amara") == ""
    assert "name" in refused("The plan, Bob, is Team.", "The plan is Team.", "Amara")


@pytest.mark.parametrize(
    ("why", "evidence", "said"),
    [
        ("only possible", "A new issue may not have been refreshed yet.", "A new issue can't have been refreshed yet."),
        ("You don't send", "Slack: Missed messages are not sent later.", "Slack: You don't send missed messages later."),
        ("certain in the source", "A reminder goes out a day before the date.", "You can have a reminder out a day before the date."),
        ("beside “you”", "The customer is a Manager of the workspace.", "The customer is a Manager of your workspace."),
        ("an order turned", "Add a seat or deactivate another member.", "Just so you can add a seat or deactivate another member."),
        ("You don't delete", "Old drafts are not deleted.", "You don't delete old drafts."),
        ("“you” in place", "Clients pay your client invoices through Stripe.", "You pay your client invoices through Stripe."),
        ("“you” in place", "In USD and EUR, clients can also pay by bank debit.", "In USD and EUR, you can also pay by bank debit."),
        ("in place of “our check”", "Our check stopped the payment.", "Your check stopped the payment."),
        ("that we did", "Online payments are switched off under Cards.", "We switched off online payments under Cards."),
        ("lost", "Members and Contractors never see rates.", "You never see rates."),
        ("“you” in place", "Contractors see their own time.", "You see your own time."),
        ("Each", "Each part must be at least 10% of the total.", "You need a part of at least 10% of the total."),
        ("figures", "An export holds 10,000 rows.", "An export holds 10,001 rows."),
        ("figures", "An export holds 10,000 rows.", "An export holds rows."),
        ("figures", "An export holds rows.", "An export holds 500 rows."),
        ("figures", "The fee is 2.5%.", "The fee is 25%."),
        ("figures", "The fee is 5%.", "The fee is 5."),
        ("figures", "It costs €14.90 per month.", "It costs $14.90 per month."),
        ("figures", "It costs 14.90 EUR per month.", "It costs 14.90 USD per month."),
        ("figures", "Wait 15 minutes.", "Wait 15 hours."),
        ("figures", "It takes three working days.", "It takes four working days."),
        ("figures", "Up to 4 doorbells for 2 homes.", "Up to 4 doorbells for 4 homes."),
        ("figures", "Updated on 2026-03-01.", "Updated on 2026-03-02."),
        ("figures", "Support is there from 07:00 to 19:00.", "Support is there from 08:00 to 19:00."),
        ("order", "Sparrow has 18 GB and Heron has 35 GB of data.", "Sparrow has 35 GB and Heron has 18 GB of data."),
        ("order", "The limit is 18 GB on Sparrow and 35 GB on Heron.", "The limit is 18 GB on Heron and 35 GB on Sparrow."),
        ("name", "It ends on 3 March.", "It ends on 3 April."),
        ("spans of time", "It is billed per month.", "It is billed per year."),
        ("spans of time", "It is billed monthly.", "It is billed yearly."),
        ("menu paths", "Go to Settings > Billing.", "Go to Settings > Members."),
        ("menu paths", "Go to Settings > Billing > Plan.", "Go to Settings > Plan."),
        ("menu paths", "Go to Settings > Billing.", "Go to Profile > Billing."),
        ("menu paths", "Go to Settings > Billing > Plan.", "Go to Settings > Account > Plan."),
        ("menu paths", "Go to Settings > Cancel plan.", "Go to Settings > Cancel seat."),
        ("menu paths", "Open Time > Terms and conditions.", "Open Time > Terms and exceptions."),
        ("menu paths", "Go to Settings > Billing.", "Go to Settings."),
        ("label", 'Click "Start".', 'Click "Stop".'),
        ("label", 'Click "Start" on the card.', "Click it on the card."),
        ("label", "Run `export --all`.", "Run `export --new`."),
        ("addresses", "Write to billing@example.com.", "Write to support@example.com."),
        ("addresses", "See https://example.com/help.", "See https://example.com/faq."),
        ("addresses", "See status.example.com.", "See status.example.org."),
        ("codes", "E-27 means the link is down.", "F-27 means the link is down."),
        ("name", "Only the Owner can delete it.", "Only the Admin can delete it."),
        ("name", "It is part of the Business plan.", "It is part of the Enterprise plan."),
        ("name lost", "It is part of the Business plan.", "It is part of the plan."),
        ("negation", "You cannot change the owner.", "You can change the owner."),
        ("negation", "You can change the owner.", "You can't change the owner."),
        ("negation", "Seats are not refunded.", "Seats are refunded."),
        ("negation", "Seats are never refunded.", "Seats are always refunded."),
        ("negation", "It is not available on weekdays.", "It is only available on weekdays."),
        ("negation", "It works only on weekdays.", "It works on weekdays."),
        ("negation", "It renews unless it is switched off.", "It renews if it is switched off."),
        ("negation", "It is free until the trial ends.", "It is free when the trial ends."),
        ("limits", "At least 5 seats are needed.", "At most 5 seats are needed."),
        ("limits", "Up to 5 seats are free.", "Over 5 seats are free."),
        ("limits", "It takes less than 5 minutes.", "It takes more than 5 minutes."),
        ("limits", "Restart it before the update.", "Restart it after the update."),
        ("off where", "Switch on the backup power supply.", "Switch off the backup power supply."),
        ("remov where", "Add the member to the project list.", "Remove the member to the project list."),
        ("condition", "The reserve can be changed if the unit is idle.", "The reserve and the idle unit can be changed."),
        ("source", "A refund is issued to the card.", "A refund is issued to the card and support can waive it."),
        ("source", "The timer keeps running offline.", "Weather reports arrive every morning."),
        ("missing", "The timer keeps running while the phone is offline and charging.", "The timer keeps running while charging."),
    ],
)
def test_a_statement_that_says_something_else_is_refused(why, evidence, said):
    assert why in refused(said, evidence), refused(said, evidence) or "accepted"


@pytest.mark.parametrize(
    ("said", "evidence"),
    [
        ("Xero replaces QuickBooks.", "QuickBooks replaces Xero."),
        ("Deleting a project removes the timer.", "Deleting a timer removes the project."),
        ("The server asks the browser for the key.", "The browser asks the server for the key."),
        ("Lock the invoice before the timesheet.", "Lock the timesheet before the invoice."),
    ],
)
def test_who_does_what_to_whom_is_not_turned_round(said, evidence):
    assert refused(said, evidence) == "its words stand in another order"
    assert refused(evidence, evidence) == ""


def test_a_clause_that_moves_and_a_passive_made_active_are_no_other_order():
    assert refused("Click Reset if the app shows an error.", "If the app shows an error, click Reset.") == ""
    assert refused("The bank returned your payment of 18 June.", "Your payment of 18 June was returned by the bank.") == ""


@pytest.mark.parametrize(
    ("said", "evidence", "why"),
    [
        ("We're a Member of the workspace.", "The customer is a Member of the workspace.", "nobody where the source speaks"),
        ("The amount is in your currency.", "The amount is in the client's currency.", "in place of “the client's currency”"),
        (
            "The Jira project is among the projects chosen.",
            "Check that the Jira project is among the projects chosen.",
            "its “check” is lost",
        ),
        ("Delete the draft.", "Draft: Delete the draft.", "of the row's name is lost"),
        ("You're not using your data to train models.", "Customer data is not used to train models.", "does not say that you do so"),
        ("You can start a run as the owners and Admins.", "Owners and Admins can start a run.", "the reader is one at most"),
        ("Your client invoices per month: Solo: 20.", "Client invoices per month: Solo: 20.", "of a row for everybody"),
        ("Your workspace doesn't need two-factor.", "The workspace does not require two-factor.", "somebody require it"),
        ("Revoke a token when the token can be seen.", "Revoke a token when the token may have been seen.", ""),
        ("A task rate first, as it comes before.", "Look for a task rate first, as it comes before.", "its “look for” is lost"),
        ("If you see an message, reload the page.", "If you see a message, reload the page.", "no English"),
        ("A Owner sees the current use.", "An Owner sees the current use.", "no English"),
        ("The ZIP has one PDF for every invoice, up to 500.", "The ZIP has one PDF for each invoice, up to 500 at a time.", "at a time"),
        ("The header makes a request to repeat.", "The header makes a request safe to repeat.", "its “safe” is lost"),
        ("Your order isn't guaranteed.", "The order of events is not guaranteed.", "its “events” is lost"),
        ("Ask which data the request is about.", "Ask the person which data the request is about.", "its “person” is lost"),
        ("One free trial of yours has been used.", "The one free trial has been used.", "no longer the only one"),
        (
            "One organisation can be connected in every workspace.",
            "One organisation can be connected per workspace.",
            "said of all together",
        ),
    ],
)
def test_what_readers_found_is_refused(said, evidence, why):
    assert refused(said, evidence)
    assert why in refused(said, evidence)
    assert refused(evidence, evidence) == ""


def test_of_an_account_fact_no_word_may_go():
    fact = "The role of the contact in the workspace is Owner."
    assert check("The contact in the workspace is Owner.", Evidence("c1", fact)) == "of an account fact is missing: rol"
    assert check("Your role as the contact in the workspace is Owner.", Evidence("c1", fact)) is None


def test_the_customer_of_an_account_fact_is_the_reader():
    assert check("You're an Admin of your workspace.", Evidence("c1", "The customer is an Admin of the workspace.")) is None
    assert check("Your customer is an Admin of your workspace.", Evidence("c1", "The customer is an Admin of the workspace."))
    assert check("You don't use codes.", Evidence("c1", "The customer does not use codes.")) is None


def test_the_evidence_itself_is_always_supported():
    text = 'On 3 March, go to Settings > "Swap lock" [new], wait up to 5 minutes, and do not click €5 before 2026-01-01.'
    assert refused(quote(Evidence("1", text)).text, text) == ""


def test_a_quote_is_the_evidence_in_plain_words_with_its_source_and_step():
    assert quote(Evidence("2", "Go  to [the] page.\n", 3)) == Statement(text="Go to (the) page.", sources=["2"], how="quoted", step=3)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Head to My Quillmobi > Line > Roaming and switch on it.", ["My Quillmobi > Line > Roaming"]),
        ("To create one, open Plan > New schedule to make it.", ["Plan > New schedule"]),
        ("Ask in Settings > Workspace > Data & export > Full export.", ["Settings > Workspace > Data & export > Full export"]),
        ('Go to Card > Privacy > "No history".', ["Card > Privacy > No history"]),
        ("Go to Clients > (client) > Details, then wait.", ["Clients > (client) > Details"]),
        ("Use Time > Timer. Then Time > Approvals.", ["Time > Timer", "Time > Approvals"]),
        ("No path here.", []),
    ],
)
def test_menu_paths_are_found_without_the_words_around_them(text, found):
    assert paths(text) == found


def test_a_figure_carries_its_sign_and_its_unit():
    assert figures("€14.90 per month, 5 %, 72-hour notice, two weeks, 10,000 rows.") == [
        "€14.90", "%5", "72 hour", "2 week", "10,000"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ("A refund may be granted for unused months.", "A refund will be granted for unused months."),
        ("Your card is declined.", "Your card can be declined."),
        ("The file will be deleted.", "The file was deleted."),
        ("Admins can remove owners.", "Owners can remove admins."),
        ("Guests cannot edit a page, but members can.", "Guests can edit a page, but members cannot."),
        ("Small plans cost $5 and large plans cost $50.", "Large plans cost $5 and small plans cost $50."),
        ("If you are an admin, you can delete the workspace after 30 days.", "You can delete the workspace after 30 days."),
        ("Annual plans are refunded within 14 days.", "Plans are refunded within 14 days."),
        ("The first month is free.", "Every month is free."),
        ("Most orders ship the same day.", "All orders ship the same day."),
        ("Unopened bags can be returned.", "Bags can be returned."),
        ("It takes about 10 minutes.", "It takes 10 minutes."),
        ("The owner can cancel the plan.", "You can cancel the plan."),
        ("The owner can cancel the plan.", "Ada can cancel the plan."),
        ("Tokens are also revoked when their owner is deactivated.", "Tokens are also revoked when your owner is deactivated."),
        (
            "No entries can be added or deleted in a locked period by anyone.",
            "You can add no entries, or deleted in a locked period by anyone.",
        ),
        ("After linking the account, each person can use the commands.", "After linking your account, each person can use the commands."),
        ("All members of a workspace share its limits.", "All members of a workspace share the limits of your workspace."),
        ("The chosen channel receives messages about approvals.", "You get messages about approvals."),
        ("Type /tally link in Slack.", "Type /tally in Slack."),
        ("An admin may have to approve the app before it can connect.", "An admin must approve the app before it can connect."),
        ("Ask that person to link the account again.", "Ask that person to link your account again."),
        ("An Owner or Admin chooses Reconnect.", "You pick an Owner or Admin to reconnect."),
        ("The data of the workspace is kept in the US.", "Here's the data of your workspace kept in the US."),
        ("Support cannot assign people at an identity provider.", "You can't assign people at an identity provider."),
        (
            "Correct the entry in Time > Timesheet when the hours are wrong.",
            "The entry in Time > Timesheet when the hours are wrong is wrong.",
        ),
    ],
)
def test_what_small_words_turn_round_is_refused(evidence, said):
    assert refused(said, evidence, "Ada")


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        ("The refund of $40 will be sent on 3 May.", "The refund of $40 was sent on 3 May."),
        ("The refund of $40 is sent on 3 May.", "The refund of $40 will be sent on 3 May."),
        ("Your plan was cancelled on 3 May.", "Your plan will be cancelled on 3 May."),
        ("Your plan is cancelled.", "Your plan was cancelled."),
        ("Your card was declined.", "Your card can be declined."),
    ],
)
def test_an_account_fact_keeps_its_time(fact, said):
    assert check(said, Evidence("c1", fact))


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ("If Acme shows a message, ask your admin.", "If you show a message, ask your admin."),
        ("A call with an old token gets the code 401.", "You get a call with an old token and the code 401."),
        ("Account data is deleted within 30 days.", "You can delete account data within 30 days."),
        ("Card payments are available on Solo.", "You can pay card payments on Solo."),
        ("An Owner can require a second factor in Settings.", "An Owner can need a second factor in Settings."),
        ("The tracked time of the person stays.", "The tracked time of your person stays."),
        ("With SSO, a password sign-in is refused.", "With SSO, you refuse a password sign-in."),
        ("To end all, delete the workspace in Settings > Workspace.", "To end all, delete your account in Settings > Workspace."),
        ("The contact has 10 codes left.", "Your contact has 10 codes left."),
        ("Managers see the budget of the projects they manage.", "Managers see the budget of your projects they manage."),
        ("The guide is for people who may see rates.", "The guide is for people who might see rates."),
        ("The log has events such as sign-ins.", "The log has events as sign-ins."),
        ("Request another email if the link expired.", "You ask another email if the link expired."),
        ("A full refund within 30 days of purchase or renewal.", "A full refund within 30 days of buying."),
        ("Sign-in: Deactivate: Ends at once; Remove: Ends later.", "Sign-in: Ends at once; Remove: Ends later."),
        ("API tokens are revoked separately in Settings.", "You can change API tokens separately in Settings."),
        ("Deleted files and notes can be restored from the bin.", "You can delete files and notes from the bin."),
        ("Cancelled orders can be reinstated within 3 days.", "You can cancel orders within 3 days."),
        ("A Slack admin may be needed to approve the connection.", "A Slack admin can approve the connection."),
        ("Deleted files free storage after 24 hours.", "Deleted files for free storage after 24 hours."),
        (
            "The shop cannot be closed with an open past-due bill or a hold.",
            "You can't close an open past-due bill or a hold with an open past-due bill or a hold.",
        ),
    ],
)
def test_another_deed_or_doer_or_half_of_it_is_refused(evidence, said):
    assert refused(said, evidence)


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ("Up to 50 entries can be approved at once.", "You can approve up to 50 entries at once."),
        ("A copy is requested under Account > Data.", "You can request a copy under Account > Data."),
        ("A fee is charged for each ticket that is bought online.", "A fee is charged for each ticket you buy online."),
        ("Enter a fresh code after the wait.", "You enter a fresh code after the wait."),
        ("The holder must end a plan 5 days before.", "You must end a plan 5 days before."),
        ("While sync is on, roles cannot be changed.", "While sync is on, you can't change roles."),
        ("The guests must still be assigned to it.", "You still need to assign the guests to it."),
        ("A second factor is required for admins.", "A second factor is needed for admins."),
        ("The code is displayed on the page.", "You see the code on the page."),
        ("Tickets are free of charge or cost 3 EUR.", "Tickets are free or cost 3 EUR."),
        ("Deleted files can be restored from the bin.", "You can restore deleted files from the bin."),
        ("Archived projects are not counted.", "We don't count archived projects."),
        ("A card is needed to start.", "You need a card to start."),
        ("Guests are free of charge on all plans.", "You get guests for free on all plans."),
    ],
)
def test_what_is_ordered_or_can_be_done_is_the_readers_deed_in_other_words_too(evidence, said):
    assert refused(said, evidence) == ""


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ("A refund may be granted.", "You can be granted a refund."),
        ("After the link has been opened, the page can be read.", "After you've opened the link, you can read the page."),
        ("60 of 60 minutes were used this month.", "You've used 60 of 60 minutes this month."),
        ("The plan with all its seats is billed per month.", "The plan with all its seats is billed monthly."),
        ("Members can invite guests.", "Members can invite guests."),
        ("Tallybird uses the first rate in the following order.", "Tallybird uses the first rate in this order."),
        ("The trial of the account ends on 11 March.", "Your trial ends on 11 March."),
        ("Text messages are sent only in order to announce the driver.", "Text messages are sent only to announce your driver."),
        ("The only owner can close the workspace.", "Only the owner can close the workspace."),
    ],
)
def test_the_same_said_with_other_small_words_is_accepted(evidence, said):
    assert refused(said, evidence) == ""


@pytest.mark.parametrize(
    ("source", "text", "said"),
    [
        ("c1", "The customer is the Owner of the workspace.", "You are the Owner of the workspace."),
        ("c1", "By the account: The customer is a Member of the workspace.", "By the account: you are a Member of the workspace."),
        ("c1", "The customer has no recovery codes left.", "You have no recovery codes left."),
        (
            "c1",
            'Ticket T-1 about "The customer is king" is waiting for the customer.',
            'Ticket T-1 about "The customer is king" is waiting for you.',
        ),
        ("c1", "The customer number is 7.", "The customer number is 7."),
        ("1", "The customer is the client of a project.", "The customer is the client of a project."),
    ],
)
def test_an_account_fact_that_is_quoted_speaks_to_the_customer(source, text, said):
    assert quote(Evidence(source, text)).text == said
