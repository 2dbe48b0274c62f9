"""Programs that print what the tests assert."""
