"""Parts of the page as HTML; every text that comes from outside is escaped."""

import datetime
import html
import re
from collections.abc import Collection, Sequence

from assistant.content_gaps import ContentGap
from assistant.findings import Finding
from assistant.reply import Action, Reply, Statement
from assistant.turns import Conversation
from assistant.why import summary
from knowledge_base.hits import Hit

STYLE = """
<style>
.block-container {padding-top: 3.2rem; max-width: 1320px;}
[data-testid="stExpanderDetails"]:has(.source) {max-height: 65vh; overflow-y: auto;}
@media (max-width: 768px) {.block-container {padding-top: 4.3rem;}}
[data-testid="stBaseButton-tertiary"] {justify-content: flex-start; text-align: left;}
.reply {font-size: 1.02rem; line-height: 1.55;}
.reply p {margin: 0 0 .6rem 0;}
.reply .code {display: block; white-space: pre-wrap; font-family: monospace; font-size: .9rem; margin: .3rem 0;}
.reply ol {margin: .2rem 0 .7rem 0; padding-left: 1.5rem;}
.reply .next {color: var(--text-color); opacity: .85;}
.cite {display: inline-block; font-size: .72rem; font-weight: 600; line-height: 1.15rem; padding: 0 .38rem; margin-left: .2rem;
  border-radius: .6rem; background: #e3eefb; color: #1c5fae !important; text-decoration: none !important; vertical-align: 1px;}
.cite.c {background: #e4f3e8; color: #1e7a3c !important;}
.marked {background: #fdf6e3;}
.mark {font-size: .7rem; font-weight: 600; color: #8a6100; margin-left: .3rem; white-space: nowrap;}
.badge {display: inline-block; font-size: .74rem; font-weight: 600; border-radius: .5rem; padding: .08rem .5rem; margin-right: .35rem;}
.badge.answer {background: #e4f3e8; color: #1e7a3c;} .badge.ask {background: #fdf1d7; color: #8a6100;}
.badge.hand_off {background: #fbe4e2; color: #a3332a;} .badge.plain {background: #eef0f3; color: #4b5563;}
.badge.agreed {background: #e3eefb; color: #1c5fae;}
.source {border: 1px solid #e2e5ea; border-radius: .6rem; padding: .6rem .8rem; margin-bottom: .6rem; background: #fff;}
.source.idle {opacity: .72;}
.source .head {font-weight: 600; font-size: .92rem;}
.source .meta {font-size: .76rem; color: #6b7280; margin: .1rem 0 .35rem 0;}
.source .text {font-size: .86rem; line-height: 1.45; white-space: pre-wrap;}
.source mark {background: #fff3c4; padding: 0 .1rem;}
.facts {font-size: .86rem; line-height: 1.4; padding: 0 !important; margin: 0; list-style: none; overflow-wrap: break-word;}
.facts li {margin: 0 0 .3rem 0 !important; padding: 0 !important;}
.whose {font-weight: 600;}
.asked {background: #f3f5f8; border-radius: .7rem; padding: .55rem .85rem; margin: .3rem 0 .7rem 0;
  max-height: 8.5rem; overflow-y: auto; overflow-wrap: anywhere; white-space: pre-line;}
.when, .listed {font-size: .8rem; color: #6b7280;}
.listed {border-bottom: 1px solid #e2e5ea; padding-bottom: .5rem; margin-top: -.7rem;}
.note {font-size: .84rem; background: #fbf7ec; border-left: 3px solid #d9a521; padding: .4rem .7rem; margin: .4rem 0 .2rem 0;}
.finding {font-size: .84rem; margin: .5rem 0; overflow-wrap: anywhere;}
</style>
"""
MARKS = {"quoted": "Word for word from its source", "written again": "The first writing did not match its source"}
LABEL = 90
"""Characters of a label."""
ACTIONS: dict[Action, str] = {"answer": "Answered", "ask": "Asked back", "hand_off": "Handed off"}


def escape(text: str) -> str:
    """A text that a browser shows as it is."""
    return html.escape(text, quote=True)


def counted(number: int, noun: str) -> str:
    """A number of things."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def label(text: str) -> str:
    """The beginning of a text as the label of a button or a line to unfold, in which nothing of it counts as Markdown."""
    line = " ".join(text.split())
    line = line if len(line) <= LABEL else f"{line[:LABEL].rstrip()} …"
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", line)


def asked_html(question: str, at: str = "") -> str:
    """What the customer asked, and when."""
    when = f'<div class="when">{escape(moment(at))}</div>' if at else ""
    return f'{when}<div class="asked">{escape(question)}</div>'


def conversation_html(item: Conversation, whose: str) -> str:
    """Where a conversation stands, whose it is and when its last question was asked."""
    facts = [whose, moment(item.at), counted(len(item.questions), "question")]
    return (
        f'<div class="listed"><span class="badge {item.action}">{ACTIONS[item.action]}</span>'
        f"{' · '.join(escape(fact) for fact in facts)}</div>"
    )


def gap_html(gap: ContentGap, mend: str) -> str:
    """What questions were left open for, how often, and what closes it."""
    counts: dict[Action, int] = {"hand_off": len(gap.handed_off), "ask": len(gap.asked_back)}
    badges = "".join(f'<span class="badge {action}">{ACTIONS[action]} {count}</span>' for action, count in counts.items() if count)
    near = f"Near to “{gap.title}”" if gap.article_id else "Near to no article"
    named = f": “{gap.named}”" if gap.named else ""
    return f'<div class="finding"><b>{escape(near)}</b>{escape(named)} {badges}<br>To close it: {_code(mend)}.</div>'


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


def badges(reply: Reply, confidence: float, seconds: float, voice: str, agreed: str) -> str:
    """What was decided, what an agent made of it, how sure retrieval is, how long it took and in which voice."""
    agent = f'<span class="badge agreed">{agreed}</span>' if agreed else ""
    written = sum(item.how == "written" for item in reply.answer)
    rest = ", rest quoted" if written < len(reply.answer) else ""
    shares = f'<span class="badge plain">{written} of {len(reply.answer)} statements written{rest}</span>' if reply.answer else ""
    return (
        f'<span class="badge {reply.action}">{ACTIONS[reply.action]}</span>{agent}'
        f'<span class="badge plain">confidence {confidence:.2f}</span>{shares}'
        f'<span class="badge plain">{seconds:.1f} s</span><span class="badge plain">voice {escape(voice)}</span>'
    )


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


def source_html(hit: Hit, turn: str, quotes: Sequence[str], cited: bool) -> str:
    """A source card: where it stands, when it was edited and indexed, and the text with what was used marked."""
    text = escape(hit.text)
    for quote in quotes:
        text = text.replace(escape(quote), f"<mark>{escape(quote)}</mark>")
    account = hit.source.startswith("c")
    head = hit.title if not hit.heading else f"{hit.title} › {hit.heading}"
    when = f"account data as of {moment(hit.as_of or hit.indexed)}" if account else f"edited {hit.updated} · indexed {moment(hit.indexed)}"
    where = "" if account else f" · version {hit.version} · {escape(hit.article_id)}"
    mark = f'<span class="cite{" c" if account else ""}">{escape(hit.source)}</span>'
    return (
        f'<div class="source{"" if cited else " idle"}" id="{turn}-{hit.source}"><div class="head">{mark} {escape(head)}</div>'
        f'<div class="meta">{escape(when)}{where}</div><div class="text">{text}</div></div>'
    )


def moment(stamp: str) -> str:
    """A UTC stamp as a reader would write it; a day as it is."""
    try:
        if len(stamp) == len("2026-01-31"):
            return stamp
        at = datetime.datetime.fromisoformat(stamp)
    except ValueError:
        return stamp
    return at.strftime("%Y-%m-%d %H:%M UTC")


def facts_html(said: Sequence[str], more: int) -> str:
    """Sentences as a list; ``more`` are counted where the list does not go on."""
    rest = f"<li>and {more:,} more</li>" if more > 0 else ""
    return f'<ul class="facts">{"".join(f"<li>{escape(text)}</li>" for text in said)}{rest}</ul>'
