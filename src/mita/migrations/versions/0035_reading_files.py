"""Files of head-ends that come over the API; devices under the names that their bridge gives them.

Revision ID: 0035
Revises: 0034
"""

from pathlib import Path

from alembic import op

from mita.migrations.script import run_script

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
