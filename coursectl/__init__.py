"""coursectl: the roster of a course, whole and true, in one command."""

__version__ = "0.1.0"
