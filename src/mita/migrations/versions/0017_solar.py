"""Net metering among the timed charges; solar installations and their monthly credits.

Revision ID: 0017
Revises: 0016
"""

from pathlib import Path

from alembic import op

from mita.migrations.script import run_script

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
