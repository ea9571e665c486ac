"""The report of a retraining, as a person opens it."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from assistant.voices import Voice
from tests.assistant.cards import card
from training.evaluation import Sample
from training.finetune import Progress
from training.gate import Finding, Trial
from training.probes import Probe
from training.report import NAMES, write_report

VOICE = Voice(folder=Path("nowhere"), card=card(profile={"title": "Warm & <plain>"}, examples=77))
PROGRESS = Progress(30, 30, 0.5, 90.0, 9000, [3.0 / (n + 1) for n in range(30)], [(10, 2.0), (20, 1.0), (30, 1.5)])


def sample(number: int, good: bool = True) -> Sample:
    return Sample(
        lesson=f"l{number}", question=f"<script>alert({number})</script>", evidence=["Click <b>it</b>."],
        written=f"Hi & <i>bye</i> {number}.", outcomes={"valid": [good], "sources": [True], "rules": [True, good]},
        broken=[] if good else ["no <u>structure</u>"],
    )  # fmt: skip


def page(path: Path, before: list[Sample] | None = None, refused: list[Finding] | None = None) -> BeautifulSoup:
    trial = Trial(
        [sample(n, n != 3) for n in range(40)], 0.875, [Probe("p", "v", "b", True, False)] * 8, [Probe("p", "v", "b", False, False)]
    )
    assert write_report(path / "report.html", VOICE, trial, before, refused or [], PROGRESS) == path / "report.html"
    return BeautifulSoup((path / "report.html").read_text("utf-8"), "lxml")


def test_a_report_holds_the_plots_of_the_scores_and_of_the_loss(tmp_path):
    bars, loss = page(tmp_path).find_all("svg")
    assert len(bars.find_all("path")) > 10
    assert len(loss.find_all("path")) > 10


def test_scores_stand_beside_their_intervals_and_those_of_the_active_voice(tmp_path):
    rows = {
        row.td.text: [cell.text for cell in row.find_all("td")[1:]]
        for row in page(tmp_path, [sample(n) for n in range(40)]).find_all("tr")[1:]
    }
    valid = rows[NAMES["valid"]]
    assert valid[0].split()[0] == "0.97"
    low, high = valid[0].split()[1], valid[0].split()[3]
    assert float(low) < 0.975 <= float(high)
    assert valid[1] == "1.00 1.00 to 1.00"
    assert [cells[0] for name, cells in rows.items() if name.startswith("replies recognised")] == ["0.88"]
    assert [cells[0] for name, cells in rows.items() if name.startswith("general prompts")] == ["8 (0)"]
    assert NAMES["forced"] not in rows


def test_without_an_active_voice_the_evidence_stands_beside_a_reply(tmp_path):
    shown = page(tmp_path)
    assert [cell.text for cell in shown.select("table td.n")][1] == "–"
    assert "Click <b>it</b>." in [text.text for text in shown.select(".pair pre")]


def test_what_was_written_is_text_and_never_markup(tmp_path):
    shown = page(tmp_path, [sample(n) for n in range(40)], [Finding("valid", "<b>bad</b>", ["<i>worse</i>"])])
    assert shown.find("script") is None
    assert shown.select(".pair i, .pair b, .pair u, .verdict i") == []
    assert shown.h1.text == f"{VOICE.label}: Warm & <plain>"
    assert shown.select(".pair h3")[0].text == "<script>alert(3)</script>"
    assert shown.select(".verdict li.wrong")[0].text == "<i>worse</i>"


def test_samples_that_fell_short_are_shown_first_with_what_was_wrong(tmp_path):
    pairs = page(tmp_path).select(".pair")
    assert len(pairs) == 12
    assert [text.text for text in pairs[0].select(".wrong")] == ["no <u>structure</u>"]
    assert [pair.h3.text for pair in pairs[1:]] == [f"<script>alert({n})</script>" for n in range(40) if n != 3][::3][:11]


@pytest.mark.parametrize(("refused", "verdict"), [([], "Passed."), ([Finding("rules", "only 0.10 of its lines", [])], "Refused.")])
def test_the_verdict_stands_at_the_top(tmp_path, refused, verdict):
    shown = page(tmp_path, refused=refused)
    assert shown.select_one(".verdict b").text == verdict
    assert [item.text for item in shown.select(".verdict > ul > li")] == [str(finding) for finding in refused]
