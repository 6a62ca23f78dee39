"""How much an article may hold. Beyond it is refused, never cut: a cut article would be a wrong one.

Characters are code points, bytes are of UTF-8. No newsroom's article comes near; a mistake or an attack does.
"""

from __future__ import annotations

MAX_JSON_MARKS = 2_000_000
"""Commas and brackets in one JSON text, outside of its texts and in them: more values than that take gigabytes."""

MAX_TITLE = 2_000
MAX_NAME = 500
MAX_TAG = 200
MAX_URL = 4_000
MAX_ALT = 4_000

MAX_EXTERNAL_ID_BYTES = 1_000
"""It is a key of the database, where PostgreSQL bounds an index row at 2,704 bytes."""

MAX_SUMMARY_BYTES = 64 * 1024
MAX_NOTE_BYTES = 4 * 1024
"""Of a correction's note, or a withdrawal's notice: some sentences, which readers meet beside everything else."""

MAX_CONTENT_BYTES = 4 * 1024 * 1024

MAX_AUTHORS = 50
MAX_TAGS = 100
MAX_SECTIONS = 50
MAX_BREADCRUMB = 20
MAX_ENCLOSURES = 20

MAX_DEPTH = 250
"""Elements inside each other in a body; libxml2 reads 256, its own root among them."""

MAX_ELEMENTS = 20_000
"""Start tags in a body, and end tags: a parser may compare each of them with every element that is open."""

MAX_UNCLOSED = 10_000
"""Elements in a body that no end tag closes in order: so many a parser may at most have open, whatever it mends."""

MAX_ATTRIBUTES = 100
"""Of one tag: an HTML parser compares each with all before it."""

MAX_BODY_ATTRIBUTES = 100_000

MAX_REFERENCES = 30_000
"""Ampersands and no-break spaces in a body, as sent or as sanitised: the sanitiser reads on to the next tag at each."""

MAX_LINE_BREAKS = 200_000
"""In a body: expat hands feedparser each line, and each break between two, as a text of its own."""

MAX_REOPENED = 400_000
"""Formatting elements (b, i, ...) in a body that a parser may have to open again, in all: one more at each tag for each
that was left open or closed around a block."""

MAX_LANGUAGE = 100
MAX_MEDIA_TYPE = 255
FIRST_YEAR, LAST_YEAR = 1000, 9998
"""Of a time in UTC. Before, readers take the year in an RSS date for one of another century (RFC 2822 §4.3: 0099 is
1999); after, it could not be told in every time zone."""

MAX_PIXELS = 1_000_000
MAX_LENGTH_BYTES = 2**53 - 1
"""The greatest whole number that every JSON reader keeps (RFC 8259 §6)."""

MAX_DURATION_SECONDS = 10_000_000
"""Of sound or film: some four months."""

MAX_WARNINGS = 100
"""Notes of one kind about one page; the rest is counted."""

MAX_PROBLEMS = 100
"""Problems told about one input; the rest is counted."""
