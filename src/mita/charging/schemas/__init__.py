"""Request and response shapes of charging."""
