"""The general ledger in files: written whole, and read again without the database."""
