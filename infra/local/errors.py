"""What can keep the local platform from starting or running. Each text says what to do."""

from __future__ import annotations


class LocalPlatformError(Exception):
    """Base: the platform does not start, or stops; the text is for the person at the terminal."""


class SettingsError(LocalPlatformError):
    """A setting is unknown, missing or has a bad value."""


class PortTakenError(LocalPlatformError):
    """Another program has a port that the platform needs."""


class AlreadyRunningError(LocalPlatformError):
    """Another supervisor works in the same data folder."""


class NotBuiltError(LocalPlatformError):
    """Something that must be built before the start is not there."""


class ProcessFailedError(LocalPlatformError):
    """A process did not become ready, or keeps dying."""


class StackError(LocalPlatformError):
    """The data stack could not be created, or kept data could not be loaded into it."""
