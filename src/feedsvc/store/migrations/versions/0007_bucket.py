"""Who may write to a bucket, and what it holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bucket_lease",
        sa.Column("bucket", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("beat", sa.BigInteger, nullable=False),
        sa.Column("lasts_seconds", sa.Integer, nullable=False),
        sa.Column("told", sa.JSON),
    )
    op.create_table(
        "bucket_object",
        sa.Column("bucket", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("mtime", sa.BigInteger, nullable=False),
        sa.Column("etag", sa.Text, nullable=False),
        sa.Column("stored", sa.BigInteger),
    )
