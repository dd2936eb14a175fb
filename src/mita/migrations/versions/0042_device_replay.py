"""Which messages that a device protected by OSCORE were taken already.

Revision ID: 0042
Revises: 0041
"""

from pathlib import Path

from alembic import op

from mita.migrations.script import run_script

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
