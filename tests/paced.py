"""`imgwatch` with shorter pauses, for tests that wait for what a daemon does after a pause, not for the pause itself.

What it does is the same. How long its pauses are for users is in `imgwatch.timers`, `imgwatch.retry` and
`imgwatch.ledger.file`; tests of the installed service have those.
"""

from __future__ import annotations

from imgwatch import retry, service
from imgwatch.cli import main
from imgwatch.ledger import file
from imgwatch.timers import Pauses

if __name__ == "__main__":  # not in the decoding workers, which begin with this file again
    service.PAUSES = Pauses(housekeeping=0.5, resting=0.5, retry=2.0)
    retry.RETRY_SECONDS = 2.0
    file._BUSY_SECONDS = 2
    main()
