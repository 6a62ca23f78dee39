"""What a page says: its tree, links, feeds and words."""

from __future__ import annotations

from lxml import html
from werkzeug.test import TestResponse


def read(response: TestResponse, status: int = 200) -> html.HtmlElement:
    assert response.status_code == status
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    return html.document_fromstring(response.get_data(as_text=True))


def links(page: html.HtmlElement) -> list[str]:
    return [str(link) for link in page.xpath("//a/@href")]


def alternates(page: html.HtmlElement) -> list[str]:
    return [str(link) for link in page.xpath('//link[@rel="alternate"]/@href')]


def words(page: html.HtmlElement) -> str:
    return " ".join(page.text_content().split())
