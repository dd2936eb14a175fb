"""Bulk meters and the meters that they are held against.

Revision ID: 0028
Revises: 0027
"""

from pathlib import Path

from alembic import op

from mita.migrations.script import run_script

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
