"""Parts of the page as HTML; every text that comes from outside is escaped."""

import datetime
import html
import re
from collections.abc import Sequence

from assistant.findings import Finding
from assistant.reply import Reply, Statement
from assistant.why import summary
from knowledge_base.accounts import Record
from knowledge_base.hits import Hit

STYLE = """
<style>
.block-container {padding-top: 3.2rem; max-width: 1320px;}
[data-testid="stExpanderDetails"]:has(.source) {max-height: 65vh; overflow-y: auto;}
.reply {font-size: 1.02rem; line-height: 1.55;}
.reply p {margin: 0 0 .6rem 0;}
.reply ol {margin: .2rem 0 .7rem 0; padding-left: 1.5rem;}
.reply .next {color: var(--text-color); opacity: .85;}
.cite {display: inline-block; font-size: .72rem; font-weight: 600; line-height: 1.15rem; padding: 0 .38rem; margin-left: .2rem;
  border-radius: .6rem; background: #e3eefb; color: #1c5fae !important; text-decoration: none !important; vertical-align: 1px;}
.cite.c {background: #e4f3e8; color: #1e7a3c !important;}
.quoted {border-bottom: 1px dotted #b58a2b;}
.badge {display: inline-block; font-size: .74rem; font-weight: 600; border-radius: .5rem; padding: .08rem .5rem; margin-right: .35rem;}
.badge.answer {background: #e4f3e8; color: #1e7a3c;} .badge.ask {background: #fdf1d7; color: #8a6100;}
.badge.hand_off {background: #fbe4e2; color: #a3332a;} .badge.plain {background: #eef0f3; color: #4b5563;}
.source {border: 1px solid #e2e5ea; border-radius: .6rem; padding: .6rem .8rem; margin-bottom: .6rem; background: #fff;}
.source.idle {opacity: .72;}
.source .head {font-weight: 600; font-size: .92rem;}
.source .meta {font-size: .76rem; color: #6b7280; margin: .1rem 0 .35rem 0;}
.source .text {font-size: .86rem; line-height: 1.45; white-space: pre-line;}
.source mark {background: #fff3c4; padding: 0 .1rem;}
.glance {font-size: .86rem; line-height: 1.45; width: 100%; table-layout: fixed; overflow-wrap: anywhere;}
.glance td {padding: .08rem .6rem .08rem 0; vertical-align: top;}
.glance td:first-child {color: #6b7280; width: 33%;}
.asked {background: #f3f5f8; border-radius: .7rem; padding: .55rem .85rem; margin: .3rem 0 .7rem 0;}
.note {font-size: .84rem; background: #fbf7ec; border-left: 3px solid #d9a521; padding: .4rem .7rem; margin: .4rem 0 .2rem 0;}
.finding {font-size: .84rem; margin: .5rem 0; overflow-wrap: anywhere;}
</style>
"""
ACTIONS = {"answer": "Answer", "ask": "Asks back", "hand_off": "Hand-off"}


def escape(text: str) -> str:
    """A text that a browser shows as it is."""
    return html.escape(text, quote=True)


def citations(statement: Statement, turn: str) -> str:
    """The source numbers behind a statement, linked to the source cards."""
    return "".join(
        f'<a class="cite{" c" if source.startswith("c") else ""}" href="#{turn}-{source}" target="_self">{escape(source)}</a>'
        for source in statement.sources
    )


def statement_html(statement: Statement, turn: str) -> str:
    """A statement with its sources; a quote is marked as one."""
    text = escape(statement.text)
    if statement.how == "quoted":
        text = f'<span class="quoted" title="Quoted from its source">{text}</span>'
    return text + citations(statement, turn)


def reply_html(greeting: str, answer: Sequence[Statement], next_step: str, turn: str) -> str:
    """A reply, whole or as far as it has come."""
    paragraph = " ".join(statement_html(item, turn) for item in answer if not item.step)
    steps = "".join(f"<li>{statement_html(item, turn)}</li>" for item in answer if item.step)
    parts = [f"<p>{escape(greeting)}</p>" if greeting else ""]
    parts.append(f"<p>{paragraph}</p>" if paragraph else "")
    parts.append(f"<ol>{steps}</ol>" if steps else "")
    parts.append(f'<p class="next">{escape(next_step)}</p>' if next_step else "")
    return f'<div class="reply">{"".join(parts)}</div>'


def badges(reply: Reply, confidence: float, seconds: float, voice: str) -> str:
    """What was decided, how sure retrieval is, how long it took and in which voice."""
    written = sum(item.how == "written" for item in reply.answer)
    rest = ", rest quoted" if written < len(reply.answer) else ""
    shares = f'<span class="badge plain">{written} of {len(reply.answer)} statements written{rest}</span>' if reply.answer else ""
    return (
        f'<span class="badge {reply.action}">{ACTIONS[reply.action]}</span>'
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
    """A UTC stamp as a reader would write it."""
    try:
        at = datetime.datetime.fromisoformat(stamp)
    except ValueError:
        return stamp
    return at.strftime("%Y-%m-%d %H:%M UTC")


def glance_html(record: Record) -> str:
    """The account at a glance: its top-level values and small groups, whatever fields the record has."""
    rows = []
    for key, value in record.items():
        if key in ("customer_id", "flags", "invoices_allowed") or value in (None, "", [], {}):
            continue
        if isinstance(value, dict):
            inner = [
                f"{_label(name)} {_value(item)}" for name, item in value.items() if not isinstance(item, (dict, list)) and item is not None
            ]
            said = ", ".join(inner[:5])
        elif isinstance(value, list):
            said = _items(value)
        else:
            said = _value(value)
        if said:
            rows.append(f"<tr><td>{escape(_label(key))}</td><td>{escape(said)}</td></tr>")
    return f'<table class="glance">{"".join(rows)}</table>'


def _items(values: list[object]) -> str:
    shown = []
    for value in values[:3]:
        if isinstance(value, dict):
            shown.append(" ".join(_value(item) for item in list(value.values())[:5] if item not in (None, "")))
        else:
            shown.append(_value(value))
    more = f"; and {len(values) - 3} more" if len(values) > 3 else ""
    return "; ".join(shown) + more


def _label(key: str) -> str:
    return key.replace("_", " ")


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(int(value)) if isinstance(value, float) and value == int(value) else str(value)
    return text.replace("_", " ") if re.fullmatch(r"[a-z]+(_[a-z]+)+", text) else text
