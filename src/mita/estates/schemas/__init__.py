"""Request and response shapes of estates, units and people."""
