"""Load limits: supplies that are held to a power, asked and confirmed as switching is.

Revision ID: 0038
Revises: 0037
"""

from pathlib import Path

from alembic import op

from mita.migrations.script import run_script

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
