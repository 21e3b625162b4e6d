"""Engines that train one model."""
