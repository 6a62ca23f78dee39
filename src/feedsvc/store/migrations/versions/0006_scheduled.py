"""By time only those are asked for that are to go live: the others, nearly all, need not be in that index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("article_by_time", "article")
    where = sa.text("state = 'scheduled'")
    op.create_index(
        "article_scheduled", "article", ("state", "published", "seq"), sqlite_where=where, postgresql_where=where
    )
