"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_counter = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_in_use = sa.text("revoked IS NULL")


def upgrade() -> None:
    _create_articles()
    _create_sections()
    _create_publications()
    _create_operations()


def _create_articles() -> None:
    op.create_table(
        "article",
        sa.Column("seq", _counter, sa.Identity(), primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("entry_id", sa.Text, nullable=False, unique=True),
        sa.Column("is_permalink", sa.Boolean, nullable=False),
        sa.Column("external_id", sa.Text, unique=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("published", sa.BigInteger),
        sa.Column("updated", sa.BigInteger),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("link", sa.Text),
        sa.Column("summary", sa.Text),
        sa.Column("language", sa.Text),
        sa.Column("editor", sa.Text),
        sa.Column("sections", sa.JSON, nullable=False),
        sa.Column("authors", sa.JSON),
        sa.Column("source", sa.JSON),
        sa.Column("breadcrumb", sa.JSON),
        sa.Column("tags", sa.JSON),
        sa.Column("image", sa.JSON),
        sa.Column("enclosures", sa.JSON),
        sa.Column("content_html", sa.Text),
        *_article_checks(),
    )
    op.create_index("article_by_state", "article", ["state", "seq"])
    op.create_index("article_by_time", "article", ["state", "published", "seq"])


def _article_checks() -> list[sa.CheckConstraint]:
    """What no article may be without, whoever writes it: a row that can't be read would stop every feed it is in."""
    json_type = "json_type" if op.get_bind().dialect.name == "sqlite" else "json_typeof"
    lists = ("sections", "authors", "breadcrumb", "tags", "enclosures")
    objects = ("source", "image")
    return [
        sa.CheckConstraint("state IN ('draft', 'scheduled', 'live', 'withdrawn')", name="state_known"),
        sa.CheckConstraint("state IN ('draft', 'withdrawn') OR published IS NOT NULL", name="published_known"),
        sa.CheckConstraint(_within_years("published", "updated", "created"), name="instants_within_years"),
        *(sa.CheckConstraint(f"{json_type}({name}) = 'array'", name=f"{name}_is_list") for name in lists),
        *(sa.CheckConstraint(f"{json_type}({name}) = 'object'", name=f"{name}_is_object") for name in objects),
    ]


def _within_years(*names: str) -> str:
    """Years 1 to 9999, which is what a datetime holds."""
    return " AND ".join(f"({name} IS NULL OR {name} BETWEEN -62135596800 AND 253402300799)" for name in names)


def _create_sections() -> None:
    op.create_table(
        "article_section",
        sa.Column("section", sa.Text, primary_key=True),
        sa.Column("seq", _counter, sa.ForeignKey("article.seq"), primary_key=True, autoincrement=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("published", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "article_section_newest",
        "article_section",
        ["section", "state", sa.text("published DESC"), sa.text("seq DESC")],
    )
    op.create_table(
        "section",
        sa.Column("slug", sa.Text, primary_key=True),
        sa.Column("feed_id", sa.Text, nullable=False, unique=True),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("urgent_generation", sa.BigInteger, nullable=False),
    )


def _create_publications() -> None:
    op.create_table(
        "document_version",
        sa.Column("slug", sa.Text, primary_key=True),
        sa.Column("format", sa.Text, primary_key=True),
        sa.Column("last_modified", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "publication",
        sa.Column("folder_id", sa.Text, primary_key=True),
        sa.Column("slug", sa.Text, primary_key=True),
        sa.Column("made_from", sa.Text, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("entries", sa.JSON, nullable=False),
        sa.Column("documents", sa.JSON, nullable=False),
        sa.Column("findings", sa.JSON, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("attempted", sa.BigInteger, nullable=False),
        sa.Column("published", sa.BigInteger),
    )
    op.create_table(
        "quarantine",
        sa.Column("article_id", sa.Text, primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("renderer", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
    )


def _create_operations() -> None:
    op.create_table(
        "heartbeat",
        sa.Column("folder_id", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("next_runs", sa.JSON, nullable=False),
    )
    op.create_table(
        "token",
        sa.Column("id", _counter, sa.Identity(), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("token_hash", sa.Text, nullable=False, unique=True),
        sa.Column("sections", sa.JSON, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("last_used", sa.BigInteger),
        sa.Column("revoked", sa.BigInteger),
    )
    op.create_index("token_name_in_use", "token", ["name"], unique=True, sqlite_where=_in_use, postgresql_where=_in_use)
