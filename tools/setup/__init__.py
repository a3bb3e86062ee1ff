"""Setting up a checkout, and checks of it."""
