"""An estate's limit of losses, and what its bulk meters lost in the last whole month.

Revision ID: 0045
Revises: 0044
"""

from pathlib import Path

from alembic import op

from mita.migrations.script import run_script

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
