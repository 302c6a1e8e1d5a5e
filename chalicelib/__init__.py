"""Hallpass: a WordPress administrator account that removes itself."""

__version__ = "0.1.0"
