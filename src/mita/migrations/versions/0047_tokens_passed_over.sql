-- A refresh token whose answer was lost, and that another one replaced before it was used.

ALTER TABLE refresh_token ADD COLUMN passed_over_at timestamptz;
-- who was passed over was not used, nor is used afterwards
ALTER TABLE refresh_token ADD CHECK (passed_over_at IS NULL OR used_at IS NULL);
GRANT UPDATE (passed_over_at) ON refresh_token TO mita_app;
