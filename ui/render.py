"""Parts of the page as HTML; every text that comes from outside is escaped."""

import datetime
import html
import re
import zoneinfo
from collections.abc import Collection, Sequence

import streamlit as st

from assistant.content_gaps import ContentGap
from assistant.findings import Finding
from assistant.reply import Action, Statement
from assistant.turns import Conversation, Turn
from assistant.why import summary
from knowledge_base.hits import Hit

STYLE = """
<style>
.stApp {--line: light-dark(#e2e5ea, #3a3f48); --soft: light-dark(#5b6270, #a9b0bc); --quiet: light-dark(#f3f5f8, #22262e);
  --blue: light-dark(#1c5fae, #8fc0f7); --on-blue: light-dark(#e3eefb, #17324f); --green: light-dark(#1e7a3c, #86d49f);
  --on-green: light-dark(#e4f3e8, #16381f); --amber: light-dark(#7d5700, #ecc46a); --on-amber: light-dark(#fdf1d7, #3d3115);
  --red: light-dark(#a3332a, #f3a19a); --on-red: light-dark(#fbe4e2, #4a1e1b); --used: light-dark(#fff3c4, #4d4215);}
.block-container {padding: 3.2rem 2.5rem 1rem; max-width: 1320px;}
[data-testid="stBottomBlockContainer"] {padding: .5rem 2.5rem 1.2rem; max-width: 1320px;}
[data-testid="stExpanderDetails"]:has(.source) {max-height: 65vh; overflow-y: auto;}
@media (max-width: 768px) {.block-container {padding: 4.3rem 1rem 1rem;} [data-testid="stBottomBlockContainer"] {padding: .5rem 1rem;}
  [data-testid="stButtonGroup"] button {padding: .25rem .45rem;}}
[data-testid="stBaseButton-tertiary"] {justify-content: flex-start; text-align: left;}
[data-testid="stExpander"] summary, [data-testid="stCaptionContainer"] {color: var(--soft) !important; opacity: 1;}
h1.whose {font-size: 1rem; font-weight: 600; padding: 0; margin: 0;}
.reply {font-size: 1.02rem; line-height: 1.55;}
.reply p {margin: 0 0 .6rem 0; white-space: pre-line;}
.reply .code {display: block; white-space: pre-wrap; font-family: monospace; font-size: .9rem; margin: .3rem 0;}
.reply ol {margin: .2rem 0 .7rem 0; padding-left: 1.5rem;}
.cite {display: inline-block; font-size: .72rem; font-weight: 600; line-height: 1.15rem; padding: 0 .38rem; margin-left: .2rem;
  border-radius: .6rem; background: var(--on-blue); color: var(--blue) !important; text-decoration: none !important; vertical-align: 1px;}
.cite.c {background: var(--on-green); color: var(--green) !important;}
.cite, .mark {user-select: none;}
.marked {background: light-dark(#fdf6e3, #33290f);}
.mark {font-size: .7rem; font-weight: 600; color: var(--amber); margin-left: .3rem; white-space: nowrap;}
.badge {display: inline-block; font-size: .74rem; font-weight: 600; border-radius: .5rem; padding: .08rem .5rem; margin-right: .35rem;}
.badge.answer {background: var(--on-green); color: var(--green);} .badge.ask {background: var(--on-amber); color: var(--amber);}
.badge.hand_off {background: var(--on-red); color: var(--red);} .badge.plain {background: var(--quiet); color: var(--soft);}
.badge.agreed {background: var(--on-blue); color: var(--blue);}
.source {border: 1px solid var(--line); border-radius: .6rem; padding: .6rem .8rem; margin-bottom: .6rem; scroll-margin: 4rem;}
.source:target {border-color: var(--blue); box-shadow: 0 0 0 2px var(--blue);}
.source .head {font-weight: 600; font-size: .92rem;} .source .head .cite {margin: 0 .15rem 0 0;}
.source .meta {font-size: .76rem; color: var(--soft); margin: .1rem 0 .35rem 0;}
.source .text {font-size: .86rem; line-height: 1.45; white-space: pre-wrap; overflow-wrap: anywhere;}
.source mark {background: var(--used); color: inherit; padding: 0;}
.facts {font-size: .86rem; line-height: 1.4; padding: 0 !important; margin: 0; list-style: none; overflow-wrap: break-word;}
.facts li {margin: 0 0 .3rem 0 !important; padding: 0 !important;}
.asked {background: var(--quiet); border-radius: .7rem; padding: .55rem .85rem; margin: .3rem 0 .7rem 0;
  max-height: 8.5rem; overflow-y: auto; overflow-wrap: anywhere; white-space: pre-line;}
.open {font-size: .86rem; line-height: 1.4; overflow-wrap: anywhere;} .open.done {color: var(--soft);}
.open.done div {font-size: .8rem; color: var(--green);} .open.done div::before {content: "✓ ";}
[class*="st-key-open-question-"] {flex-wrap: nowrap;} [class*="st-key-open-question-"] > :first-child {min-width: 0;}
[class*="st-key-open-question-"] button {min-height: 0; padding: 0; color: var(--soft);}
.when, .listed, .made {font-size: .8rem; color: var(--soft);}
.listed {border-bottom: 1px solid var(--line); padding-bottom: .5rem; margin-top: -.7rem;}
.note {font-size: .84rem; background: light-dark(#fbf7ec, #2c2616); border-left: 3px solid #d9a521; padding: .4rem .7rem; margin: .2rem 0;}
.finding, .finding li {font-size: .84rem;} .finding {margin: .3rem 0; overflow-wrap: anywhere;}
[data-testid="stForm"] textarea {field-sizing: content; min-height: 2.4rem !important; height: auto !important; padding: .5rem .75rem;}
[data-testid="stForm"] :is([data-baseweb="textarea"], [data-baseweb="base-input"]) {height: auto !important; min-height: 0 !important;}
[class*="st-key-copy-"] pre {display: none;}
[class*="st-key-copy-"], [class*="st-key-copy-"] :is(div, span) {position: static; opacity: 1; visibility: visible; transform: none;
  background: none; box-shadow: none; width: auto; min-width: 0; height: auto; padding: 0; margin: 0; flex: none !important;}
[class*="st-key-copy-"] button {width: auto; height: 2.5rem; padding: 0 .75rem; gap: .4rem; border-radius: .5rem;
  background: #1c5fae; color: #fff;}
[class*="st-key-copy-"] button:hover {background: #174f91; color: #fff;}
[class*="st-key-copy-"] button::after {content: "Copy to clipboard"; font-size: .875rem;}
</style>
"""
FOCUS = """<script>
// %s
if (matchMedia("(hover: hover)").matches) setTimeout(() => document.querySelector('[data-testid="stChatInputTextArea"]')?.focus(), 200);
</script>"""
"""Puts the cursor where the question goes when another conversation is opened; not where that would bring up a keyboard."""
MARKS = {"quoted": "Word for word from its source", "written again": "The first writing did not match its source"}
LABEL = 90
"""Characters of a label."""
_SETTLED = '<span class="badge plain">Settled</span>'
SURE = "How likely it is that the help center and the account hold the answer"
ACTIONS: dict[Action, str] = {"answer": "Answered", "ask": "Asked back", "hand_off": "Handed off"}


def outcome(action: Action | None) -> str:
    """What came of a question, in words; of a message that asks nothing, that it does not."""
    return ACTIONS[action] if action else "No question"


def escape(text: str) -> str:
    """A text that a browser shows as it is."""
    return html.escape(text, quote=True)


def counted(number: int, noun: str) -> str:
    """A number of things."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def label(text: str) -> str:
    """The beginning of a text as the label of a button or a line to unfold, in which nothing of it counts as Markdown."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", beginning(text, LABEL))


def beginning(text: str, most: int) -> str:
    """At most so many characters of a text, in one line."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[:most].rstrip()} …"


def asked_html(question: str, at: str = "") -> str:
    """What the customer asked, and when."""
    when = f'<div class="when">{escape(moment(at))}</div>' if at else ""
    return f'{when}<div class="asked">{escape(question)}</div>'


def conversation_html(item: Conversation, whose: str) -> str:
    """Where a conversation stands, whose it is, where that is to be told, and when its last question was asked."""
    facts = [*([whose] if whose else []), moment(item.at), counted(len(item.questions), "question")]
    return (
        f'<div class="listed"><span class="badge {item.action or "plain"}">{outcome(item.action)}</span>'
        f"{' · '.join(escape(fact) for fact in facts)}</div>"
    )


def gap_html(gap: ContentGap) -> str:
    """What questions were left open for, and how often; that they are settled where nobody has to see to them any more."""
    counts = {action: gap.count(action) for action in ACTIONS}
    badges = "".join(f'<span class="badge {action}">{ACTIONS[action]} {count}</span>' for action, count in counts.items() if count)
    near = f"Near to “{gap.title}”" if gap.article_id else "Near to no article"
    named = f": “{gap.named}”" if gap.named else ""
    return f"<div><b>{escape(near)}</b>{escape(named)} {badges or _SETTLED}</div>"


def question_html(text: str, times: int, said: str) -> str:
    """A question of a gap, how often it was asked where that is more than once, and what an agent said of it."""
    often = f' <span class="when">asked {times} times</span>' if times > 1 else ""
    return f'<div class="open{" done" if said else ""}">{escape(text)}{often}{f"<div>{escape(said)}</div>" if said else ""}</div>'


def mend_html(mend: str) -> str:
    """What closes a gap."""
    return f'<div class="finding">To close it: {_code(mend)}.</div>'


def citations(statement: Statement, turn: str) -> str:
    """The source numbers behind a statement, linked to the source cards."""
    return "".join(
        f'<a class="cite{" c" if source.startswith("c") else ""}" href="#{turn}-{source}" target="_self">{escape(source)}</a>'
        for source in statement.sources
    )


def statement_html(statement: Statement, turn: str, again: Collection[str]) -> str:
    """A statement with its sources; one that is not the model's first writing is marked as what it is."""
    text = escape(statement.text)
    if statement.code:
        text = f'<span class="code">{text}</span>'
    mark = "quoted" if statement.how == "quoted" else "written again" if statement.text in again else ""
    if mark:
        text = f'<span class="marked">{text}</span><span class="mark" title="{MARKS[mark]}">{mark}</span>'
    return text + citations(statement, turn)


def reply_html(greeting: str, answer: Sequence[Statement], next_step: str, turn: str, again: Collection[str] = ()) -> str:
    """A reply, whole or as far as it has come; ``again`` are the statements that the model wrote a second time."""
    paragraph = " ".join(statement_html(item, turn, again) for item in answer if not item.step)
    steps = "".join(f"<li>{statement_html(item, turn, again)}</li>" for item in answer if item.step)
    parts = [f"<p>{escape(greeting)}</p>" if greeting else ""]
    parts.append(f"<p>{paragraph}</p>" if paragraph else "")
    parts.append(f"<ol>{steps}</ol>" if steps else "")
    parts.append(f'<p class="next">{escape(next_step)}</p>' if next_step else "")
    return f'<div class="reply">{"".join(parts)}</div>'


def badges(turn: Turn, agreed: str = "", at: str = "") -> str:
    """What was decided, how sure retrieval is of it, and what an agent made of it when."""
    action = None if turn.courtesy else turn.reply.action
    agent = f'<span class="badge agreed" title="{escape(moment(at))}">{agreed}</span>' if agreed else ""
    sure = "" if turn.wish else f'<span class="badge plain" title="{SURE}">confidence {turn.confidence:.2f}</span>'
    return f'<span class="badge {action or "plain"}">{outcome(action)}</span>{sure}{agent}'


def made_html(turn: Turn) -> str:
    """How much of a reply the model wrote itself, how long it took and in which voice."""
    answer = turn.reply.answer
    written = sum(item.how == "written" for item in answer)
    rest = ", the rest quoted" if written < len(answer) else ""
    facts = [f"{written} of {counted(len(answer), 'statement')} written{rest}"] if answer else []
    return f'<div class="made">{escape(" · ".join([*facts, f"{turn.total_s:.1f} s", f"voice {turn.voice}"]))}</div>'


def findings_html(findings: Sequence[Finding]) -> str:
    """Why an answer came out as it did: knowledge or behaviour, the evidence, and what mends it."""
    parts = [] if findings else [f"<p>{escape(summary(findings))}</p>"]
    for finding in findings:
        lines = "".join(f"<li>{_code(line)}</li>" for line in finding.evidence)
        parts.append(
            f'<div class="finding"><b>{escape(finding.area.capitalize())}</b>: {escape(finding.cause)}'
            f"<ul>{lines}</ul>To mend it: {_code(finding.mend)}.</div>"
        )
    return "".join(parts)


def _code(text: str) -> str:
    """Escaped text with what stands between backticks as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def source_html(hit: Hit, turn: str, quotes: Sequence[str] = ()) -> str:
    """A source card: where it stands, when it was edited, and the text with what was used marked."""
    text = escape(hit.text)
    for quote in quotes:
        text = text.replace(escape(quote), f"<mark>{escape(quote)}</mark>")
    account = hit.source.startswith("c")
    head = hit.title if not hit.heading else f"{hit.title} › {hit.heading}"
    when = f"account data as of {moment(hit.as_of or hit.indexed)}" if account else f"edited {hit.updated}"
    where = "" if account else f" · version {hit.version} · {escape(hit.article_id)}"
    internal = "" if hit.audience == "public" else '<span class="badge ask">For agents only</span>'
    mark = f'<span class="cite{" c" if account else ""}">{escape(hit.source)}</span>'
    return (
        f'<div class="source" id="{turn}-{hit.source}"><div class="head">{mark} {escape(head)}</div>'
        f'<div class="meta" title="indexed {escape(moment(hit.indexed))}">{internal}{escape(when)}{where}</div>'
        f'<div class="text">{text}</div></div>'
    )


def moment(stamp: str) -> str:
    """A UTC stamp as the reader's clock shows it, with its time zone; a day as it is."""
    try:
        if len(stamp) == len("2026-01-31"):
            return stamp
        at = datetime.datetime.fromisoformat(stamp)
    except ValueError:
        return stamp
    at = at if at.tzinfo else at.replace(tzinfo=datetime.UTC)
    return at.astimezone(_zone()).strftime("%Y-%m-%d %H:%M %Z")


def _zone() -> datetime.tzinfo:
    """The time zone that the browser names; UTC where it names none that is known here."""
    try:
        return zoneinfo.ZoneInfo(st.context.timezone or "UTC")
    except (LookupError, ValueError, OSError):
        return datetime.UTC


def facts_html(said: Sequence[str], more: int = 0) -> str:
    """Sentences as a list; ``more`` are counted where the list does not go on."""
    rest = f"<li>and {more:,} more</li>" if more > 0 else ""
    return f'<ul class="facts">{"".join(f"<li>{escape(text)}</li>" for text in said)}{rest}</ul>'
