-- a signature is checked with the token itself: the SHA-256 alone would let whoever reads it sign;
-- tokens from before have none, and are shown as they are
ALTER TABLE device_token ADD COLUMN token_sealed bytea;
-- wiped when it is revoked
GRANT UPDATE (token_sealed) ON device_token TO mita_app;
SELECT audit_table('device_token');
