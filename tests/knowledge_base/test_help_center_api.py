"""The HTTP part of reading a help center: patience where it helps, one sentence where it does not, and a token that stays put."""

import json
import logging

import pytest

from knowledge_base import help_center_api
from knowledge_base.errors import UserError
from knowledge_base.sources import ZendeskSource
from knowledge_base.zendesk import list_zendesk
from tests.knowledge_base.help_center_servers import EMAIL, TOKEN, Zendesk, serving

HTML_LOGIN = ("status", 200, {"Content-Type": "text/html"}, b"<html>Please log in</html>")


@pytest.fixture(autouse=True)
def token(monkeypatch):
    monkeypatch.setenv("ZENDESK_TOKEN", TOKEN)


@pytest.fixture
def center():
    with serving(Zendesk()) as help_center:
        for number in range(1, 13):
            help_center.add(number)
        yield help_center


class Reader:
    """Lists a help center, noting each wait instead of waiting."""

    def __init__(self, center, **settings):
        self.source, self.waits = ZendeskSource(**{"url": center.url, "email": EMAIL, **settings}), []

    def list(self):
        return list_zendesk(self.source, "", set(), sleep=self.waits.append)


def fails(reader, *words):
    with pytest.raises(UserError) as caught:
        reader.list()
    sentence = str(caught.value)
    assert TOKEN not in sentence
    assert sentence.count(". ") == 0
    assert sentence.endswith(".")
    for word in words:
        assert word in sentence
    return sentence


def test_a_rate_limit_is_waited_out_as_long_as_the_server_asks(center):
    center.faults = {2: ("status", 429, {"Retry-After": "17"}, b""), 3: ("status", 429, {"Retry-After": "3"}, b"")}
    reader = Reader(center)
    assert len(reader.list().documents) == 12
    assert reader.waits == [17.0, 3.0]


def test_passing_faults_are_tried_again_with_growing_waits(center):
    error = ("status", 503, {}, b"<html>down</html>")
    center.faults = {1: error, 2: ("reset",), 3: error, 4: error, 6: ("status", 500, {}, b"")}
    reader = Reader(center)
    assert len(reader.list().documents) == 12
    assert len(reader.waits) == 5
    assert reader.waits[0] < 2 < reader.waits[3] < 30
    assert reader.waits[4] < 2


def test_a_slow_server_is_tried_again(center, monkeypatch):
    monkeypatch.setattr(help_center_api, "TIMEOUT", 0.2)
    center.faults = {2: ("slow", 1.0)}
    reader = Reader(center)
    assert len(reader.list().documents) == 12
    assert len(reader.waits) == 1


def test_a_server_that_stays_down_ends_in_one_sentence_after_six_tries(center):
    center.faults = {"all": ("status", 502, {}, b"")}
    reader = Reader(center)
    fails(reader, "status 502", "later", "nothing was changed")
    assert len(center.requests) == 6
    assert sum(reader.waits) < 60


def test_a_server_that_is_not_there_ends_in_one_sentence(center):
    fails(Reader(center, url="http://127.0.0.1:9"), "127.0.0.1:9 cannot be reached", "check the connection")


def test_a_server_that_wants_an_hour_of_patience_is_left_alone(center):
    center.faults = {"all": ("status", 429, {"Retry-After": "3600"}, b"")}
    reader = Reader(center)
    fails(reader, "3600 seconds")
    assert reader.waits == []


def test_a_failure_in_the_middle_fails_the_whole_listing(center):
    for number in range(13, 301):
        center.add(number)
    center.faults = {number: ("status", 500, {}, b"") for number in range(3, 40)}
    reader = Reader(center)
    fails(reader, "status 500")
    center.quiet()
    assert len(reader.list().documents) == 300


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (("status", 401, {}, b"{}"), ("does not accept the credentials", "ZENDESK_TOKEN")),
        (("status", 403, {}, b"{}"), ("does not let this reader",)),
        (("status", 404, {}, b"{}"), ("`url` and `locale`",)),
        (("status", 400, {}, b"{}"), ("status 400",)),
        (("status", 302, {"Location": "https://login.example.com/in?token=x"}, b""), ("https://login.example.com,", "login page")),
        (("status", 301, {"Location": "http://[bad"}, b""), ("login page",)),
        (("status", 304, {}, b""), ("status 304",)),
        (HTML_LOGIN, ("text/html instead of JSON", "`url`")),
        (("status", 200, {}, b'{"articles": ['), ("instead of JSON",)),
        (("status", 200, {}, b"[" * 100_000), ("instead of JSON",)),
        (("status", 200, {}, b"[]"), ("without the list of sections",)),
        (("status", 200, {}, b'{"sections": {}}'), ("without the list of sections",)),
        (("status", 200, {}, b'{"sections": []}'), ("without the `meta`",)),
        (("status", 200, {}, b'{"sections": [], "meta": {"has_more": true, "after_cursor": "x"}}'), ("no end",)),
        (("status", 200, {}, b'{"sections": [], "meta": {"has_more": true}}'), ("no end",)),
    ],
)
def test_a_permanent_failure_ends_at_once_in_a_sentence_that_says_what_to_do(center, fault, words):
    center.faults = {"all": fault}
    reader = Reader(center)
    fails(reader, *words)
    assert reader.waits == []
    assert len(center.requests) <= 2


def test_the_token_goes_nowhere_else_and_into_no_log(center, caplog):
    caplog.set_level(logging.DEBUG)
    with serving(Zendesk()) as elsewhere:
        answer = {"sections": [], "meta": {"has_more": True, "after_cursor": "next"}, "links": {"next": f"{elsewhere.url}/steal"}}
        center.faults = {
            1: ("status", 200, {"Link": f'<{elsewhere.url}/steal>; rel="next"'}, json.dumps(answer).encode()),
            2: ("status", 200, {}, b'{"sections": [], "meta": {"has_more": false}}'),
            3: ("status", 302, {"Location": f"{elsewhere.url}/steal"}, b""),
        }
        fails(Reader(center), elsewhere.url)
        assert elsewhere.requests == []
    assert [path.rsplit("/", 1)[1] for path, _, _ in center.requests] == ["sections.json", "sections.json", "articles.json"]
    assert all(headers["Authorization"].startswith("Basic ") for _, _, headers in center.requests)
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("value", ["", "two words", "zero\x00byte", "not-äscii"])
def test_a_token_that_is_none_is_named_by_its_variable_only(center, monkeypatch, value):
    if "\x00" in value:
        monkeypatch.setattr(help_center_api.os, "environ", {"ZENDESK_TOKEN": value})
    else:
        monkeypatch.setenv("ZENDESK_TOKEN", value)
    sentence = fails(Reader(center), "ZENDESK_TOKEN")
    assert not value or value not in sentence
    assert center.requests == []


def test_a_wrong_token_is_refused(center, monkeypatch):
    monkeypatch.setenv("ZENDESK_TOKEN", "another")
    fails(Reader(center), "does not accept the credentials")


@pytest.mark.parametrize("url", ["", "example", "ftp://example.com", "http://", "https://[bad"])
def test_an_address_that_is_none_is_asked_for(center, url):
    fails(Reader(center, url=url), "set `url`")


def test_a_token_is_not_sent_unencrypted_over_the_network(center):
    fails(Reader(center, url="http://help.example.com"), "https://")


def test_the_address_may_be_any_page_of_the_help_center(center):
    assert len(Reader(center, url=f"{center.url}/hc/en-us?x=1").list().documents) == 12
