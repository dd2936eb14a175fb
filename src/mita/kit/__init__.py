"""Building blocks without domain words: numbers, times, ids, database, errors, settings."""
