"""The seam to the disk: each step by which the quarantine changes the file system, one method a step.

Tests pass one whose k-th step fails or kills the process; the quarantine changes nothing in any other way.
"""

from __future__ import annotations

import errno
import os

from imgwatch import files
from imgwatch.files import FolderEntry
from imgwatch.quarantine import metadata
from imgwatch.quarantine.metadata import FileMetadata


class FileOps:
    """Does each step for real; every method may raise OSError, and then has done nothing or a part of it."""

    def rename(self, source: FolderEntry, target: FolderEntry) -> None:
        """Rename without overwriting."""
        files.rename_exclusive(source, target)

    def rename_within(self, source: FolderEntry, target: FolderEntry) -> None:
        """Rename a file within its folder to a made-up name; also where the file system has no exclusive rename."""
        files.rename_within(source, target)

    def replace(self, source: FolderEntry, target: FolderEntry) -> None:
        """Rename over what lies there: a new version of one of our own files."""
        os.replace(source.name, target.name, src_dir_fd=source.folder, dst_dir_fd=target.folder)

    def create(self, folder: int, name: str) -> int:
        """Create a private file and return its descriptor."""
        return files.create_exclusive(folder, name)

    def make_folder(self, folder: int, name: str, mode: int) -> None:
        """Make a folder."""
        files.make_folder(folder, name, mode)

    def read(self, descriptor: int, size: int, offset: int) -> bytes:
        """Read at most `size` bytes of a picture."""
        return os.pread(descriptor, size, offset)

    def write(self, descriptor: int, content: bytes, offset: int) -> None:
        """Write all of `content` at `offset`."""
        view = memoryview(content)
        while view:
            written = os.pwrite(descriptor, view, offset)
            view, offset = view[written:], offset + written

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut a file to `size` bytes."""
        os.ftruncate(descriptor, size)

    def apply_metadata(self, descriptor: int, wanted: FileMetadata) -> list[str]:
        """Set owner, mode, times and attributes; return the names of those that could not be set."""
        return metadata.apply_metadata(descriptor, wanted)

    def sync(self, descriptor: int) -> None:
        """Wait until a file or folder is on the disk."""
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):  # FUSE: no fsync of folders
                raise

    def unlink(self, entry: FolderEntry) -> None:
        """Remove a name."""
        os.unlink(entry.name, dir_fd=entry.folder)
