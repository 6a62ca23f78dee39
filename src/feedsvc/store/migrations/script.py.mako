"""${message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The release before this one goes on reading and writing while this runs, and after it (docs/operations.md,
    # "Updating"): only add what it need not know. What it uses goes one release later.
    ${upgrades or "raise NotImplementedError"}
