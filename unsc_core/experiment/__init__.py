"""Config -> result: defaults, keys, the store, and the steps in order."""
