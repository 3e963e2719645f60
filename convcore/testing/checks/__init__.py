"""The checks of the kit, a module for each subject; each is registered under its own name."""
