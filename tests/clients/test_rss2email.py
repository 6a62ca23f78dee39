"""rss2email turns a feed into mails: each article once, with its title, date, link, body and enclosure."""

from __future__ import annotations

import configparser
import email.policy
import http.client
import mailbox
import os
import subprocess
from collections.abc import Callable
from datetime import UTC
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from lxml import html

from feedsvc.model import Entry, Feed
from readers import Proxy, words
from service import DEADLINE_SECONDS, Service, feedsvc, wait_until


class Rss2email:
    """rss2email with a home of its own, delivering into a maildir."""

    def __init__(self, program: str, home: Path) -> None:
        self._program = program
        self._home = home
        self._config = home / "rss2email.cfg"
        self._maildir = home / "mail"
        self._run("new", "reader@example.org")
        config = configparser.ConfigParser(interpolation=None)
        config.read(self._config, encoding="utf-8")
        settings = {
            "email-protocol": "maildir",
            "maildir-path": str(self._maildir),
            "html-mail": "True",
            "date-header": "True",
            "date-header-order": "issued, created, modified",
        }
        config["DEFAULT"].update(settings)
        with self._config.open("w", encoding="utf-8") as file:
            config.write(file)

    def subscribe(self, name: str, url: str) -> None:
        self._run("add", name, url)

    def fetch(self) -> list[EmailMessage]:
        """Poll every feed; the mails that this brought."""
        before = set(self._box().keys())
        self._run("run")
        box = self._box()
        parser = BytesParser(_class=EmailMessage, policy=email.policy.default)
        return [parser.parsebytes(box.get_bytes(key)) for key in box.keys() if key not in before]  # noqa: SIM118  (no mapping)

    def _box(self) -> mailbox.Maildir:
        self._maildir.mkdir(exist_ok=True)
        return mailbox.Maildir(self._maildir / "INBOX")

    def _run(self, *arguments: str) -> None:
        files = ("--config", str(self._config), "--data", str(self._home / "rss2email.json"))
        environment = os.environ | {"HOME": str(self._home), "LC_ALL": "C.UTF-8"}
        command = [self._program, *files, *arguments]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("suffix", ["rss", "atom"])
def test_mails_what_the_store_holds_and_then_gets_304(
    r2e: str, home: Path, proxy: Proxy, stored: Callable[[str], Feed], suffix: str
) -> None:
    reader = Rss2email(r2e, home)
    slugs = ("macro", "tech", "culture", "world", "briefing")
    for slug in slugs:
        reader.subscribe(slug, f"{proxy.url}/feeds/{slug}.{suffix}")
    mails = {(mail["X-RSS-Feed"], mail["X-RSS-ID"]): mail for mail in reader.fetch()}
    assert {exchange.status for exchange in proxy.take()} == {http.client.OK}
    expected = {
        (f"{proxy.url}/feeds/{slug}.{suffix}", entry.entry_id): entry
        for slug in slugs
        for entry in stored(slug).entries
    }
    assert set(mails) == set(expected)
    for key, entry in expected.items():
        compare(mails[key], entry, most_files=1 if suffix == "rss" else None)  # the others are media:content

    assert reader.fetch() == []
    assert {(exchange.is_conditional, exchange.status) for exchange in proxy.take()} == {
        (True, http.client.NOT_MODIFIED)
    }


def test_a_new_article_is_mailed_though_it_knows_no_226(r2e: str, home: Path, service: Service, proxy: Proxy) -> None:
    """feedparser asks for deltas (`A-IM: feed`) in its name; it would take one for an error."""
    reader = Rss2email(r2e, home)
    reader.subscribe("macro", f"{proxy.url}/feeds/macro.rss")
    reader.fetch()
    feedsvc(
        "--config", service.config, "article", "add", "--section", "macro", "--title", "Ferries", "--summary", "Late."
    )
    wait_until(lambda: b"Ferries" in service.get("/feeds/macro.rss").body, "the new article to be live")
    assert [mail["Subject"] for mail in reader.fetch()] == ["Ferries"]
    assert proxy.take()[-1].status == http.client.OK


def compare(mail: EmailMessage, entry: Entry, *, most_files: int | None = None) -> None:
    page = html.document_fromstring(mail.get_content())
    body = page.find(".//div[@id='body']")
    assert body is not None
    assert mail["Subject"] == entry.title
    assert parsedate_to_datetime(mail["Date"]).replace(tzinfo=UTC) == entry.published  # "-0000": UTC, unsaid where
    assert page.xpath("string(//h1[@class='header']/a/@href)") == entry.link
    assert words(html.tostring(body, encoding="unicode")) == words(entry.content_html or entry.summary)
    enclosures = page.xpath("//p[starts-with(., 'Enclosure')]/a/@href")
    assert enclosures == [enclosure.url for enclosure in entry.enclosures[:most_files]]
