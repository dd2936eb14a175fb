"""Request and response shapes of notifications."""
