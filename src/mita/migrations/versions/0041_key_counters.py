"""Numbers of keys are kept with the keys, whatever device they are registered at.

Revision ID: 0041
Revises: 0040
"""

from pathlib import Path

from alembic import op

from mita.migrations.script import run_script

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
