"""Which bytes of which entries were proved; a section without a row is proved whole once more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "proof",
        sa.Column("slug", sa.Text, primary_key=True),
        sa.Column("formats", sa.JSON, nullable=False),
    )
