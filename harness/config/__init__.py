"""Settings: their schema, strict loading, suite files and plugins.  Nothing here loads a model."""
