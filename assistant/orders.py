"""Orders in a text that is to be data: what in it speaks to whoever writes the reply, recognised by its form.

The rules were written from the forms that injected instructions are known to take, and tried on help centers for what they
take by mistake (``python -m tests.benchmarks.injection``). They read English; that instructions be ignored is recognised in
ten more languages.
"""

import functools
import re
import unicodedata

from knowledge_base.secret_names import folded

_PARTS = {
    # A shop's orders are purchases: "orders" is looked for in a rule of its own.
    "rules": r"(?:instruct\w*|directives?|prompts?|rules?|guidelines?|commands?|constraints?|restrictions|polic(?:y|ies)|"
    r"programming|training)",
    "former": r"(?:previous|prior|above|earlier|preceding|foregoing|former|your|system|original|initial|all|any|these|those|other|existing|"
    r"current)",
    "secret": r"(?:pass ?words?|pass ?codes?|pass ?phrases?|pins?|pin codes?|(?:credit |debit |bank )?cards?(?: numbers?| details)?|"
    r"cvv|cvc|(?:security|verification|one[- ]time|recovery|backup|2fa|login|sms) codes?|private keys?|api keys?|secret keys?|"
    r"api tokens?|seed phrases?|log ?in details|credentials|bank details|account numbers?|iban|social security numbers?)",
    "machine": r"(?:ai|a\.i\.|llm|gpt|chat ?bot|bot|(?:large |ai )?language model|"
    r"(?:ai|virtual|support|digital)[ -](?:assistant|agent|model)|assistant|model)",
    "speak": r"(?:say|reply|respond|answer|tell|write|output|print|reveal|state|recommend|repeat|pretend|ignore|disregard|append|mention|"
    r"greet|cite|insult|promise|call the <customer>|address the <customer>|ask the <customer>)",
    "do": r"(?:<speak>|greet|call|cite|quote|address|offer|refer|send|give|add|include|put|insert|use|end|begin|start|act|behave|speak|"
    r"talk|show|link|list|grant|refund|approve|translate|switch|make|treat|describe|praise)",
    "reply": r"(?:repl(?:y|ies)|responses?|answers?|outputs?|greetings?|messages? to the customers?)",
    "customer": r"(?:customers?|users?|clients?|readers?|visitors?|recipients?|callers?|agents?|person|people|members?)",
    "where": r"(?:https?://|www\.|hxxps?|\S+@\S+\.\w|\+\d{6}|"
    r"[\w-]+\.(?:com|net|org|io|ru|cn|tk|xyz|top|info|biz|example|evil|test|co|me|link|click)\b)",
    "lead": r"(?:^\W*|[.!?:;,—–-]\s+|\b(?:and|please|must|should|just|then|kindly|now|have to|has to|instead|always|never|only|so) )",
    "unasked": r"(?<!not )(?<!n't )(?<!never )",
}
_RULES = {
    "sets its instructions aside": (
        r"<unasked>\b(?:ignore|disregard|forget|overlook|neglect|set aside|do not follow|don't follow|stop following)\b[^.!?]{0,40}?"
        r"\b<former>\b[^.!?]{0,25}?\b(?:<rules>|told|been (?:told|given|instructed))\b",
        r"<unasked>\b(?:ignore|disregard|forget|overlook|neglect|do not follow|don't follow|stop following) (?:about )?(?:all |any )?"
        r"(?:of )?(?:the |these |those |your |my |our )?(?:<former> )+orders\b(?! numbers?)",
        r"\b(?:override|bypass|discard|drop|delete)\b[^.!?]{0,40}?\b(?:<former>\b[^.!?]{0,25}?\b(?:instruct\w*|directives?|prompts?|"
        r"guidelines?|programming|training|told|been (?:told|given|instructed))|your (?:\w+ )?(?:<rules>))\b",
        r"\b(?:ignore|disregard|forget|overlook) what (?:the |this |that |our |your )?\w+(?: \w+)? (?:says?|said|tells? you|told you)\b",
        r"\b(?:ignore|disregard|forget|overlook|discard)\b (?:all (?:of )?|everything |anything |whatever )?(?:(?:of )?the "
        r"(?:above|foregoing|preceding|aforementioned)|(?:above|before) (?:this|that)|"
        r"(?:you )?(?:were|have been|know|said|learned|read))\b",
        r"\b(?:ignore|disregard|forget|overlook|skip)\b[^.!?]{1,60}?\b(?:and|instead|then|but)\b[ ,]*(?:just |only |instead )?<do>\b",
        r"\b(?:new|updated|real|actual|true|additional|hidden|secret|important) (?:system )?(?:instructions?|directives?|prompt|orders)"
        r"\s*[:\-–—>]",
    ),
    "speaks to the assistant": (
        r"(?:^|[.!?\n\"'(<\]#*=-]\s*)(?:system|assistant|developer|admin|root|ai|bot|model|llm)"
        r"(?: (?:note|message|notice|instructions?|override|alert|update))?\s*[:>\]]+\W*(?:you\b|your\b|ignore|from now|<do>\b|new |"
        r"the assistant|always|never|do not|don't|override|disregard|forget|end |begin )",
        r"\b(?:dear|hey|hi|hello|attention|listen|note (?:to|for)|message (?:to|for)|instructions? (?:to|for)|reminder (?:to|for))[ ,:]+"
        r"(?:the |any |all |every |this )?<machine>s?\b(?! feature| setting| page| tab)",
        r"\b<machine>s? (?:reading|processing|summari[sz]ing|that reads?|who reads?|handling|seeing|parsing) (?:this|the|these)\b",
        r"\b<machine>s? (?:must|should|shall|has to|have to|is to|are to|needs? to|is required to|will now|ought to)(?: \w+)? <speak>\b"
        r"(?! (?:within|in) (?:\d|under|less|a |one|two|an? ))",
        r"\b<machine>s? (?:will|shall) (?:always |now |only )?(?:reply|respond|answer|say|output) with\b",
        r"(?:^|[.!?\n]\s*)(?:ai|virtual|support) (?:assistant|agent|model)s?\s*:\s*<do>\b",
        r"(?-i:\b(?:[A-Z]+ ){1,3}OVERRIDE\b)|<\W{0,2}(?:system|developer|admin|debug|god)[ _-]mode\b",
        r"\bsystem override\b|(?-i:\bSYSTEM (?:ALERT|NOTICE|MESSAGE|INSTRUCTION|PROMPT)S?\b)",
        r"<[|｜][^|｜>]{0,40}[|｜]>|\[/?INST\]|<</?SYS>>|</?(?:start|end)_of_turn>|^#+ ?(?:instruction|system|assistant|response)s?:",
        r"(?:^|\n)\s*Next: [^\n]*\s\[c?\d+\] ",
        r"\bas an? (?:ai|llm|(?:large )?language model|chat ?bot)\b",
        r"\b(?:system prompt|prompt injection|jail ?break\w*|do anything now|developer mode (?:enabled|on|activated)|"
        r"(?:system|god|debug|admin|root|sudo|override|maintenance) mode (?:activated|enabled|engaged|on)\b|"
        r"end of (?:system )?(?:prompt|instructions|context|document)\b)",
    ),
    "gives the assistant another role": (
        r"\byou are (?:now|no longer|actually|really)\b[^.!?]{0,30}\b(?:<machine>|dan|pirate|hacker|unrestricted|jailbroken|unfiltered|"
        r"terminal|bound|restricted)\b",
        r"\b(?:pretend (?:to be|you are|you're|that you)|imagine (?:you are|you're)|role-?play(?:ing)? as|let's play a game|"
        r"act as (?:if you|though you|an? (?:unrestricted|ai|assistant|hacker|pirate|linux|terminal|dan|different|evil)))",
        r"\bfrom (?:now|here|this point) (?:on|onwards?|forward),?(?: you (?:are to|will|must|shall|should|are))?(?: only| always)? "
        r"(?:<speak>|speak|talk|act|behave|an? |the assistant|every <reply>|all <reply>)\b",
    ),
    "dictates the reply": (
        r"\b(?:end|begin|start|finish|conclude|prefix|precede|close|open|sign) (?:your|every|each|all|any|the) (?:next |final )?<reply>\b"
        r"[^.!?]{0,20}\b(?:with|by|using|off)\b",
        r"\b(?:include|add|append|insert|mention|put|state|write|say|use|recommend|place|quote|repeat|paste)\b[^.!?]{1,80}?\b"
        r"(?:in|into|to|at the (?:end|start|beginning|top) of) (?:your|every|each|all) (?:next |final |own )?<reply>\b",
        r"\b(?:reply|respond|answer|say|output|state|repeat|echo|print|write)(?: to (?:the <customer>|them|everything|all questions|"
        r"any question|this))?(?: back)?(?: with| in)?(?: only| exactly| just| solely| nothing but)(?: the)?(?: \w+){0,3}?\s*[:\"“‘'«]",
        r"\b(?:reply|respond|say|output|state|repeat|echo|print|write)(?: with| back| out)?(?: exactly)? (?:the following|"
        r"this (?:word|phrase|sentence|text|line|token)|the (?:word|phrase|sentence|line|token|string))\b",
        r"\b(?:reply|respond|answer|speak|talk)(?: to (?:this|everything|all \w+|the \w+))?(?: only| always)? (?:in|like|as) "
        r"(?:an? |the style of )?(?:\w+ )?(?:pirate|robot|child|french|german|spanish|italian|klingon|latin|russian|chinese|all caps|"
        r"capitals|capital letters|uppercase|rhymes?|verse|base64|json|poem|yaml|morse\w*|emojis?)\b",
        r"\b(?:your|the assistant's) (?:next |final |only |whole |entire |first )?<reply> (?:must|should|shall|has to|is to|needs to)\b"
        r"(?! (?:contain|have|be) (?:at least |at most |between |no more than |up to |longer than |shorter than )?\d)",
        r"\b(?:make sure|ensure|see to it)\b[^.!?]{0,30}\b(?:<reply>|text|wording) (?:that |which )?(?:you|the assistant) "
        r"(?:produc|generat|compos|output|return|giv|writ)",
        r"\b(?:<reply>|text|wording) (?:that |which )?(?:you|the assistant) (?:produc|generat|compos|output|return|giv|get)\w*\b"
        r"[^.!?]{0,40}\b(?:must|should|shall|ought to|has to|have to|needs? to)\b",
        r"\b(?:do not|don't|never|stop|must not|may not|shall not|should not) (?:cit(?:e|ing)|quot(?:e|ing)) "
        r"(?:the |any |your |this |these )?(?:sources?|evidence|passages?|articles?)\b",
        r"\b(?:reply|respond|answer)\b only with\b|\b(?:reply|respond|output|print|say|write)\b[^.!?]{1,40}\band nothing else\b",
        r"<lead>(?:reply|respond|output|print|answer|say|write)(?: with)? (?-i:[A-Z]{5,})(?=[.!\"”]|\s*$)",
        r"\b(?:in (?:your|each|every) <reply>|when(?:ever)? (?:you (?:answer|reply|respond)|answering|replying|responding)\b"
        r"[^.!?,]{0,30}),? (?:(?:please |always |only )?(?:recommend|promise|claim|pretend|insult|state|praise|offer)|"
        r"(?:always|never) <do>)\b",
    ),
    "supposes what is not so, to have it said": (
        r"\b(?:universe|world|reality|scenario) (?:where|in which)\b[^.!?]{0,80}\bwe (?:might |may |could |would |can |will )?<speak>\b",
        r"\bin (?:an?|some) (?:parallel|alternate|fictional|imaginary) (?:universe|world|reality)\b",
        r"\bif we (?:were to |could |should )?(?:ignore|disregard|forget)\b[^.!?]{0,60}\b(?:<reply>|results?)\b",
        r"\blet(?:'|’| u)s (?:state|claim|declare|admit|proclaim)\b",
    ),
    "orders what is said to the customer": (
        r"(?:^\W*|[.!?:;,]\s+|\b(?:and|please|must|have to|has to|just|then|kindly|instead|always|only|so) )say\b"
        # "Say what you need" asks the customer something.
        r"(?!\W*,| hello| goodbye| yes| no\b| \d| whether\b| how (?:many|much|long|often|old|far)\b"
        r"| (?:what|which|when|where|why|how|who) (?:\w+ ){0,2}?(?:you|your|it|they)\b)",
        r"<lead>(?:greet|insult|mock|convince|promise|assure|address|tell|inform|advise|urge|remind|warn|notify|offer|ask|call|thank|threaten|"
        r"flatter|persuade|direct|refer|send) (?:the |this |each |every |all |any |our )customers?\b",
        r"<lead>(?:greet|insult|mock|convince|promise|assure|address|tell|inform|urge|threaten|flatter|persuade) customers?\b",
        r"<lead>let (?:the |this |each |every |all |any |our )customers? know\b",
        r"<lead>(?:grant|approve|give|treat|credit|promise|offer|upgrade)\b[^.!?]{0,40}\bthis customer\b",
        r"<lead>(?:greet|insult|mock|convince|promise|assure|persuade|flatter) (?:the |this |each |every |all |any )?(?:users?|readers?)\b",
        r"<lead>(?:write|state|claim|declare|announce|reply|respond|mention|pretend|insist|suggest) that\b",
        r"<lead>(?:cite|quote) (?:the |a |as )?(?:source|article|passage)\b",
        r"\binstead of (?:ours|our (?:own )?(?:product|service|company|app|brand)s?)\b",
        r"\b(?:draft|summary|reply|answer|response|ticket) (?:must|should|shall|has to|is to|needs to) (?:say|state|read|contain|include|"
        r"mention|begin|start|end|claim|recommend|ask|tell|greet|promise)\b(?! (?:at least |at most |between |no more than |up to )?\d)",
        r"\b(?:drafts|drafting|draft|summari[sz]es?|summari[sz]ing|writes?|writing|generates?|generating) (?:the |this |an? |your |all )?"
        r"(?:answer|reply|response|summary|draft)s?\b[^.!?]{0,40}[:,]\s*<do>\b",
    ),
    "has something relayed": (
        r"\b(?:tell|inform|instruct|advise|direct|urge|convince|persuade|notify|ask|order|get|send|refer|point|redirect|remind) "
        r"(?:the |this |all |every |any |each |our )?<customer>\b[^.!?]{0,120}?(?:<where>|\b(?:their|your|his|her|the) (?:\w+ ){0,2}?"
        r"<secret>\b|gift cards?|bitcoin|wire transfer|crypto)",
    ),
    "asks for a secret": (
        r"<unasked>\b(?:send|e-?mail|text|share|tell|give|forward|disclose|reveal|post|hand over|message|dictate|reply with|respond with)"
        r"(?: us| me| them| him| her)?(?: all| both)? (?:your|their|his|her|the (?:customer|user|client)'?s?) (?:\w+ ){0,3}?<secret>\b",
        r"<unasked>\b(?:enter|type|confirm|verify|validate|update|submit|provide|send|re-?enter) (?:your|their|the) (?:\w+ ){0,3}?"
        r"<secret>\b[^!?]{0,60}?<where>",
        r"<where>\S*[^!?]{0,60}?\b(?:and|to) (?:enter|type|confirm|verify|validate|update|submit|provide|re-?enter) (?:your|their) "
        r"(?:\w+ ){0,3}?<secret>\b",
    ),
    "asks for what is not to be shown": (
        r"\b(?:reveal|show|print|repeat|output|leak|expose|dump|disclose|display|list|recite|give|tell)\b[^.!?]{0,30}?\b"
        r"(?:your (?:\w+ )?(?:prompt|instructions|rules|evidence)|"
        r"(?:the|all) (?:system|hidden|initial|original|secret) (?:prompt|instructions|message)|"
        r"(?:all |every |any )?(?:other|another) (?:customer|user|client|tenant|company)'?s?'? (?:data|records?|facts?|accounts?|"
        r"balances?|invoices?|details|e-?mails?|passwords?|plan))",
        r"\b(?:hand over|reveal|show|print|send|give|disclose|leak|list|dump|output) (?:me |us )?(?:the |all )?"
        r"(?:records?|data|accounts?|details|facts?) of (?:customer )?[a-z]+-?\d{3,}",
    ),
    "sets its instructions aside, in another language": (
        r"\b(?:ignorier|vergiss|vergesst|missacht|beachte nicht)\w*\b.{0,40}(?:anweisung|instruktion|befehl|regel|vorgabe|obige)",
        r"\b(?:ignor|olvid|descart|desestim|haz caso omiso)\w*\b.{0,40}(?:instruccion|instrucción|órdenes|reglas|indicaciones)",
        r"\b(?:ignor|oubli|néglige)\w*\b.{0,40}(?:instructions|consignes|règles|directives|ordres)",
        r"\b(?:ignor|esque[cç]|desconsider)\w*\b.{0,40}(?:instruç|ordens|regras)",
        r"\b(?:ignora|dimentica|trascura)\w*\b.{0,40}(?:istruzion|regole|ordini)",
        r"\b(?:negeer|vergeet)\b.{0,40}(?:instructies|opdrachten|regels|aanwijzingen)",
        r"\b(?:zignoruj|ignoruj|zapomnij)\w*\b.{0,40}(?:instrukcj|polece|zasad)",
        r"(?:игнорируй|забудь|проигнорируй)\w*.{0,40}(?:инструкц|указани|правил|команд)",
        r"(?:忽略|无视|無視|忘记|忘記).{0,12}(?:指令|指示|说明|說明|规则|提示)|(?:指示|命令|指令).{0,6}(?:無視|忘れ)",
        r"(?:تجاهل|انس).{0,30}(?:التعليمات|الأوامر|القواعد)",
    ),
}


def _filled(rule: str) -> str:
    """A rule with its named parts written out."""
    return re.sub(r"<([a-z]+)>", lambda match: _PARTS.get(match[1], match[0]), rule)


_COMPILED = [
    (reason, re.compile(_filled(_filled(rule)), re.IGNORECASE | re.MULTILINE)) for reason, rules in _RULES.items() for rule in rules
]
_LETTERS = str.maketrans("013457@$", "oieastas")
_SPACED = re.compile(r"(?<!\w)(?:\w[ .\-_*]){4,}\w(?!\w)")
_SPELLED = re.compile(r"\b(?=\w*[a-z])(?=\w*[0-9@$])[\w@$]{4,}", re.IGNORECASE)
LONGEST_SHOWN = 60


@functools.lru_cache(maxsize=4096)
def orders(text: str, own: tuple[str, ...] = ()) -> str | None:
    """Why a text is an order to whoever writes the reply, with the words that are; None where it only says something.

    It is read as written, without accents and lookalike letters, and with letters that are spaced out or swapped for digits
    put back.

    Args:
        text: what may hold an order.
        own: domains of the company, where a customer may be sent to enter a password.
    """
    if own:
        domains = "|".join(map(re.escape, own))
        text = re.sub(rf"(?i)(?<![\w.@-])(?:https?://)?(?:[\w-]+\.)*(?:{domains})(?![\w.-]*\w)(?:/[\w./?#=&%-]*)?", "our site", text)
    visible = "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    seen = re.sub(r"[^\S\n]+", " ", visible).replace("’", "'")
    joined = _SPACED.sub(lambda match: re.sub(r"[ .\-_*]", "", match[0]), seen)
    spelled = _SPELLED.sub(lambda match: match[0].translate(_LETTERS), joined)
    for form in dict.fromkeys((seen, folded(seen), joined, spelled)):
        for reason, rule in _COMPILED:
            if match := rule.search(form):
                said = " ".join(match[0].split())
                return f"{reason}: “{said if len(said) <= LONGEST_SHOWN else said[: LONGEST_SHOWN - 3] + '...'}”"
    return None
