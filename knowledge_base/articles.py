"""Help-center articles: Markdown files with front matter, and HTML."""

import codecs
import hashlib
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from knowledge_base.blocks import Block, clean
from knowledge_base.dates import iso_day
from knowledge_base.front_matter import audience_of, front_matter, names_of
from knowledge_base.markup import html_blocks, markdown_blocks
from knowledge_base.named import Named, named, with_questions
from knowledge_base.passages import Passage, passages_of


@dataclass(frozen=True)
class Article:
    """One help-center article; ``digest`` covers the whole file, and what the file of questions adds (``asked_as.py``)."""

    article_id: str
    title: str
    section: str
    audience: str
    plans: tuple[str, ...]
    updated: str
    digest: str
    passages: tuple[Passage, ...] = field(repr=False)
    product: str = ""
    language: str = ""


def article_from_html(
    html: str,
    *,
    article_id: str,
    title: str,
    digest: str,
    section: str = "",
    audience: str = "public",
    plans: tuple[str, ...] = (),
    product: str = "",
    language: str = "",
    updated: str = "",
) -> Article:
    """An article from the HTML of its body, as a help center's API gives it.

    Args:
        html: the body.
        article_id: unique among all articles of all sources.
        title: as readers see it.
        digest: changes whenever the article does.
        section: where it stands in the help center.
        audience: who may read it, "public" for everybody.
        plans: what it is for, empty for all.
        product: the same for products, with commas between them.
        language: a code such as "de" or "pt-BR", empty where it is not known.
        updated: when it was edited last; nothing where it is no date (``dates.py``).

    Raises:
        ValueError: one sentence on what is wrong with it.
    """
    passages = passages_of(html_blocks(html), language)
    if not passages:
        raise ValueError("has no text in its body; write the article or remove it")
    return Article(article_id, clean(title), section, audience, plans, iso_day(updated), digest, passages, product, language)


def article_from_markdown(raw: bytes, path: str, edited: str = "") -> Article:
    """An article from the bytes of a Markdown file; ``path`` and ``edited`` stand in where its front matter says nothing.

    Raises:
        ValueError: one sentence on what is wrong with the file.
    """
    meta, body = front_matter(decoded(raw))
    return article_from_blocks(markdown_blocks(body), meta, path=path, digest=hashlib.sha256(raw).hexdigest(), edited=edited)


def article_from_blocks(blocks: list[Block], meta: dict[str, Any], *, path: str, digest: str, edited: str) -> Article:
    """An article from its blocks and what its file says about it.

    Args:
        blocks: the text.
        meta: ``id``, ``title``, ``section``, ``audience``, ``plans``, ``product``, ``language``, ``updated``, ``asked_as``,
            ``gaps`` and ``ambiguous``, texts or lists of texts, none of them needed, and what ``audience_of`` reads.
        path: the file's place; the id, the section and at last the title come from it where ``meta`` has none.
        digest: of the file's bytes.
        edited: the date of its last edit, YYYY-MM-DD, where ``meta`` has none that can be read.

    Raises:
        ValueError: there is no text, or it does not say clearly whom it is for.
    """
    place = PurePosixPath(path)
    given = {name: clean(value) if isinstance(value, str) else "" for name, value in meta.items()}
    language = given.get("language", "").replace("_", "-")
    title = given.get("title") or next((clean(block.text) for block in blocks if block.kind == "heading"), place.stem.replace("-", " "))
    asked, gaps, ambiguous = (_by_heading(meta.get(name)) for name in ("asked_as", "gaps", "ambiguous"))
    passages = tuple(
        replace(passage, gaps=tuple(gaps.get(head, ())), ambiguous=tuple(ambiguous.get(head, ())))
        for passage in with_questions(passages_of(blocks, language), asked)
        for head in (passage.heading.casefold(),)
    )
    if not passages:
        raise ValueError("has no text below its front matter; write the article or remove the file")
    return Article(
        article_id=given.get("id") or path,
        title=title,
        section=given.get("section") or (place.parent.as_posix().replace("-", " ") if len(place.parts) > 1 else ""),
        audience=audience_of(meta),
        plans=names_of(meta, "plan"),
        updated=iso_day(given.get("updated", "")) or edited,
        digest=digest,
        passages=passages,
        product=", ".join(names_of(meta, "product")),
        language=language,
    )


def decoded(raw: bytes) -> str:
    """The text of a file in UTF-8, or in UTF-16 where it begins with a byte order mark.

    Raises:
        ValueError: it is neither.
    """
    utf16 = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = raw.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not {'UTF-16' if utf16 else 'UTF-8'} text (byte {error.start}); save it as UTF-8") from error
    if text.count("\0") > len(text) // 100:
        raise ValueError("is not UTF-8 text but holds zero bytes; save it as UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _by_heading(value: object) -> dict[str, Named]:
    """The front matter's ``asked_as``, ``gaps`` or ``ambiguous``: heading -> questions, "" for the part before the first heading.

    Under a heading stands a list of questions, or how a sentence begins -> a list of those that it answers.
    """
    if not isinstance(value, dict):
        return {}
    groups = {clean(str(head)).casefold(): lines if isinstance(lines, dict) else {"": lines} for head, lines in value.items()}
    return {
        head: named([(of, list(map(str, lines))) for of, lines in group.items() if isinstance(lines, list)])
        for head, group in groups.items()
    }
