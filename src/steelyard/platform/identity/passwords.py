# SPDX-License-Identifier: Apache-2.0
"""Passwords: argon2id, in a bounded pool, by the rules of NIST SP 800-63B.

A hash takes 64 MiB and about 200 ms of a core on purpose. At most two are computed at a time in one
process and at most sixteen wait; a flood of logins beyond that is turned away, so that it can take
neither the memory nor the threads of everybody else.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from threading import BoundedSemaphore
from typing import TypeVar

from pwdlib.hashers.argon2 import Argon2Hasher

from steelyard.kernel.errors import BusyError, FieldErrors

T = TypeVar("T")
LENGTH_LEAST, LENGTH_MOST = 12, 256
_AT_ONCE, _WAITING = 2, 16
_COMMON = frozenset(
    """123456789012 1234567890123 12345678901234 123456789012345 1234567890123456 098765432109
    123123123123 123412341234 112233445566 121212121212 111122223333 102030405060 147258369147
    qwertyuiop12 qwertyuiop123 qwertyuiop[] qwertyuiopasdf qwertyqwerty qwertzuiopas qwerty123456
    qwerty12345678 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1qaz2wsx3edc 1qazxsw23edc zaq12wsxcde3 q1w2e3r4t5y6
    asdfghjkl123 asdfghjkl;' asdfasdfasdf zxcvbnm12345 abcdefghijkl abcdefghijklm abc123abc123
    abcd1234abcd abcdef123456 a1b2c3d4e5f6 aaaaaa111111 password1234 password12345 password123456
    password123! passwordpassword passw0rd1234 p@ssw0rd1234 p@ssword1234 mypassword12 mypassword123
    changemechangeme changeme1234 changeme12345 letmeinletmein letmein12345 welcome12345
    welcome123456 welcome2025! welcome2026! iloveyou1234 iloveyouiloveyou trustno1trustno1
    administrator administrator1 adminadminadmin admin1234567 admin12345678 administrator123
    rootrootroot superadmin123 superuser1234 default12345 defaultdefault secretsecret secret123456
    sunshine1234 football1234 baseball1234 basketball12 superman1234 princess1234 michael12345
    computer1234 internet1234 dragondragon monkeymonkey masterkey123 november2026 december2026
    summer202612 winter202612 spring202612 correcthorsebatterystaple
    steelyard1234 steelyardsteelyard
    """.split()  # noqa: SIM905 # reads as the list it is
)


class HashPool:
    """Computes and checks hashes, a few at a time."""

    def __init__(self, hasher: Argon2Hasher | None = None) -> None:
        self._hasher = hasher or Argon2Hasher()
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="argon2")
        self._places = BoundedSemaphore(_AT_ONCE + _WAITING)
        self._nobody = ""

    def hash(self, password: str) -> str:
        """Return the hash of a password, with its own salt.

        Raises:
            BusyError: too many are waiting.
        """
        return self._run(lambda: self._hasher.hash(normal(password)))

    def verify(self, password: str, stored: str) -> bool:
        """Tell whether ``password`` is the one that was stored.

        With nothing stored it takes as long and says no, so that nobody learns who has an account.

        Raises:
            BusyError: too many are waiting.
        """
        return self._run(lambda: self._verify(normal(password)[: LENGTH_MOST * 4], stored))

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()

    def _verify(self, password: str, stored: str) -> bool:
        if stored:
            return self._hasher.verify(password, stored)
        if not self._nobody:
            self._nobody = self._hasher.hash("nobody")
        self._hasher.verify(password, self._nobody)
        return False

    def _run(self, act: Callable[[], T]) -> T:
        if not self._places.acquire(blocking=False):
            raise BusyError("Too many people log in at once.", retry_after=3, code="login.busy")
        try:
            return self._threads.submit(act).result()
        finally:
            self._places.release()


@cache
def pool() -> HashPool:
    """Return the pool of this process."""
    return HashPool()


def normal(password: str) -> str:
    """Return a password as it is hashed: the same however a keyboard composes its letters."""
    return unicodedata.normalize("NFKC", password)


def check(password: str, mail: str, *, field: str = "password") -> None:
    """Refuse a password that is too short, widely used or the person's own address.

    Nothing else is asked of it: no digits, no symbols, no change after a time.

    Raises:
        FieldErrors: with all that is wrong.
    """
    text = normal(password)
    plain = text.casefold()
    own = mail.casefold()
    faults = []
    if not LENGTH_LEAST <= len(text) <= LENGTH_MOST:
        faults.append(f"A password has {LENGTH_LEAST} to {LENGTH_MOST} characters.")
    if plain in _COMMON or len(set(plain)) < 4 or _runs(plain):
        faults.append("This one is among the first that are tried; choose another.")
    if own and (plain in (own, own * 2) or plain.rstrip("0123456789!.") == own.partition("@")[0]):
        faults.append("It must not be your mail address.")
    if faults:
        raise FieldErrors([(field, said) for said in faults], next_step="Choose a longer phrase.")


def _runs(text: str) -> bool:
    """Tell whether a text is one run up or down the alphabet or the digits."""
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    return len(steps) == 1 and steps <= {-1, 0, 1}
