"""The job queue's own tables, as procrastinate ships them.

Revision ID: 0002
Revises: 0001
"""

from alembic import op
from procrastinate.schema import SchemaManager

from mita.migrations.script import run_script

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers,
    procrastinate_workers TO mita_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO mita_app;
"""


def upgrade() -> None:
    run_script(op.get_bind(), SchemaManager.get_schema() + GRANTS)


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
