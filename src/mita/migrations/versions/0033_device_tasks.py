"""Tasks of devices: clocks that are set and prices that meters take, written and read back.

Revision ID: 0033
Revises: 0032
"""

from pathlib import Path

from alembic import op

from mita.migrations.script import run_script

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
