"""A lock on an open file, which ends with the process that holds it."""

from __future__ import annotations

import sys

__all__ = ["lock_file"]


if sys.platform == "win32":
    import msvcrt
    import os

    # Windows does not let others read what is locked, so the byte lies where no file will ever reach.
    _FAR_BYTE = 2**62

    def lock_file(descriptor: int) -> bool:
        """Lock an open file for writing, and return at once whether that was possible."""
        here = os.lseek(descriptor, 0, os.SEEK_CUR)
        try:
            os.lseek(descriptor, _FAR_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        finally:
            os.lseek(descriptor, here, os.SEEK_SET)
        return True

else:
    import fcntl

    def lock_file(descriptor: int) -> bool:
        """Lock an open file for writing, and return at once whether that was possible."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
