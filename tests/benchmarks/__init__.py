"""Programs that measure and print."""
