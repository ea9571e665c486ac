"""The store at scale: ``python -m tests.benchmarks.scale [--articles 10000] [--named 20] [--store FOLDER]``.

Makes 10,000 articles of some ten passages each out of the bundled help center: every article is an edition of two bundled
ones, with titles of its own and a sentence of its own, and names some of the questions and known gaps of one of them. Their
embeddings are the real ones, jittered for each edition, so that the store of 100,000 passages is made in minutes; the edited
article and every question are embedded for real. Then it measures, all through the documented ways in: a refresh that finds
nothing new, the time from a save to the first search that returns the new text while the watcher runs, the search itself, and
the memory of a process that searches.
"""

import argparse
import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np
import yaml

from knowledge_base import embedder
from knowledge_base.catalog import Catalog
from knowledge_base.embeddings import load_embeddings
from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.settings import KnowledgeSettings
from knowledge_base.yaml_texts import TextLoader
from tests.benchmarks import questions

JITTER = 0.35
"""Length of the noise added to a unit vector; two editions of a passage are then at a cosine of about 0.89."""
BETWEEN_S = 0.05
"""Pause between two searches for the new text, so that the searches do not take the cores from the refresh."""
EDITION = re.compile(r" \(edition \d+\)")
SEARCH = """
import json, re, sys
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.settings import KnowledgeSettings
from pathlib import Path
kb = KnowledgeBase(KnowledgeSettings(store=Path(sys.argv[1])))
asked = json.loads(sys.stdin.read())
found = [kb.search(question) for question in asked[:20]] and [kb.search(question) for question in asked]
print(json.dumps({
    "seconds": [item.seconds for item in found], "timing": [item.timing for item in found],
    "mb": int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024,
}))
"""


class JitteredEmbeddings:
    """Real embeddings; a text of an edition gets those of the original with noise that is always the same for it."""

    def __init__(self) -> None:
        self._real = load_embeddings("embedded", 2)
        self._known: dict[str, np.ndarray] = {}

    def vectors(self, texts: list[str]) -> np.ndarray:
        plain = [EDITION.sub("", text) for text in texts]
        new = [text for text in dict.fromkeys(plain) if text not in self._known]
        self._known.update(zip(new, self._real.vectors(new), strict=True))
        rows = np.array([self._known[text] for text in plain])
        for number, text in enumerate(texts):
            if text != plain[number]:
                noise = np.random.default_rng(zlib.crc32(text.encode())).normal(size=rows.shape[1])
                rows[number] += JITTER * noise / np.linalg.norm(noise)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def title_of(front: str) -> str:
    return next(line for line in front.splitlines() if line.startswith("title: ")).removeprefix("title: ").strip('"')


def thinned(front: str, most: int) -> str:
    """A front matter that names so many questions and known gaps at most, of all headings."""
    meta = yaml.load(front, Loader=TextLoader)  # noqa: S506  # makes only texts
    for kind in ("asked_as", "gaps", "ambiguous"):
        named = [
            (heading, opening, line)
            for heading, group in (meta.get(kind) or {}).items()
            for opening, lines in (group if isinstance(group, dict) else {"": group}).items()
            for line in lines
        ]
        kept: dict[str, dict[str, list[str]]] = {}
        for heading, opening, line in random.Random(front).sample(named, min(most, len(named))):
            kept.setdefault(heading, {}).setdefault(opening, []).append(line)
        meta[kind] = kept
    return yaml.safe_dump(meta, allow_unicode=True, sort_keys=False)


def write_articles(folder: Path, count: int, named: int) -> None:
    """Editions of the bundled articles, two to an article, that name so many questions and known gaps each."""
    bundled = [path.read_text("utf-8") for path in sorted((Path("knowledge_base") / "help_center").rglob("*.md"))]
    parts = [re.match(r"(?s)---\n(.*?)\n---\n(.*)", text) for text in bundled]
    fronts = [(thinned(match[1], named), match[2]) for match in parts if match and "audience: internal" not in match[1]]
    for number in range(count):
        edition = f"(edition {number})"
        factors = (1, 7, 11) if number % 5 == 0 else (1, 7)
        bodies = [fronts[(number * factor + factor) % len(fronts)][1] for factor in factors]
        front = fronts[(number + 1) % len(fronts)][0]
        front = re.sub(r"(?m)^id: .*$", f"id: article-{number}", front)
        front = re.sub(r"(?m)^title: .*$", "title: " + json.dumps(f"{title_of(front)} {edition}"), front)
        text = f"---\n{front}\n---\n{chr(10).join(bodies)}\n\nThis is the text {edition} of the article.\n"
        path = folder / f"{number // 100:03d}" / f"article-{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def unchanged(settings: KnowledgeSettings) -> dict[str, float]:
    """The command that finds nothing to do, whole process and work alone."""
    took, inside = [], []
    for _ in range(3):
        began = time.monotonic()
        command = [sys.executable, "-m", "knowledge_base", "refresh", "--json", "--store", str(settings.store), "--articles"]
        sources = [str(settings.articles[0].path), "--customers", str(settings.customers[0].path)]
        done = subprocess.run([*command, *sources], capture_output=True, text=True, check=True)
        took.append(time.monotonic() - began)
        inside.append(json.loads(done.stdout)["seconds"])
    return {"process_s": round(statistics.median(took), 2), "work_s": round(statistics.median(inside), 2)}


def save_to_search(settings: KnowledgeSettings, edits: int = 7) -> dict[str, float]:
    """Seconds from saving an article to the first search in another process that returns the new text."""
    folder = settings.articles[0].path
    command = [sys.executable, "-m", "knowledge_base", "watch", "--store", str(settings.store), "--articles", str(folder)]
    knowledge_base = KnowledgeBase(settings)
    paths, took = sorted(folder.rglob("*.md")), []
    with subprocess.Popen([*command, "--customers", str(settings.customers[0].path)], stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout
        watcher.stdout.readline()
        try:
            for path in paths[:: max(1, len(paths) // edits)][:edits]:
                text = path.read_text("utf-8")
                began = time.monotonic()
                name = "".join(random.choice("bdfglmnprstvz") + random.choice("aeiou") for _ in range(4)).capitalize()
                news = f"The allowance for {name} is {random.randrange(10_000)} per crossing."
                path.write_text(f"{text}\n## {name}\n\n{news}\n", "utf-8")
                while time.monotonic() - began < 30:
                    hits = knowledge_base.search(f"What is the allowance per crossing for {name}?").hits
                    if any(news in hit.text for hit in hits):
                        break
                    time.sleep(BETWEEN_S)
                took.append(time.monotonic() - began)
                watcher.stdout.readline()
        finally:
            watcher.terminate()
    return {"median_s": round(statistics.median(took), 2), "worst_s": round(max(took), 2), "edits": edits}


def searches(settings: KnowledgeSettings) -> dict[str, object]:
    """The search in a process of its own: time, its parts, and peak memory."""
    asked = [row["question"] for row in questions.read("dev")][:200]
    done = subprocess.run(
        [sys.executable, "-c", SEARCH, str(settings.store)], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    stages = {name: round(1000 * statistics.median(item[name] for item in found["timing"]), 1) for name in found["timing"][0]}
    milliseconds = sorted(1000 * value for value in found["seconds"])
    return {
        "median_ms": round(statistics.median(milliseconds), 1),
        "p95_ms": round(milliseconds[int(0.95 * len(milliseconds))], 1),
        "stages_ms": stages,
        "memory_mb": round(found["mb"]),
    }


def recall(settings: KnowledgeSettings, most: int = 10) -> float:
    """Share of the exactly nearest passages that the index returns."""
    with Catalog(settings.store) as catalog:
        pairs = list(catalog.passage_vectors())
        ids, matrix = [item for item, _ in pairs], np.array([vector for _, vector in pairs])
        matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    asked = load_embeddings("embedded", 2).vectors([row["question"] for row in questions.read("dev")][:200])
    knowledge_base = KnowledgeBase(settings)
    knowledge_base.search("ready")
    found = []
    for query in asked:
        exact = {ids[place] for place in np.argsort(-(matrix @ query))[:most]}
        near = {item for item, _ in knowledge_base.nearest(query, most)}
        found.append(len(exact & near) / most)
    return round(statistics.mean(found), 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--named", type=int, default=20, help="questions, and known gaps, that an article names at most")
    parser.add_argument("--store", type=Path, help="keep the articles and the store here, and use them again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.store or Path(temporary)
        settings = KnowledgeSettings(store=folder / "store", articles=folder / "articles", customers=folder / "customers.jsonl")
        if not (folder / "store").exists():
            write_articles(folder / "articles", options.articles, options.named)
            (folder / "customers.jsonl").write_text("", "utf-8")
            jittered = JitteredEmbeddings()
            embedder.load_embeddings = lambda model, threads: jittered
            report = refresh(settings)
            embedder.load_embeddings = load_embeddings
            print("build", report.added, "articles", report.passages, "passages", report.seconds, "s", flush=True)
        with Catalog(settings.store) as catalog:
            print("passages", catalog.counts()[0])
        print("search", json.dumps(searches(settings)), flush=True)
        print("recall@10", recall(settings), flush=True)
        print("refresh of unchanged articles", json.dumps(unchanged(settings)), flush=True)
        print("save to search, watcher running", json.dumps(save_to_search(settings)), flush=True)


if __name__ == "__main__":
    main()
