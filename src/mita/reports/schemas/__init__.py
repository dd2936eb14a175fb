"""Request and response shapes of reports."""
