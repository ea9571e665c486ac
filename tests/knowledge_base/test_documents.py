"""Documents: HTML, text, PDF and DOCX files read as articles."""

import io
import zipfile

import pytest

from knowledge_base.documents import KINDS, read_document


def read(content, path):
    return read_document(content if isinstance(content, bytes) else content.encode(), path, "2026-01-02")


def units(article):
    return [(unit.kind, unit.step, unit.text) for passage in article.passages for unit in passage.units]


def texts(article):
    return [unit.text for passage in article.passages for unit in passage.units]


def headings(article):
    return list(dict.fromkeys(passage.heading for passage in article.passages))


# HTML pages

PAGE = """<!doctype html><html lang="de-AT"><head><title>Ladestation | Kurbel Hilfe</title>
<meta name="section" content="Geräte"><meta name="audience" content="Internal"><meta name="product" content="Kurbel One">
<meta name="plans" content="Basis, Profi"><meta property="article:modified_time" content="2026-02-03T10:11:12+01:00">
<style>p { color: red }</style></head><body>
<header><a href="/">Kurbel</a> <a href="/login">Anmelden</a></header>
<nav><ul><li>Start<li>Hilfe</ul></nav>
<main><h1>Die Ladestation anschließen</h1><p>Das dauert ca. 5 Min. pro Gerät. Danach leuchtet es.
<ol><li>Stecker einstecken.<li>Knopf drücken.</ol>
<table><tr><th>Farbe<th>Bedeutung<tr><td>Rot<td>Fehler<tr><td>Grün<td>Bereit</table>
<script>track("x")</script><form>War das hilfreich? <button>Ja</button></form></main>
<aside>Werbung</aside><footer>Impressum</footer></body></html>"""


def test_a_web_page_is_read_without_its_frame_even_where_end_tags_are_left_out():
    article = read(PAGE, "geraete/laden.html")
    assert units(article) == [
        ("sentence", None, "Das dauert ca. 5 Min. pro Gerät."),
        ("sentence", None, "Danach leuchtet es."),
        ("step", 1, "Stecker einstecken."),
        ("step", 2, "Knopf drücken."),
        ("row", None, "Rot: Fehler."),
        ("row", None, "Grün: Bereit."),
    ]


def test_what_a_web_page_says_of_itself_is_taken_over():
    article = read(PAGE, "geraete/laden.html")
    assert (article.title, article.section, article.audience) == ("Die Ladestation anschließen", "Geräte", "internal")
    assert (article.product, article.language, article.plans) == ("Kurbel One", "de-AT", ("Basis", "Profi"))
    assert (article.updated, article.article_id) == ("2026-02-03", "geraete/laden.html")


def test_a_web_pages_word_for_another_kind_of_audience_is_ignored():
    for word, audience in (("developers", "public"), ("All", "public"), ("internal", "internal")):
        assert read(f'<meta name="audience" content="{word}"><p>Text.</p>', "x.html").audience == audience
    with pytest.raises(ValueError, match="write public or internal"):
        read("---\naudience: developers\n---\n<p>Text.</p>", "x.html")


def test_a_web_page_without_one_first_heading_has_its_title():
    assert read("<title>Get  help</title><h1>A</h1><p>One.<h1>B</h1><p>Two.", "x.htm").title == "Get help"


def test_front_matter_of_a_web_page_goes_before_its_own_words():
    assert read("---\ntitle: Mine\n---\n<html><head><title>Theirs</title></head><body><p>Text.", "x.html").title == "Mine"


def test_a_web_page_in_an_older_encoding_is_read_as_it_declares():
    page = '<html><head><meta charset="iso-8859-1"></head><body><p>Café crème.</p></body></html>'
    assert texts(read(page.encode("latin-1"), "x.html")) == ["Café crème."]
    with pytest.raises(ValueError, match="not UTF-8"):
        read(page.replace("iso-8859-1", "no-such-code").encode("latin-1"), "x.html")


def test_a_page_that_has_no_main_part_loses_its_header_and_footer():
    assert texts(read("<body><header>Top</header><p>Text.</p><footer>End</footer></body>", "x.html")) == ["Text."]


# Text files

TEXT = """Returning a parcel
==================

You can return a parcel within thirty days if it has not been
opened. Write to us first.

What you need
-------------

1. The number of the order,
   from the confirmation.
2) The parcel.

- A label
  that is printed
* A bag

Opening hours
Monday: 9-17
Sunday: closed

CONTACT US

Call 555 0100 at any time of the day and somebody will answer.
"""


def test_a_text_file_has_headings_paragraphs_steps_and_bullets():
    article = read(TEXT, "returns.txt")
    assert article.title == "Returning a parcel"
    assert headings(article) == ["Returning a parcel", "What you need", "CONTACT US"]
    assert units(article) == [
        ("sentence", None, "You can return a parcel within thirty days if it has not been opened."),
        ("sentence", None, "Write to us first."),
        ("step", 1, "The number of the order, from the confirmation."),
        ("step", 2, "The parcel."),
        ("sentence", None, "A label that is printed"),
        ("sentence", None, "A bag"),
        ("sentence", None, "Opening hours"),
        ("sentence", None, "Monday: 9-17"),
        ("sentence", None, "Sunday: closed"),
        ("sentence", None, "Call 555 0100 at any time of the day and somebody will answer."),
    ]


def test_a_text_file_may_begin_with_front_matter():
    article = read("---\ntitle: Parcels\nlanguage: en\n---\n\nText with * and _marks_ stays.", "x.txt")
    assert (article.title, article.language, texts(article)) == ("Parcels", "en", ["Text with * and _marks_ stays."])


# PDF files, written here operator by operator


def pdf(*pages, info="", root=""):
    """A PDF: each page a list of (x, y, size, font, text) with y from the bottom, or of drawing operators."""
    fonts = "/F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> /F2 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>"
    fonts += " /F3 << /Type /Font /Subtype /Type1 /BaseFont /Courier >>"
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {root} >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        f"<< {info} >>",
    ]
    for number, page in enumerate(pages):
        drawn = "\n".join(
            part if isinstance(part, str) else f"BT /{part[3]} {part[2]} Tf {part[0]} {part[1]} Td ({part[4]}) Tj ET" for part in page
        )
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * number} 0 R /Resources << /Font << {fonts} >> >> >>"
        )
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
    body, places = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{text}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    trailer = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 3 0 R >>\nstartxref\n{len(body)}\n%%EOF"
    return body + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{trailer}".encode()


def written(top, *lines, size=11, font="F1", x=72, pitch=14):
    """Lines below each other, the first one at ``top``."""
    return [(x, top - pitch * number, size, font, line) for number, line in enumerate(lines)]


MANUAL = pdf(
    [
        (72, 810, 8, "F1", "Kettle manual"),
        *written(760, "Descale the kettle", size=20, font="F2"),
        *written(
            720,
            "Descaling takes about ten minutes and keeps the kettle quiet. Use the pow-",
            "der that came in the box. Never use vinegar, because a well-known side",
            "effect is the smell.",
        ),
        *written(660, "Before you start", size=14, font="F2"),
        *written(636, "1. Unplug the kettle and let it cool down for at least a quarter of an"),
        *written(622, "hour.", x=84),
        *written(608, "2. Empty it."),
        (72, 40, 8, "F1", "Page 1 of 2"),
    ],
    [
        (72, 810, 8, "F1", "Kettle manual"),
        *written(760, "3. Fill in the powder and half a litre of water, and wait until all of it"),
        *written(746, "has dissolved.", x=84),
        *written(716, "The well-known blue lamp goes out when the kettle is clean."),
        *written(690, "kettle --clean", "kettle --rinse", font="F3"),
        (72, 40, 8, "F1", "Page 2 of 2"),
    ],
    info="/Title (Descaling) /ModDate (D:20260304101112Z)",
    root="/Lang (en-GB)",
)


def test_a_pdf_has_headings_steps_and_whole_paragraphs_without_headers_page_numbers_and_hyphens():
    article = read(MANUAL, "kettle/descale.pdf")
    assert headings(article) == ["Descale the kettle", "Before you start"]
    assert units(article) == [
        ("sentence", None, "Descaling takes about ten minutes and keeps the kettle quiet."),
        ("sentence", None, "Use the powder that came in the box."),
        ("sentence", None, "Never use vinegar, because a well-known side effect is the smell."),
        ("step", 1, "Unplug the kettle and let it cool down for at least a quarter of an hour."),
        ("step", 2, "Empty it."),
        ("step", 3, "Fill in the powder and half a litre of water, and wait until all of it has dissolved."),
        ("sentence", None, "The well-known blue lamp goes out when the kettle is clean."),
        ("code", None, "kettle --clean\nkettle --rinse"),
    ]


def test_what_a_pdf_says_of_itself_is_taken_over():
    article = read(MANUAL, "kettle/descale.pdf")
    assert (article.title, article.updated, article.language, article.section) == ("Descaling", "2026-03-04", "en-GB", "kettle")
    named = pdf(written(760, "Big words", size=20) + written(700, "Some text of the usual size."), info="/Title (scan0012.pdf)")
    assert read(named, "x.pdf").title == "Big words"


def test_a_paragraph_goes_on_over_a_pages_end_and_a_hyphen_that_belongs_to_a_word_stays():
    first = written(100, "The warranty covers the motor, the base and every part that was not worn by ordi-")
    second = written(760, "nary use. It does not cover the long-", "life battery. A long-life battery is sold apart.")
    assert texts(read(pdf(first, second), "x.pdf")) == [
        "The warranty covers the motor, the base and every part that was not worn by ordinary use.",
        "It does not cover the long-life battery.",
        "A long-life battery is sold apart.",
    ]


def test_two_columns_of_a_pdf_are_read_one_after_the_other():
    left = [f"Left line number {number} of the text that fills it" for number in range(1, 9)]
    right = [f"right line number {number} of the text that fills it" for number in range(1, 9)]
    page = written(780, "A title that stands over both of the columns of text", size=18)
    page += written(740, *left, size=10, x=50) + written(740, *right, size=10, x=310)
    said = " ".join(texts(read(pdf(page), "x.pdf")))
    assert said.index("Left line number 8") < said.index("right line number 1")
    assert "fills it right" in said


def box(rows, columns):
    """The operators that draw a table's lines."""
    across = [f"{columns[0]} {y} m {columns[-1]} {y} l S" for y in rows]
    return across + [f"{x} {rows[0]} m {x} {rows[-1]} l S" for x in columns]


CELLS = [("Plan", "Seats", "Price"), ("Small", "3", "0 USD"), ("Large", "any", "9 USD")]


def test_a_table_with_lines_in_a_pdf_is_worded_row_by_row():
    page = written(780, "The plans are these.") + box([750, 730, 710, 690], [70, 170, 270, 370])
    page += [(x, 735 - 20 * row, 11, "F1", CELLS[row][at]) for row in range(3) for at, x in enumerate((75, 175, 275))]
    assert texts(read(pdf(page), "x.pdf")) == [
        "The plans are these.",
        "Small: Seats: 3; Price: 0 USD.",
        "Large: Seats: any; Price: 9 USD.",
    ]


def test_a_table_without_lines_in_a_pdf_is_worded_row_by_row_too():
    page = written(780, "The plans are these and no others are sold at this time anywhere.")
    page += [(x, 750 - 20 * row, 11, "F2" if row == 0 else "F1", CELLS[row][at]) for row in range(3) for at, x in enumerate((75, 175, 275))]
    page += written(670, "Prices are without tax and may change from one year to the next.")
    assert texts(read(pdf(page), "x.pdf")) == [
        "The plans are these and no others are sold at this time anywhere.",
        "Small: Seats: 3; Price: 0 USD.",
        "Large: Seats: any; Price: 9 USD.",
        "Prices are without tax and may change from one year to the next.",
    ]


def test_a_locked_an_empty_and_a_damaged_pdf_say_what_to_do():
    locked = pdf(written(700, "Secret.")).replace(
        b"/Info 3 0 R",
        b"/ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>] /Encrypt << /Filter /Standard /V 1 /R 2"
        b" /O <" + b"11" * 32 + b"> /U <" + b"22" * 32 + b"> /P -44 >>",
    )
    for content, reason in (
        (locked, "locked with a password; save a copy without one"),
        (pdf([]), "only pictures of it.*text recognition"),
        (MANUAL[:300], "cannot be read as a PDF .*export it again"),
        (b"no pdf at all", "cannot be read as a PDF"),
        (b"", "cannot be read as a PDF"),
    ):
        with pytest.raises(ValueError, match=reason) as caught:
            read(content, "x.pdf")
        assert "\n" not in str(caught.value)


# DOCX files, zipped here

RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
MAIN_PART = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
TYPES = "application/vnd.openxmlformats-officedocument.wordprocessingml"


def docx(body, core=""):
    """A DOCX file of these paragraphs and tables, with styles for headings and one numbered and one bulleted list."""
    styles = "".join(f'<w:style w:type="paragraph" w:styleId="H{n}"><w:name w:val="heading {n}"/></w:style>' for n in (1, 2))
    styles += '<w:style w:type="paragraph" w:styleId="T"><w:name w:val="Title"/></w:style>'
    levels = "".join(
        f'<w:abstractNum w:abstractNumId="{n}"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="{form}"/></w:lvl></w:abstractNum>'
        for n, form in ((0, "decimal"), (1, "bullet"))
    )
    lists = "".join(f'<w:num w:numId="{n + 1}"><w:abstractNumId w:val="{n}"/></w:num>' for n in (0, 1))
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{TYPES}.document.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{RELATIONS}">'
        f'<Relationship Id="r1" Type="{MAIN_PART}" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f"<w:document {WORD}><w:body>{body}</w:body></w:document>",
        "word/styles.xml": f"<w:styles {WORD}>{styles}</w:styles>",
        "word/numbering.xml": f"<w:numbering {WORD}>{levels}{lists}</w:numbering>",
        "docProps/core.xml": '<c:coreProperties xmlns:c="urn:c" xmlns:dc="urn:dc" xmlns:t="urn:t">' + core + "</c:coreProperties>",
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def par(text, style="", number=0):
    listed = f'<w:numPr><w:ilvl w:val="0"/><w:numId w:val="{number}"/></w:numPr>' if number else ""
    styled = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{styled}{listed}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def table(*rows):
    cells = ("".join(f"<w:tc>{par(cell)}</w:tc>" for cell in row) for row in rows)
    return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in cells) + "</w:tbl>"


def test_a_docx_has_headings_steps_that_count_on_bullets_and_tables():
    body = par("Rent a bike", "T") + par("You can rent a bike for a day. It costs 9 USD.") + par("How to rent", "H1")
    body += par("Open the app.", number=1) + par("Choose a bike.", number=1)
    body += par("The map shows where the bikes are.") + par("Scan the code.", number=1) + par("Bring a helmet", number=2)
    body += table(*CELLS)
    article = read(docx(body), "bikes/rent.docx")
    assert headings(article) == ["Rent a bike", "How to rent"]
    assert units(article) == [
        ("sentence", None, "You can rent a bike for a day."),
        ("sentence", None, "It costs 9 USD."),
        ("step", 1, "Open the app."),
        ("step", 2, "Choose a bike."),
        ("sentence", None, "The map shows where the bikes are."),
        ("step", 3, "Scan the code."),
        ("sentence", None, "Bring a helmet"),
        ("row", None, "Small: Seats: 3; Price: 0 USD."),
        ("row", None, "Large: Seats: any; Price: 9 USD."),
    ]


def test_a_docx_table_of_two_columns_whose_rows_are_figures_has_a_head():
    rows = [("Riders", "Discount"), ("1 to 3", "5%"), ("4", "10%"), ("5+", "12%")]
    assert [text for _, _, text in units(read(docx(table(rows[0], *rows[2:])), "x.docx"))] == [
        "Discount: Riders 4: 10%.",
        "Discount: Riders 5+: 12%.",
    ]


def test_what_a_docx_says_of_itself_is_taken_over():
    core = "<dc:title>Bikes</dc:title><c:category>Travel</c:category><dc:language>en-GB</dc:language>"
    core += "<t:modified>2026-05-06T07:08:09Z</t:modified>"
    article = read(docx(par("Text."), core), "x.docx")
    assert (article.title, article.section, article.language, article.updated) == ("Bikes", "Travel", "en-GB", "2026-05-06")


def zipped(content, **how):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **how) as archive:
        archive.writestr("word/document.xml", content)
    return bytearray(file.getvalue())


def test_a_file_that_is_no_docx_says_what_to_do():
    flipped = zipped("x" * 1000, compression=zipfile.ZIP_DEFLATED)
    flipped[47] ^= 0xFF  # the first byte of the packed text
    encrypted = zipped("x")
    encrypted[6] |= 1
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("a.txt", "x")
    for content, reason in (
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old file", "password or in Word's old format"),
        (b"PK\x03\x04 broken", "cannot be read as a DOCX file"),
        (other.getvalue(), "cannot be read as a DOCX file"),
        (docx("<w:p><w:broken></w:p>"), "cannot be read as a DOCX file"),
        (bytes(flipped), "cannot be read as a DOCX file .*decompressing"),
        (bytes(encrypted), "cannot be read as a DOCX file .*encrypted"),
        (docx(""), "no text"),
    ):
        with pytest.raises(ValueError, match=reason) as caught:
            read(content, "x.docx")
        assert "\n" not in str(caught.value)


def test_every_kind_of_file_has_the_digest_of_its_bytes_and_the_given_date():
    contents = {".pdf": pdf(written(700, "Text.")), ".docx": docx(par("Text."))}
    for kind in sorted(KINDS):
        article = read(contents.get(kind, b"Text."), f"a/b{kind}")
        assert (article.article_id, article.updated, len(article.digest)) == (f"a/b{kind}", "2026-01-02", 64)
        assert read(contents.get(kind, b"Text.") + b"\n", f"a/b{kind}").digest != article.digest
