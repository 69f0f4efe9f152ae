# SPDX-License-Identifier: Apache-2.0
"""Walls around the process that parses hostile bytes, put up before the first of them is read.

Each wall that stands is named; a wall the kernel refuses is named with ``no``, so that a report can
say what protected this run. Linux only: Landlock (no writing, reading only what is named), seccomp
(no programs, no sockets, no debugging), an empty network namespace, resource limits.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import stat
import struct
import sys
from collections.abc import Callable, Iterable

from steelyard.kernel.limits import Limits

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_LANDLOCK_READ = 1 << 2 | 1 << 3
_LANDLOCK_FILE_READ = 1 << 2
_LANDLOCK_RIGHTS = {1: 13, 2: 14, 3: 15}
"""Number of file-system rights by version of the Landlock interface."""

# Audit architecture and the numbers of the system calls that are refused: execve, execveat, socket,
# connect, bind, listen, ptrace, process_vm_readv, process_vm_writev, kexec_load, init_module, bpf,
# mount, keyctl, userfaultfd, io_uring_setup, kill, rt_sigqueueinfo, setns, unshare,
# open_by_handle_at, perf_event_open, finit_module, kexec_file_load; and, of one number everywhere,
# pidfd_send_signal, the newer mount calls, pidfd_open, pidfd_getfd.
_NEWER = (424, 428, 429, 430, 431, 432, 433, 434, 438)
_X32 = 0x40000000
"""Numbers from here on are the same calls under another name, on x86_64 kernels that have them."""
_SECCOMP = {
    "x86_64": (0xC000003E, (59, 322, 41, 42, 49, 50, 101, 310, 311, 246, 175, 321, 165, 250, 323,
                            425, 62, 129, 308, 272, 304, 298, 313, 320, *_NEWER)),
    "aarch64": (0xC00000B7, (221, 281, 198, 203, 200, 201, 117, 270, 271, 104, 105, 280, 40, 219,
                             282, 425, 129, 138, 268, 97, 265, 241, 273, 294, *_NEWER)),
}  # fmt: skip
_CPU_GRACE = 5
"""Seconds of CPU time between the signal and the end."""
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | 1, 0x80000000


def isolate(limits: Limits, roots: Iterable[str]) -> tuple[str, ...]:
    """Put up every wall this kernel offers and return their names, the refused ones with ``no``."""
    _limit(limits)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    privileges = libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    walls: list[tuple[str, Callable[[], bool]]] = [
        ("privilege-lock", lambda: privileges),
        ("network-namespace", lambda: _leave_network(libc)),
        ("landlock", lambda: _landlock(libc, roots)),
        ("seccomp", lambda: _seccomp(libc)),
    ]
    names = ["rlimits"]
    for name, build in walls:
        names.append(name if build() else f"no {name}")
    # Whoever asked may be killed without a chance to tell us; nobody reads the answer then.
    # Set last, because the kernel forgets it when a process changes its credentials.
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    return tuple(names)


def _limit(limits: Limits) -> None:
    for kind, value in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 256),
    ):
        _, hard = resource.getrlimit(kind)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        # At the softer limit of CPU time comes a signal of its own, at the hard one plain death.
        last = most + _CPU_GRACE if kind == resource.RLIMIT_CPU else most
        resource.setrlimit(
            kind, (most, last if hard == resource.RLIM_INFINITY else min(last, hard))
        )


def _leave_network(libc: ctypes.CDLL) -> bool:
    """Enter a network namespace of our own that has no interface up."""
    if os.geteuid() == 0 and libc.unshare(_CLONE_NEWNET) == 0:
        return True
    return bool(libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0)


def _landlock(libc: ctypes.CDLL, roots: Iterable[str]) -> bool:
    """Allow reading below ``roots`` and Python's own directories, and nothing else of files."""
    libc.syscall.restype = ctypes.c_long
    version = libc.syscall(_LANDLOCK_CREATE, None, 0, 1)
    if version < 1:
        return False
    rights = (1 << _LANDLOCK_RIGHTS.get(version, 15)) - 1
    attribute = ctypes.create_string_buffer(struct.pack("<Q", rights), 8)
    ruleset = libc.syscall(_LANDLOCK_CREATE, attribute, 8, 0)
    if ruleset < 0:
        return False
    try:
        for path in {*roots, *_python_directories()}:
            _allow_reading(libc, ruleset, path)
        return bool(libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _python_directories() -> set[str]:
    paths = {path for path in sys.path if path} | {sys.prefix, sys.base_prefix}
    return paths | {"/usr/lib", "/lib", "/lib64", "/usr/lib64", "/etc/ld.so.cache"}


def _allow_reading(libc: ctypes.CDLL, ruleset: int, path: str) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        access = _LANDLOCK_READ if folder else _LANDLOCK_FILE_READ
        rule = ctypes.create_string_buffer(struct.pack("<Qi", access, descriptor), 12)
        libc.syscall(_LANDLOCK_ADD, ruleset, 1, rule, 0)
    finally:
        os.close(descriptor)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def _seccomp(libc: ctypes.CDLL) -> bool:
    """Refuse the system calls that start programs, open sockets or reach other processes."""
    known = _SECCOMP.get(platform.machine())
    if known is None:
        return False
    architecture, refused = known
    code = _filter(architecture, refused)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(buffer))
    return bool(libc.prctl(_PR_SET_SECCOMP, 2, ctypes.byref(program), 0, 0) == 0)


def _filter(architecture: int, refused: tuple[int, ...]) -> bytes:
    """Return a classic BPF program: foreign architecture = killed, refused calls = EPERM."""
    load, equal, above, give = 0x20, 0x15, 0x35, 0x06
    rows = [
        (load, 0, 0, 4),
        (equal, 1, 0, architecture),
        (give, 0, 0, _KILL),
        (load, 0, 0, 0),
    ]
    rows.append((above, len(refused) + 1, 0, _X32))
    for index, number in enumerate(refused):
        rows.append((equal, len(refused) - index, 0, number))
    rows += [(give, 0, 0, _ALLOW), (give, 0, 0, _REFUSE)]
    return b"".join(struct.pack("<HBBI", *row) for row in rows)
