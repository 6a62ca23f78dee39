"""Corrections, withdrawals that show, archives, and what was found about an article in quarantine."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("article", sa.Column("corrections", sa.JSON))
    op.add_column("article", sa.Column("withdrawal", sa.JSON))
    op.add_column("quarantine", sa.Column("findings", sa.JSON))
    op.add_column("article_section", sa.Column("updated", sa.BigInteger))
    op.execute(
        "UPDATE article_section SET updated = (SELECT updated FROM article WHERE article.seq = article_section.seq)"
    )
    op.create_index(
        "article_section_changed",
        "article_section",
        ["section", "state", sa.text("updated DESC"), sa.text("seq DESC")],
    )
    _bury_the_withdrawn()
    _create_archives()


def _bury_the_withdrawn() -> None:
    """Who was withdrawn before now may have been read: it leaves a tombstone, dated as it was withdrawn."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    make = sa.func.json_object if is_sqlite else sa.func.json_build_object
    make_list = sa.func.json_array if is_sqlite else sa.func.json_build_array
    names = ("seq", "state", "published", "updated", "withdrawal")
    article = sa.table("article", *map(sa.column, names))
    place = sa.table("article_section", sa.column("seq"), sa.column("state"))
    seen = (article.c.state == "withdrawn") & (article.c.updated >= article.c.published)
    grave = make(sa.text("'at'"), article.c.updated, sa.text("'notice'"), sa.null(), sa.text("'shown_in'"), make_list())
    op.execute(sa.update(article).where(seen).values(withdrawal=grave))
    buried = sa.select(article.c.seq).where(seen)
    op.execute(sa.update(place).where(place.c.state == "withdrawn", place.c.seq.in_(buried)).values(state="tombstone"))


def _create_archives() -> None:
    op.add_column("article_section", sa.Column("archive", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.create_index("article_section_archived", "article_section", ["section", "archive", "state", "seq"])
    op.add_column("section", sa.Column("archives", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.add_column(
        "section", sa.Column("archive_generation", sa.BigInteger, nullable=False, server_default=sa.text("0"))
    )
    op.add_column("publication", sa.Column("archived_from", sa.Text))
    op.add_column("publication", sa.Column("archive_error", sa.Text))
    op.create_table(
        "archive",
        sa.Column("section", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("entries", sa.Integer, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "archive_publication",
        sa.Column("folder_id", sa.Text, primary_key=True),
        sa.Column("section", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("shown", sa.Text, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("length_bytes", sa.BigInteger, nullable=False),
        sa.Column("mtime", sa.BigInteger, nullable=False),
    )
