"""Request and response shapes of readings by hand."""
