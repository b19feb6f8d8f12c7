"""A code opens once and soon, a session ends when nobody uses it."""

from __future__ import annotations

from gallery import Open, Scene
from imgwatch.review.keys import CODE_SECONDS, IDLE_SECONDS, MOST_SESSIONS, Keys


def test_a_code_opens_one_session() -> None:
    keys = Keys()
    code = keys.new_code()
    session = keys.redeem_code(code)
    assert session is not None
    assert keys.use_session(session)
    assert keys.redeem_code(code) is None
    assert code not in session


def test_a_code_that_nobody_used_is_void() -> None:
    now = 0.0
    keys = Keys(lambda: now)
    code = keys.new_code()
    now += CODE_SECONDS + 1
    assert keys.redeem_code(code) is None


def test_a_session_ends_when_it_is_not_used_and_goes_on_while_it_is() -> None:
    now = 0.0
    keys = Keys(lambda: now)
    used, unused = keys.redeem_token(keys.token), keys.redeem_token(keys.token)
    assert used is not None
    assert unused is not None
    for _ in range(3):
        now += IDLE_SECONDS * 0.6
        assert keys.use_session(used)
    assert not keys.use_session(unused)


def test_there_are_only_so_many_sessions_and_the_latest_are_good() -> None:
    keys = Keys()
    sessions = [keys.redeem_token(keys.token) or "" for _ in range(MOST_SESSIONS + 1)]
    assert [keys.use_session(session) for session in sessions] == [False] + [True] * MOST_SESSIONS


def test_what_is_no_key_opens_nothing() -> None:
    keys = Keys()
    keys.new_code()
    for nonsense in ("", "x", "é" * 40, keys.token[:-1]):
        assert keys.redeem_code(nonsense) is None
        assert keys.redeem_token(nonsense) is None
        assert not keys.use_session(nonsense)


def test_a_code_is_answered_with_a_cookie_and_a_page_that_asks_on_its_own(
    scene: Scene, open_gallery: Open
) -> None:
    browser = open_gallery(scene)
    code = browser.keys.new_code()
    answer = browser.without_key.get(
        f"/?code={code}", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    )
    assert answer.status_code == 200
    assert 'http-equiv="refresh"' in answer.text
    assert "SameSite=strict" in answer.headers["set-cookie"]
    assert browser.without_key.get("/pictures").status_code == 200
    browser.without_key.cookies.clear()
    assert browser.without_key.get(f"/?code={code}").status_code == 403
