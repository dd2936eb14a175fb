"""An index of the readings that wait for a person or a price: few, and asked for on every page.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # 5 is unpriced, 7 held (metering.domain.ReadingClass)
    op.execute(
        "CREATE INDEX reading_waiting ON reading (estate_id, register_id, taken_at) WHERE class IN (5, 7)"
    )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
