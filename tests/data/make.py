"""Makes the files in this folder out of the texts in source/, with the programs that people make such files with.

    python tests/data/make.py

Needs LibreOffice (soffice), calibre (ebook-convert), pandoc, and Chromium with Playwright. The files in the repository
were made with LibreOffice 7.4.7.2, calibre 6.13.0, pandoc 2.17.1.1 and Chromium 156.0.8078.79, and the fonts of
Liberation 2. All texts were written for these tests; the places and people in them are invented.

- tide-mills.pdf, tide-mills.docx: LibreOffice Writer, from a document of two columns with running heads, page numbers,
  a footnote, soft hyphens, a list and a table. tide-mills-locked.pdf is the same with a password ("tide").
- lighthouse.epub: pandoc (EPUB 3); lighthouse-calibre.epub: calibre's conversion of it to EPUB 2.
- ferry.pdf: Chromium's print with its own head (date, title) and foot (address, page); ferry.mhtml: Chromium's "save
  as a single file", taken over the DevTools protocol (Page.captureSnapshot), which is what the menu calls.
- ferry.html and ferry_files/: what Chromium's "save page, complete" writes. That cannot be called without a window, so
  it is put together here: the page's DOM as Chromium serialises it, the comment that Chromium puts on top, and the
  page's parts beside it. ferry-singlefile.html has the comment of the extension SingleFile in the same way.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "source"
ADDRESS = "https://harbour-post.example/2023/10/night-ferry-ends"

# Where these words may be cut at the end of a line: LibreOffice has no hyphenation patterns everywhere.
CUTS = """
hun|dred some|one what|ever peo|ple car|pen|ter Brit|ta|ny sil|ver bar|ley par|ish car|ried work|ing fol|lowed min|utes
fort|night chil|dren be|fore every|body in|her|it|ed lar|gest an|swered fit|ting tur|bine wood|en sed|i|ment fast|er
win|ter re|built sur|vey list|ed over|grown mill|stones school|house daugh|ter sev|en|ty teach|ers re|tired sail|ors
rot|ten fam|i|ly ot|ters mil|lion or|di|nary gen|er|a|tor en|gi|neer en|gi|neers kil|o|watts e|nough coun|ty no|ticed
to|geth|er me|tres sched|ule al|most mem|o|ry ac|counts
""".split()


def run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def with_cuts(text: str) -> str:
    for word in CUTS:
        text = re.sub(rf"\b{word.replace('|', '')}\b", word.replace("|", "\u00ad"), text)
    return text


def tide_mills(work: Path) -> None:
    text = (SOURCE / "tide-mills.fodt").read_text(encoding="utf-8")
    head, body = text.split("<office:body>")
    document = work / "tide-mills.fodt"
    document.write_text(f"{head}<office:body>{with_cuts(body)}", encoding="utf-8")
    office = ("soffice", f"-env:UserInstallation={(work / 'office').as_uri()}", "--headless")
    run(*office, "--convert-to", "docx", "--outdir", str(HERE), str(document))
    run(*office, "--convert-to", "pdf", "--outdir", str(HERE), str(document))
    locked = '{"EncryptFile":{"type":"boolean","value":"true"},"DocumentOpenPassword":{"type":"string","value":"tide"}}'
    run(*office, "--convert-to", f"pdf:writer_pdf_Export:{locked}", "--outdir", str(work), str(document))
    shutil.move(work / "tide-mills.pdf", HERE / "tide-mills-locked.pdf")


def lighthouse() -> None:
    run("pandoc", str(SOURCE / "lighthouse.md"), "-o", str(HERE / "lighthouse.epub"))
    run(
        "ebook-convert", str(HERE / "lighthouse.epub"), str(HERE / "lighthouse-calibre.epub"), "--no-default-epub-cover"
    )


def ferry() -> None:
    from playwright.sync_api import Route, sync_playwright

    page_text = (SOURCE / "ferry.html").read_text(encoding="utf-8")

    def answer(route: Route) -> None:
        if route.request.url == ADDRESS:
            route.fulfill(body=page_text, content_type="text/html; charset=utf-8")
        elif route.request.url.endswith(".css"):
            route.fulfill(body="nav a { margin-right: 1em }\n", content_type="text/css")
        else:
            route.abort()

    with sync_playwright() as playwright:
        program = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(locale="en-GB")
        page.route("**/*", answer)
        page.goto(ADDRESS)
        page.pdf(
            path=HERE / "ferry.pdf", format="A5", display_header_footer=True, margin={"top": "2cm", "bottom": "2cm"}
        )
        snapshot = page.context.new_cdp_session(page).send("Page.captureSnapshot", {"format": "mhtml"})
        (HERE / "ferry.mhtml").write_bytes(snapshot["data"].encode())
        dom = page.content()
        browser.close()
    doctype = "<!DOCTYPE html>\n"
    saved = dom.replace("<!DOCTYPE html>", f"{doctype}<!-- saved from url=({len(ADDRESS):04d}){ADDRESS} -->\n", 1)
    parts = HERE / "ferry_files"
    parts.mkdir(exist_ok=True)
    (parts / "style.css").write_text("nav a { margin-right: 1em }\n", encoding="utf-8")
    (HERE / "ferry.html").write_text(saved.replace('"style.css"', '"./ferry_files/style.css"'), encoding="utf-8")
    comment = (
        f"<!--\n Page saved with SingleFile \n url: {ADDRESS} \n saved date: Mon Oct 02 2023 09:14:07 GMT+0000\n-->"
    )
    single = re.sub(r'<link rel="stylesheet"[^>]*>', "<style>nav a{margin-right:1em}</style>", dom)
    single = re.sub(r"(<!DOCTYPE html>)\s*(<html[^>]*>)", rf"\1 \2{comment}", single, count=1)
    (HERE / "ferry-singlefile.html").write_text(single, encoding="utf-8")


def main() -> None:
    with tempfile.TemporaryDirectory() as work:
        tide_mills(Path(work))
    lighthouse()
    ferry()


if __name__ == "__main__":
    main()
