"""A filter of system calls for the sandbox: what no student needs and what would pass its limits.

The limits of a process do not count memory files, System V shared memory or the memory of file
systems mounted in a new namespace, and each further process would have as much memory again, so
only threads can be started. The other calls here open parts of the kernel that a network of ours
never needs. Refused calls answer "not permitted", so honest programs go on.

Source: Linux, Documentation/userspace-api/seccomp_filter.rst; the numbers are the kernel's.
"""

from __future__ import annotations

import errno
import platform
import struct

# The machine: how the kernel names it, then its own numbers of the refused calls.
_NUMBERS = {
    "x86_64": (0xC000003E, {"clone": 56, "fork": 57, "vfork": 58, "shmget": 29, "semget": 64,
        "msgget": 68, "ptrace": 101, "pivot_root": 155, "mount": 165, "umount2": 166,
        "add_key": 248, "request_key": 249, "keyctl": 250, "unshare": 272,
        "perf_event_open": 298, "setns": 308, "process_vm_readv": 310,
        "process_vm_writev": 311, "memfd_create": 319, "bpf": 321, "userfaultfd": 323}),
    "aarch64": (0xC00000B7, {"clone": 220, "shmget": 194, "semget": 190, "msgget": 186,
        "ptrace": 117, "pivot_root": 41, "mount": 40, "umount2": 39, "add_key": 217,
        "request_key": 218, "keyctl": 219, "unshare": 97, "perf_event_open": 241, "setns": 268,
        "process_vm_readv": 270, "process_vm_writev": 271, "memfd_create": 279, "bpf": 280,
        "userfaultfd": 282}),
}  # fmt: skip
# Calls newer than 2019 have the same number everywhere.
_EVERYWHERE = {"io_uring_setup": 425, "open_tree": 428, "fsopen": 430, "memfd_secret": 447}
_CLONE3 = 435
_X32 = 0x40000000  # calls of x86_64's 32-bit variant carry this bit
_THREAD = 0x00010000  # flag of clone: in the same process

_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _HAS_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _MACHINE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in the kernel's struct seccomp_data


def program(machine: str = platform.machine()) -> bytes | None:
    """Return the filter for ``bwrap --seccomp``; None for a machine whose calls are not known.

    Examples
    --------
    >>> len(program("x86_64")) % 8
    0
    >>> program("pdp11") is None
    True
    """
    if machine not in _NUMBERS:
        return None
    name, numbers = _NUMBERS[machine]
    clone = numbers["clone"]
    refused = sorted({*numbers.values(), *_EVERYWHERE.values()} - {clone})

    def step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
        return struct.pack("=HBBI", code, if_true, if_false, value)

    steps = [
        step(_LOAD, _MACHINE),
        step(_EQUAL, name, if_true=1),
        step(_RETURN, _KILL),
        step(_LOAD, _NUMBER),
        step(_AT_LEAST, _X32, if_false=1),
        step(_RETURN, _KILL),
        # The flags of clone3 lie in memory that a filter cannot read: C libraries use clone then.
        step(_EQUAL, _CLONE3, if_false=1),
        step(_RETURN, _REFUSE | errno.ENOSYS),
    ]
    for number in refused:
        steps += [step(_EQUAL, number, if_false=1), step(_RETURN, _REFUSE | errno.EPERM)]
    steps += [
        step(_EQUAL, clone, if_false=3),
        step(_LOAD, _FIRST_ARGUMENT),
        step(_HAS_BIT, _THREAD, if_true=1),
        step(_RETURN, _REFUSE | errno.EPERM),
        step(_RETURN, _ALLOW),
    ]
    return b"".join(steps)
