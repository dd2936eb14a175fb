"""Device tokens are kept sealed as well, so that devices can sign what they post.

Revision ID: 0034
Revises: 0033
"""

from pathlib import Path

from alembic import op

from mita.migrations.script import run_script

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
