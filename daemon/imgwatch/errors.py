"""Faults of a run, each with the exit code it ends the command with. Faults of one picture are verdicts, not these.

Exit codes follow sysexits.h; `imgwatch.service` does not restart on 78.
"""


class ImgwatchError(Exception):
    """A fault of the run: the message says what, which path or key, and what to do."""

    exit_code = 1


class UsageError(ImgwatchError):
    """The command was called in a way that makes no sense."""

    exit_code = 2


class InputMissing(ImgwatchError):
    """A folder, picture or record that was named is not there."""

    exit_code = 66


class Unavailable(ImgwatchError):
    """Another process is in the way, or a service that is needed does not run."""

    exit_code = 69


class CannotCreate(ImgwatchError):
    """A file or folder that is to be written cannot be created."""

    exit_code = 73


class IoFailed(ImgwatchError):
    """Reading, writing or moving failed in the operating system."""

    exit_code = 74


class ConfigError(ImgwatchError):
    """The configuration is not usable."""

    exit_code = 78


class ModelError(ImgwatchError):
    """The model file is missing, of another schema, or does not reproduce its self-test."""

    exit_code = 78
