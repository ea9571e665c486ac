"""False alarms: which sentences of a help center are said to contradict each other, over all pairs of its articles.

``python -m tests.benchmarks.contradictions [--articles DIR]`` prints every pair that is reported, to be read.
"""

import argparse
from collections import Counter, defaultdict
from pathlib import Path

from assistant.claims import words
from assistant.contradictions import disagreement
from knowledge_base.listings import live_articles
from knowledge_base.settings import KnowledgeSettings
from knowledge_base.sources import FolderSource

LEAST_SHARED = 0.3
"""Pairs with fewer common words, of the shorter sentence's, are passed over."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=Path, help="a folder of articles; the shipped ones by default")
    arguments = parser.parse_args()
    sources = [FolderSource(path=arguments.articles)] if arguments.articles else KnowledgeSettings().articles
    units = [
        (article.article_id, f"{article.title} {passage.heading}", unit.text)
        for article in live_articles(sources)
        if article.audience == "public"
        for passage in article.passages
        for unit in passage.units
    ]
    said = [frozenset(words(text)) for _, _, text in units]
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, content in enumerate(said):
        for word in content:
            places[word].append(place)
    compared = reported = 0
    for one, content in enumerate(said):
        common = Counter(other for word in content for other in places[word] if other > one)
        for other, shared in common.items():
            (article, title, text), (theirs, their_title, their_text) = units[one], units[other]
            if article == theirs or text == their_text or shared < max(2, LEAST_SHARED * min(len(content), len(said[other]))):
                continue
            compared += 1
            if difference := disagreement(text, their_text, title, their_title):
                reported += 1
                print(f"{difference}\n  {article}: {text}\n  {theirs}: {their_text}")
    print(f"{len(units)} sentences, {compared} pairs compared, {reported} reported")


if __name__ == "__main__":
    main()
