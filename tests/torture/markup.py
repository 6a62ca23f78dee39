"""Bodies in HTML as they come from a CMS, and as they come from an enemy."""

from __future__ import annotations

from torture.case import HEAVY, Case, Published, bodied, refused

_BASE = "https://news.example.org"
_MEGABYTE = 1024 * 1024
_LONG = "<p>" + "长文章的一个段落。" * 2_000 + "</p>"
_FOUR_MEGABYTES = _LONG * (4_000_000 // len(_LONG.encode()))

CASES: tuple[Case, ...] = (
    bodied(
        "ruby",
        "readings above characters, which feedparser lays beside them",
        "<ruby>漢<rp>(</rp><rt>hàn</rt><rp>)</rp>字<rt>zì</rt></ruby>",
        feedparser={"content": "漢(hàn)字zì"},
    ),
    bodied("mathml", "MathML goes with its content", "<p>当<math><mi>x</mi></math>时</p>", "<p>当时</p>"),
    bodied(
        "svg", "SVG goes with its content", '<p>图<svg onload="x()"><script>y()</script></svg>后</p>', "<p>图后</p>"
    ),
    bodied(
        "table",
        "a table with everything that belongs to one",
        '<table><caption>表</caption><colgroup><col span="2"></colgroup><thead><tr><th scope="col">年</th></tr></thead>'
        '<tbody><tr><td colspan="2" rowspan="1">2025</td></tr></tbody><tfoot><tr><td>合计</td></tr></tfoot></table>',
    ),
    bodied(
        "table-misnested",
        "text that a parser moves before the table",
        "<table><tr><td>一<p>二<table>三",
        "<table><tbody><tr><td>一<p>二</p>三<table></table></td></tr></tbody></table>",
    ),
    bodied("details", "a part to fold out", '<details open=""><summary>更多</summary><p>内容</p></details>'),
    bodied(
        "video-and-audio",
        "media with addresses of their own",
        '<video src="/v.mp4" poster="p.jpg" controls autoplay width="640" height="360"></video>'
        '<audio src="https://cdn.example/a.mp3" controls></audio>',
        f'<video src="{_BASE}/v.mp4" poster="{_BASE}/p.jpg" controls="" width="640" height="360"></video>'
        '<audio src="https://cdn.example/a.mp3" controls=""></audio>',
    ),
    bodied(
        "relative-image",
        "an image counted from the site",
        '<img src="图/一.png" alt="图 <1>">',
        f'<img src="{_BASE}/%E5%9B%BE/%E4%B8%80.png" alt="图 &lt;1&gt;">',
    ),
    bodied(
        "srcset",
        "several sizes of an image: the first of them stays",
        '<img src="/a.png" srcset="/a.png 1x, /b.png 2x" sizes="50vw" loading="lazy" alt="">',
        f'<img src="{_BASE}/a.png" alt="">',
    ),
    bodied(
        "raw-chinese-address",
        "an address with bare Chinese",
        '<a href="https://news.example.org/新闻/?q=麦&amp;p=1#节">x</a>',
        '<a href="https://news.example.org/%E6%96%B0%E9%97%BB/?q=%E9%BA%A6&amp;p=1#%E8%8A%82">x</a>',
    ),
    bodied(
        "idn-host",
        "a host in Chinese",
        '<a href="http://例子.测试/x">x</a>',
        '<a href="http://xn--fsqu00a.xn--0zwm56d/x">x</a>',
    ),
    bodied(
        "data-url",
        "a picture in the address itself",
        '<p>图<img src="data:image/png;base64,iVBORw0KGgo=" alt="点"></p>',
        '<p>图<img alt="点"></p>',
    ),
    bodied(
        "script-link",
        "addresses that execute",
        '<a href="javascript:alert(1)">甲</a><a href=" JaVa&#x0A;Script:alert(1)">乙</a><a href="vbscript:x">丙</a>',
        "<a>甲</a><a>乙</a><a>丙</a>",
    ),
    bodied(
        "mailto",
        "mail and telephone",
        '<a href="mailto:desk@example.org?subject=你好">信</a> <a href="tel:+8621-5555">电话</a>',
        '<a href="mailto:desk@example.org?subject=%E4%BD%A0%E5%A5%BD">信</a> <a href="tel:+8621-5555">电话</a>',
    ),
    bodied(
        "protocol-relative",
        "an address without its scheme",
        '<img src="//cdn.example/a.png" alt="">',
        '<img src="https://cdn.example/a.png" alt="">',
    ),
    bodied(
        "fragment", "a link to a place in the article", '<a href="#注1">注</a>', f'<a href="{_BASE}/#%E6%B3%A81">注</a>'
    ),
    bodied(
        "spaces-in-addresses",
        "spaces and line ends inside an address",
        '<a href=" /a b/c\n d.html ">x</a>',
        f'<a href="{_BASE}/a%20b/c%20d.html">x</a>',
    ),
    bodied(
        "handlers",
        "what executes by itself",
        '<p onclick="x()" style="background:url(javascript:x)" class="a" id="b">字</p>',
        "<p>字</p>",
    ),
    bodied(
        "frames",
        "players, forms, styles, objects go with their content",
        "<p>甲</p><iframe src='https://v.example/'>x</iframe><form action='/'><input name=q></form>"
        "<style>p{}</style><object data=x>y</object><p>乙</p>",
        "<p>甲</p><p>乙</p>",
    ),
    bodied("cdata-in-body", "CDATA in HTML is a comment", "<p>甲<![CDATA[乙]]>丙 ]]> 丁</p>", "<p>甲丙 ]]&gt; 丁</p>"),
    bodied(
        "entities-in-body",
        "named entities, which XML does not know",
        "<p>&nbsp;&copy;&hellip;&eacute;&lt;b&gt;&amp;amp;&#x4e2d;&#0;&#x85;</p>",
        "<p>&nbsp;©…é&lt;b&gt;&amp;amp;中�…</p>",
    ),
    bodied("controls-in-body", "controls, raw and by reference", "<p>甲\x01\x0b\x0c乙&#1;&#12;丙</p>", "<p>甲乙丙</p>"),
    bodied(
        "line-ends-in-pre",
        "line ends that mean something",
        "<pre>\n甲\r\n  乙\r丙\t丁</pre>",
        "<pre>甲\n  乙\n丙\t丁</pre>",
    ),
    bodied(
        "misnested",
        "elements that cross",
        "<p>甲<b>乙<i>丙</b>丁</i></p><div><p>戊",
        "<p>甲<b>乙<i>丙</i></b><i>丁</i></p><div><p>戊</p></div>",
    ),
    bodied("bare-text", "a body without a tag", "只有字 & 符号 < 3", "只有字 &amp; 符号 &lt; 3"),
    bodied("image-only", "a body that is a picture", '<img src="https://img.example/only.png" alt="">'),
    bodied(
        "languages",
        "parts in other languages and directions",
        '<p lang="ar" dir="rtl">مرحبا <bdi>abc</bdi> <bdo dir="ltr">١٢٣</bdo></p>',
    ),
    bodied(
        "looks-like-xml",
        "elements of other worlds",
        "<p>甲</p><o:p></o:p><xml><w:WordDocument>乙</w:WordDocument></xml><!--[if gte mso 9]>x<![endif]-->",
        "<p>甲</p>乙",
    ),
    bodied(
        "comments-by-thousands",
        "10,000 comments",
        "<p>甲</p>" + "<!-- 注 -->" * 10_000 + "<p>乙</p>",
        "<p>甲</p><p>乙</p>",
    ),
    refused(
        "comment-open",
        "a comment that is never closed",
        {"content_html": "<p>甲</p><!-- 注 <p>乙</p>"},
        "content_html",
        "the comment <!-- at character 9 is never closed",
    ),
    refused(
        "comments-open-by-thousands",
        "64,000 comments that are never closed",
        {"content_html": "<!--" * 64_000},
        "content_html",
        "is never closed",
    ),
    refused(
        "nested",
        "200,000 elements inside each other",
        {"content_html": "<div>" * 200_000},
        "content_html",
        "more than 250 open elements",
    ),
    refused(
        "nested-formatting",
        "200,000 formatting elements, which a parser opens again",
        {"content_html": "<b><p>" * 100_000},
        "content_html",
        "more than 250 open elements",
    ),
    refused(
        "elements", "20,001 elements", {"content_html": "<br>" * 20_001}, "content_html", "more than 20000 elements"
    ),
    refused(
        "attributes",
        "256,000 attributes in one tag, which a parser compares with each other",
        {"content_html": "<p " + " ".join(f"a{number}" for number in range(256_000)) + ">字</p>"},
        "content_html",
        "the <p> at character 1 has more than 100 attributes",
    ),
    refused(
        "reopened-formatting",
        "5,000 formatting elements, each to be opened again in 10,000 paragraphs",
        {
            "content_html": "".join(f"<b title={number}><object></b></object>" for number in range(5_000))
            + "<p>字" * 10_000
        },
        "content_html",
        "would open formatting elements",
    ),
    refused(
        "ampersands",
        "60,000 ampersands",
        {"content_html": "&" * 60_000},
        "content_html",
        "more than 30000 character references",
    ),
    refused(
        "script-only",
        "a body that is nothing but a script",
        {"content_html": "<script>x()</script>", "summary": ""},
        "content_html",
        "nothing is left to publish",
    ),
    refused(
        "invisible-body",
        "a body that shows nothing",
        {"content_html": "<p>\u200b&nbsp;\u3000&#x2060;</p>", "summary": ""},
        "content_html",
        "nothing is left to publish",
    ),
    refused(
        "script-open",
        "a script that is never closed",
        {"content_html": "<p>甲</p><script>x()"},
        "content_html",
        "<script> at character 9 is never closed",
    ),
    Case(
        "four-megabytes",
        "nearly the longest body that is taken",
        {"content_html": _FOUR_MEGABYTES, "summary": "长"},
        Published({"content": _FOUR_MEGABYTES}),
        section=HEAVY,
    ),
    Case(
        "ampersands-taken",
        "25,000 ampersands in one text",
        {"content_html": "<p>" + "&amp;字" * 25_000 + "</p>", "summary": "和"},
        Published({"content": "<p>" + "&amp;字" * 25_000 + "</p>"}),
        section=HEAVY,
    ),
    Case(
        "nested-taken",
        "elements as deep as they may lie",
        {"content_html": "<div>" * 250 + "深" + "</div>" * 250, "summary": "深"},
        Published({"content": "<div>" * 250 + "深" + "</div>" * 250}),
        section=HEAVY,
    ),
    refused(
        "five-megabytes",
        "a body of 5 MiB",
        {"content_html": "<p>" + "长" * (5 * _MEGABYTE // 3) + "</p>"},
        "content_html",
        "is longer than 4194304 bytes",
    ),
    refused(
        "grows",
        "a body that grows beyond the limit when it is escaped",
        {"content_html": '"<' * _MEGABYTE},
        "content_html",
        "is longer than 4194304 bytes when sanitised",
    ),
)
