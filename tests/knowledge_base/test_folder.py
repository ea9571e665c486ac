"""Folders of articles: what is listed, what is left out, and that a digest is that of what was read."""

import hashlib
import os
import re
from pathlib import Path

import pytest

from knowledge_base.errors import UserError
from knowledge_base.folder import list_folder
from knowledge_base.sources import FolderSource

REAL = Path(os.environ.get("BENCHMARK_DATA", "../shared/data")) / "arduino_help" / "articles"
# a tag, an entity, an attribute list, a callout's or footnote's mark, a link, a table's ruler, and characters that nobody sees
LEFTOVERS = re.compile(
    r"</?(?:p|div|span|br|td|li|a|img|b|i|kbd|sup|h\d)\b[^>]*>|&[a-z]+;|\{[.#:]|\[!|\[\^|\]\(|\|\s*-{3}|[\u200b-\u200f\ufeff\u00ad\x00-\x1f]"
)


def listed(folder):
    return list_folder(FolderSource(path=folder))


def write(folder, *paths, text="Text."):
    for path in paths:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def test_all_kinds_of_files_are_listed_by_path_with_the_digest_of_their_bytes(tmp_path):
    paths = ["a.HTML", "b/c.markdown", "b/d.txt", "b/e/f.md", "g.htm", "h.pdf", "i.docx"]
    write(tmp_path, *paths, "image.png", "notes.json", "README")
    listing = listed(tmp_path)
    assert [document.path for document in listing.documents] == paths
    assert {document.digest for document in listing.documents} == {hashlib.sha256(b"Text.").hexdigest()}
    assert not listing.partial
    assert listing.left_out == ()
    assert listing.documents[3].read().article_id == "b/e/f.md"


def test_hidden_and_temporary_files_are_no_articles(tmp_path):
    write(tmp_path, "a.md", ".hidden.md", ".git/b.md", "~$c.docx", ".#d.md", "#e.md#", "f.md~", ".~lock.g.docx#", "h.md.swp", "~i.md")
    assert [document.path for document in listed(tmp_path).documents] == ["a.md"]


@pytest.mark.parametrize("make", [False, True])
def test_a_missing_or_empty_folder_is_said_so(tmp_path, make):
    folder = tmp_path / "help"
    if make:
        write(folder, "image.png", ".hidden.md")
    said = r"There are no articles .* in .*help: add some" if make else r"there is no folder .*help: make it"
    with pytest.raises(UserError, match=f"{said} or name another folder in the setting `articles`"):
        listed(folder)


def test_a_file_that_changed_since_it_was_listed_is_read_with_the_digest_of_what_was_read(tmp_path):
    write(tmp_path, "a.md")
    (document,) = listed(tmp_path).documents
    write(tmp_path, "a.md", text="Another text.")
    article = document.read()
    assert article.passages[0].text == "Another text."
    assert article.digest == hashlib.sha256(b"Another text.").hexdigest() != document.digest


def test_a_file_that_went_since_it_was_listed_says_so(tmp_path):
    write(tmp_path, "a.md")
    (document,) = listed(tmp_path).documents
    (tmp_path / "a.md").unlink()
    with pytest.raises(ValueError, match="has gone since it was listed"):
        document.read()


def test_what_cannot_be_opened_is_left_out_and_the_rest_goes_on(tmp_path):
    write(tmp_path, "a.md")
    (tmp_path / "loop.md").symlink_to("loop.md")
    (tmp_path / "nowhere.md").symlink_to("gone.md")
    os.mkfifo(tmp_path / "pipe.md")
    with open(os.fsencode(tmp_path) + b"/caf\xe9.md", "w") as file:  # noqa: PTH123  # a name that is no text
        file.write("Text.")
    listing = listed(tmp_path)
    assert [document.path for document in listing.documents] == ["a.md"]
    reasons = dict(listing.left_out)
    assert reasons.keys() == {"loop.md", "nowhere.md", "pipe.md", "caf\ufffd.md"}
    assert "name that is not UTF-8" in reasons.pop("caf\ufffd.md")
    assert all("cannot be opened" in reason for reason in reasons.values())


def test_links_to_folders_are_followed_once_even_in_a_circle(tmp_path):
    write(tmp_path / "help", "b/a.md")
    (tmp_path / "help" / "b" / "up").symlink_to(tmp_path / "help")
    write(tmp_path / "other", "c.md")
    (tmp_path / "help" / "linked").symlink_to(tmp_path / "other")
    assert [document.path for document in listed(tmp_path / "help").documents] == ["b/a.md", "linked/c.md"]


def test_listing_parses_nothing(tmp_path):
    for number in range(2000):
        (tmp_path / f"{number}.md").write_text("---\ntitle: [not valid\n---\n" + "word " * 200)
    assert len(listed(tmp_path).documents) == 2000


@pytest.mark.skipif(not REAL.is_dir(), reason=f"there is no {REAL} (set BENCHMARK_DATA)")
def test_a_real_help_center_loads_whole_and_reads_as_text():
    listing = listed(REAL)
    assert (len(listing.documents), listing.left_out) == (414, ())
    articles = [document.read() for document in listing.documents]
    said = [
        (article.article_id, text)
        for article in articles
        for passage in article.passages
        for text in (passage.heading, *(unit.text for unit in passage.units if unit.kind != "code"))
    ]
    assert [found for found in said if LEFTOVERS.search(found[1])] == []
    assert max(len(text.split()) for _, text in said) <= 120
