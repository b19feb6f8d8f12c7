"""What opens the gallery: the token printed on the terminal, codes for a single use, and sessions of browsers."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

CODE_SECONDS = 120.0
IDLE_SECONDS = 3600.0  # an open page asks at least every few minutes
MOST_SESSIONS = 32


def _secret() -> str:
    return secrets.token_urlsafe(24)


@dataclass
class Keys:
    """Token, codes and sessions, new at every start. For one thread only, such as the server's loop."""

    clock: Callable[[], float] = time.monotonic
    token: str = field(default_factory=_secret)
    _codes: dict[str, float] = field(default_factory=dict)  # until when each is good
    _sessions: dict[str, float] = field(default_factory=dict)  # when each was used last, the oldest first

    def new_code(self) -> str:
        """Return a code that opens one session within CODE_SECONDS."""
        code = _secret()
        self._codes[code] = self.clock() + CODE_SECONDS
        return code

    def redeem_code(self, code: str) -> str | None:
        """Return a new session for a code, which is void from then on; None for an invalid one."""
        for known, until in list(self._codes.items()):
            if _same(code, known):
                del self._codes[known]
                return self.new_session() if self.clock() <= until else None
        return None

    def redeem_token(self, token: str) -> str | None:
        """Return a new session for the token; None for a wrong one."""
        return self.new_session() if _same(token, self.token) else None

    def use_session(self, session: str) -> bool:
        """Return whether a session is valid, and prolong it."""
        now = self.clock()
        for known, used in list(self._sessions.items()):
            if now - used > IDLE_SECONDS:
                del self._sessions[known]
            elif _same(session, known):
                del self._sessions[known]
                self._sessions[known] = now
                return True
        return False

    def end_sessions(self) -> None:
        """End all sessions."""
        self._sessions.clear()

    def new_session(self) -> str:
        """Return a new session; beyond MOST_SESSIONS the least recently used one ends."""
        while len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        session = _secret()
        self._sessions[session] = self.clock()
        return session


def _same(brought: str, expected: str) -> bool:
    return hmac.compare_digest(brought.encode(errors="replace"), expected.encode())
