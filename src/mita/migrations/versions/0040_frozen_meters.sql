-- After how many days without a change a register that is read is taken to stand still; NULL is never.
ALTER TABLE issue_rule ADD COLUMN frozen_days integer DEFAULT 30 CHECK (frozen_days BETWEEN 1 AND 3650);
GRANT UPDATE (frozen_days) ON issue_rule TO mita_app;
