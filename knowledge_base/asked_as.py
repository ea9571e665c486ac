"""A file of questions that articles of any source answer, of known gaps beside them and of ambiguous questions: for articles that
have no front matter to hold them (``asked_as``).
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from knowledge_base.articles import Article
from knowledge_base.blocks import clean
from knowledge_base.catalog import Catalog
from knowledge_base.errors import UserError
from knowledge_base.named import Named, named, with_questions
from knowledge_base.passages import Passage
from knowledge_base.yaml_texts import TextLoader

_SHAPE = '`ARTICLE: {"HEADING": ["QUESTION", ...]}`, or `{asked_as: [...], gaps: [...], ambiguous: [...]}` under a heading'
_KINDS = {"asked_as", "gaps", "ambiguous"}
_UNCHANGED = "nothing was changed"


@dataclass(frozen=True)
class Asked:
    """The questions under a heading, those near to it that no article answers, those that other articles fit as well, and the line
    of the file that names it.
    """

    line: int
    questions: Named
    gaps: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()


@dataclass(frozen=True)
class OfArticle:
    """What the file holds for an article, by heading without regard to case, and the line that names the article."""

    line: int
    headings: Mapping[str, Asked]


@dataclass(frozen=True)
class AskedAs:
    """What the file holds, by article id. ``digest`` changes whenever any of it does, and is "" where there is nothing."""

    path: str = ""
    digest: str = ""
    articles: Mapping[str, OfArticle] = field(default_factory=dict)

    def questions(self, article_id: str, headings: Set[str]) -> dict[str, Asked]:
        """What there is for an article that has these headings, as ``folded`` gives them."""
        found = self.articles.get(article_id)
        return {head: asked for head, asked in found.headings.items() if head in headings} if found else {}

    def digest_of(self, digest: str, article_id: str, headings: Set[str]) -> str:
        """The digest of an article whose source gives it this one: another wherever its questions are."""
        questions = self.questions(article_id, headings)
        return f"{digest}+{_digest(_said(questions))}" if questions else digest

    def added_to(self, article: Article) -> Article:
        """The article with its questions, each after those that its source gives it, and with the digest that tells of them."""
        questions = self.questions(article.article_id, folded(article))
        if not questions:
            return article
        answered = with_questions(article.passages, {head: asked.questions for head, asked in questions.items()})
        passages = tuple(_with(passage, questions.get(_folded(passage.heading))) for passage in answered)
        digest = self.digest_of(article.digest, article.article_id, questions.keys())
        return replace(article, passages=passages, digest=digest)

    def marked(self, cursor: str) -> str:
        """A source's cursor to be stored; a listing of changes alone names no article that only has other questions."""
        return f"{self.digest} {cursor}" if cursor else ""

    def cursor(self, stored: str) -> str:
        """The cursor of a source to be listed from, "" (all there is) where it was listed with other questions than today's."""
        digest, _, cursor = stored.partition(" ")
        return cursor if digest == self.digest else ""

    def flaws(self, headings: Mapping[str, Set[str]]) -> Iterator[str]:
        """What the file names that is not there, as sentences that follow its path.

        They tell the line and not the words, which would stand in the history when the article has been purged.

        Args:
            headings: of each article that is served.
        """
        for article_id, found in self.articles.items():
            if article_id not in headings:
                yield f"names in line {found.line} an article that there is not; mend its id or take it out"
                continue
            for heading, asked in found.headings.items():
                if heading not in headings[article_id]:
                    what = "a heading that" if heading else "text before the first heading, which"
                    yield f"names in line {asked.line} {what} its article does not have; mend it or take it out"


NO_QUESTIONS = AskedAs()


def source_digest(digest: str) -> str:
    """Of an article's digest the part that its source gave it."""
    return digest.partition("+")[0]


def folded(article: Article) -> set[str]:
    """An article's headings without regard to case, "" for text before the first."""
    return {_folded(passage.heading) for passage in article.passages}


def _with(passage: Passage, more: Asked | None) -> Passage:
    if more is None:
        return passage
    pairs = ((passage.gaps, more.gaps), (passage.ambiguous, more.ambiguous))
    gaps, ambiguous = (tuple(dict.fromkeys((*own, *added))) for own, added in pairs)
    return replace(passage, gaps=gaps, ambiguous=ambiguous)


def _folded(heading: str) -> str:
    return clean(heading).casefold()


def served_headings(catalog: Catalog, asked: AskedAs) -> dict[str, set[str]]:
    """The headings of each article that serves, as ``folded`` gives them; nothing is read where there are no questions."""
    found: dict[str, set[str]] = {}
    if asked.articles:
        for article_id, heading in catalog.db.execute("SELECT DISTINCT article_id, heading FROM passages"):
            found.setdefault(article_id, set()).add(_folded(heading))
    return found


def read_asked_as(path: Path | None) -> AskedAs:
    """The questions of a file, none without one.

    Raises:
        UserError: the file cannot be read, or is not of the shape ``{article id: {heading: [question, ...]}}``; under a heading
            ``{asked_as: [question, ...], gaps: [question, ...], ambiguous: [question, ...]}`` will do as well.
    """
    if path is None:
        return NO_QUESTIONS
    try:
        root = yaml.compose(path.read_text("utf-8-sig"), Loader=TextLoader)  # makes only texts: an id may be a number
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(f"The file {path} cannot be read ({reason}): check the setting `asked_as`; {_UNCHANGED}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"The file {path} is not UTF-8 text: save it as UTF-8; {_UNCHANGED}.") from error
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise UserError(f"The file {path} is not valid YAML{where}: mend it, it is to hold {_SHAPE}; {_UNCHANGED}.") from error
    articles = {name: OfArticle(line, _headings(path, node)) for name, line, node in (_pairs(path, root) if root else ())}
    said = {name: _said(found.headings) for name, found in articles.items()}
    return AskedAs(str(path), _digest(said) if said else "", articles)


def _headings(path: Path, node: yaml.Node) -> dict[str, Asked]:
    return {heading: _named(path, line, value) for heading, line, value in _pairs(path, node, _folded)}


def _named(path: Path, line: int, node: yaml.Node) -> Asked:
    """A list of questions that are answered, or a mapping of these, of known gaps and of ambiguous questions."""
    if not isinstance(node, yaml.MappingNode):
        return Asked(line, _answered(path, node))
    nodes = {name: value for name, _, value in _pairs(path, node)}
    if not nodes or nodes.keys() - _KINDS:
        raise _other_shape(path, node)
    answered = _answered(path, nodes["asked_as"]) if "asked_as" in nodes else {}
    return Asked(line, answered, *(_questions(path, nodes[name]) if name in nodes else () for name in ("gaps", "ambiguous")))


def _answered(path: Path, node: yaml.Node) -> Named:
    """A list of questions, or a mapping of how the sentence begins that answers them to such lists."""
    if not isinstance(node, yaml.MappingNode):
        return named([("", _questions(path, node))])
    return named([(opening, _questions(path, value)) for opening, _, value in _pairs(path, node)])


def _said(headings: Mapping[str, Asked]) -> dict[str, list[object]]:
    return {heading: [asked.questions, asked.gaps, asked.ambiguous] for heading, asked in headings.items()}


def _pairs(path: Path, node: yaml.Node, known_as: Callable[[str], str] = str) -> Iterator[tuple[str, int, yaml.Node]]:
    """The keys of a mapping as they are known, with their lines and what stands under them; none stands there twice."""
    if not isinstance(node, yaml.MappingNode):
        raise _other_shape(path, node)
    known: set[str] = set()
    for key, value in node.value:
        name, line = known_as(_text(path, key)), key.start_mark.line + 1
        if name in known:
            raise UserError(f"Line {line} of {path} says {name!r} again: put all that belongs to it in one place; {_UNCHANGED}.")
        known.add(name)
        yield name, line, value


def _questions(path: Path, node: yaml.Node) -> tuple[str, ...]:
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        raise _other_shape(path, node)
    questions = tuple(clean(_text(path, item)) for item in node.value)
    if not all(questions):
        raise _other_shape(path, node)
    return questions


def _text(path: Path, node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise _other_shape(path, node)
    return str(node.value)


def _other_shape(path: Path, node: yaml.Node) -> UserError:
    return UserError(f"Line {node.start_mark.line + 1} of {path} is not of the shape {_SHAPE}: mend it; {_UNCHANGED}.")


def _digest(questions: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(questions, sort_keys=True).encode()).hexdigest()
