"""HTML in a feed: what acts, what is relative, what is left open; and everything else goes through."""

from __future__ import annotations

import pytest

from feedsvc.feed.grammar.markup import MAX_FAULTS, RULES, check_element, check_html
from feedsvc.text import sanitize_html


def broken(fragment: str, *embeds: str, has_base: bool = False) -> list[tuple[str, str]]:
    return [(fault.rule.name, fault.found) for fault in check_html(fragment, embeds, has_base=has_base)]


@pytest.mark.parametrize(
    "fragment",
    [
        "",
        "纯文本，1 < 2 & 3 > 2",
        '<p>正文 <a href="https://a.example/?x=1&amp;y=2">链接</a> ]]&gt; <ruby>漢<rt>hàn</rt></ruby></p>',
        '<a href="mailto:desk@example.org">信</a><a href=tel:+8610>电话</a>',
        '<img src="https://a.example/1.png" srcset="https://a.example/1.png, https://a.example/2,3.png 2x" alt="on">',
        '<img srcset=", https://a.example/1.png 1x,https://a.example/2.png" alt="">',
        "<!-- <script>alert(1)</script> --><p>x</p><!doctype html><?php x ?></ >",
        '<p style="color: red" title="onclick=1" class="javascript:">x</p>',
        "<video poster=https://a.example/p.jpg controls><source src=https://a.example/v.mp4></video>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "<3 一颗心",
        "<math><mi>x</mi></math><svg><circle r='1'/></svg>",
    ],
)
def test_nothing_is_wrong(fragment: str) -> None:
    assert broken(fragment) == []


@pytest.mark.parametrize(
    ("fragment", "rule", "found"),
    [
        ("<script>alert(1)</script>", "html.active", "<script>"),
        ("<SCRIPT src='https://a.example/x.js'></SCRIPT>", "html.active", "<script>"),
        ("<style>p { color: red }</style>", "html.active", "<style>"),
        ("<object data='https://a.example/x.swf'></object>", "html.active", "<object>"),
        ("<embed src='https://a.example/x.swf'>", "html.active", "<embed>"),
        ("<form><p>x</p></form>", "html.active", "<form>"),
        ("<meta http-equiv=refresh content='0'>", "html.active", "<meta>"),
        ("<base href='https://a.example/'>", "html.active", "<base>"),
        ("<plaintext><script>", "html.active", "<plaintext>"),
        ("<svg><animate attributeName='href'/></svg>", "html.active", "<animate>"),
        ("<script>if (a < b) { '<img src=x>' }</script>", "html.active", "<script>"),
        ("<p onclick='x()'>x</p>", "html.handler", 'onclick="x()"'),
        ("<p/ONCLICK=x()>x</p>", "html.handler", 'onclick="x()"'),
        ("<img src='https://a.example/'onerror=x>", "html.handler", 'onerror="x"'),
        ("<a href='javascript:x()'>x</a>", "html.script-url", 'href="javascript:x()"'),
        ("<a href=' &#106;ava\tscript&colon;x()'>x</a>", "html.script-url", 'href=" java\tscript:x()"'),
        ("<a href='data:text/html,x'>x</a>", "html.script-url", 'href="data:text/html,x"'),
        ("<img src='data:text/html,x'>", "html.script-url", 'src="data:text/html,x"'),
        ("<svg><a xlink:href='vbscript:x'/></svg>", "html.script-url", 'xlink:href="vbscript:x"'),
        ("<img src='data:image/png;base64,AA=='>", "html.data", 'src="data:image/png;base64,AA=="'),
        ("<iframe src='https://player.example/1'></iframe>", "html.frame", 'src="https://player.example/1"'),
        ("<iframe></iframe>", "html.frame", "<iframe>"),
        ("<img src='/1.png'>", "html.relative", 'src="/1.png"'),
        ("<img src='图.png'>", "html.relative", 'src="图.png"'),
        ("<img src='//a.example/1.png'>", "html.relative", 'src="//a.example/1.png"'),
        ("<a href=''>x</a>", "html.relative", 'href=""'),
        ("<a href>x</a>", "html.relative", 'href=""'),
        ("<blockquote cite='x'>x</blockquote>", "html.relative", 'cite="x"'),
        ("<img srcset='https://a.example/1.png 1x, 2.png 2x'>", "html.relative",
         'srcset="https://a.example/1.png 1x, 2.png 2x"'),
        ("<a href='#note'>1</a>", "html.anchor", 'href="#note"'),
        ("<p style='background: url(https://a.example/)'>x</p>", "html.style",
         'style="background: url(https://a.example/)"'),
        ("<p style='POSITION : fixed'>x</p>", "html.style", 'style="POSITION : fixed"'),
        ("<p>x</p><!-- y <p>z</p>", "html.open", "<!-- y <p>z</p>"),
        ("<p>x</p><a href=", "html.open", "<a href="),
        ("<p>x</p></p", "html.open", "</p"),
    ],
)  # fmt: skip
def test_each_fault_has_its_rule(fragment: str, rule: str, found: str) -> None:
    assert broken(fragment) == [(rule, found)]


def test_what_never_ends_swallows_the_rest() -> None:
    assert broken("<script>x <p onclick=y>") == [("html.active", "<script>"), ("html.open", "<script>")]
    assert broken("<iframe src='https://player.example/1'><p>x</p>", "player.example") == [("html.open", "<iframe>")]


def test_a_frame_of_an_allowed_host_over_https_alone() -> None:
    frame = "<iframe src='{}' width=1></iframe><p>x</p>"
    for allowed in ("https://player.example/1", "HTTPS://PLAYER.example", "https://player.example?v=1"):
        assert broken(frame.format(allowed), "player.example", "map.example") == []
    for refused in (
        *(
            "http://player.example/1",
            "//player.example/1",
            "https://player.example.evil/",
            "https://player.example@evil/",
        ),
        *(
            "https://evil/player.example",
            "https://player.example:8443/",
            "https:\\\\player.example/",
            "javascript:x",
            "",
        ),
    ):
        assert broken(frame.format(refused), "player.example") == [("html.frame", f'src="{refused}"')]
    assert broken("<iframe src=https://player.example/ srcdoc='<p>x</p>'></iframe>", "player.example") == [
        ("html.frame", 'srcdoc="<p>x</p>"')
    ]


def test_a_frame_names_the_hosts_that_are_allowed() -> None:
    (fault,) = check_html("<iframe src='https://evil/'></iframe>", ("b.example", "a.example"))
    assert fault.expected == "https://a.example or https://b.example"


def test_a_base_makes_relative_addresses_right() -> None:
    fragment = "<a href='#n'>1</a><img src='1.png'><a href='javascript:x'>x</a>"
    assert broken(fragment, has_base=True) == [("html.script-url", 'href="javascript:x"')]


@pytest.mark.parametrize("before", ["", "文" * 100_000])
def test_what_was_read_once_is_judged_by_whom_it_is_asked_for(before: str) -> None:
    fragment = before + "<iframe src='https://a.example/'></iframe><img src='1.png'>"
    for _ in range(2):
        assert [rule for rule, _ in broken(fragment)] == ["html.frame", "html.relative"]
        assert [rule for rule, _ in broken(fragment, "a.example")] == ["html.relative"]
        assert broken(fragment, "a.example", has_base=True) == []


def test_the_place_is_the_tag_s() -> None:
    (fault,) = check_html("第一段<p onclick=x>")
    assert fault.place == "character 4"


def test_the_same_is_told_once_and_not_without_end() -> None:
    assert broken("<script></script>" * 100) == [("html.active", "<script>")]
    assert len(broken("".join(f"<img src={number}>" for number in range(100)))) == MAX_FAULTS


def test_an_element_of_a_tree_is_held_to_the_same() -> None:
    faults = check_element("img", [("src", "1.png"), ("onload", "x")])
    assert [fault.rule.name for fault in faults] == ["html.relative", "html.handler"]


def test_what_the_sanitiser_lets_through_is_right() -> None:
    hostile = "<p onclick=x>文<img src=1.png><script>x</script><a href='javascript:x'>y</a><!-- z <a href='#n'>n</a>-->"
    assert broken(sanitize_html(hostile, "https://news.example.org/")) == []


def test_every_rule_has_a_name_of_its_own_and_says_how_to_mend() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.standard and rule.message and rule.mend for rule in RULES)
