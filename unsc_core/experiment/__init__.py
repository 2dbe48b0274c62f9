"""Config -> result: defaults, keys, the store, and the pipeline in between."""
