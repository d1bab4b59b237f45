"""The page of faults that a server under the shim shares with its test: tests/fault/shim/page.h, member by member."""

import errno
import mmap
import os
import struct

MAGIC = 0x3167617074666162
BYTES = 4096
RULES = 4

WRITE, SYNC, TRUNCATE, NAME, SEND, THREAD, ANY = range(7)
CLASSES = ("write", "sync", "truncate", "name", "send", "thread", "any")
NOTHING, KILL_BEFORE, KILL_HALF, KILL_AFTER, ERROR = range(5)
HOWS = ("nothing", "before", "half", "after", "error")
POWER_STAYS, POWER_LOSES_ALL, POWER_LOSES_SOME = range(3)
FOREVER = 2**62

_CALLS = 1
_RULES_AT = _CALLS + len(CLASSES)
_NAMES = ("power", "power_seed", "sync_delay_ms", "clock_offset_ns", "killed_at", "killed_class", "lost_writes", "errors",
          "stalled_ns")
_MEMBERS_AT = _RULES_AT + 5 * RULES


class Page:
    """Attributes are members; `calls` and `rule` are the arrays."""

    def __init__(self, path):
        with open(path, "wb") as file:
            file.write(struct.pack("=q", MAGIC).ljust(BYTES, b"\0"))
        with open(path, "r+b") as file:
            object.__setattr__(self, "map", mmap.mmap(file.fileno(), BYTES))
        object.__setattr__(self, "path", path)

    def _get(self, place):
        return struct.unpack_from("=q", self.map, 8 * place)[0]

    def _set(self, place, value):
        struct.pack_into("=q", self.map, 8 * place, value)

    def __getattr__(self, name):
        if name not in _NAMES:
            raise AttributeError(name)
        return self._get(_MEMBERS_AT + _NAMES.index(name))

    def __setattr__(self, name, value):
        if name not in _NAMES:
            raise AttributeError(name)
        self._set(_MEMBERS_AT + _NAMES.index(name), value)

    def calls(self):
        """How many there were, by the name of their class."""
        return {name: self._get(_CALLS + i) for i, name in enumerate(CLASSES)}

    def reset(self):
        """As new, for the next start of a server."""
        self.map[8:BYTES] = bytes(BYTES - 8)

    def rule(self, number, how, kind=ANY, first=1, last=FOREVER, error=errno.EIO):
        """`how` to the calls first..last of a class, counted from the server's start."""
        at = _RULES_AT + 5 * number
        self._set(at, NOTHING)
        for i, value in enumerate((kind, first, last, error)):
            self._set(at + 1 + i, value)
        self._set(at, how)

    def kill(self, how, kind, number):
        self.rule(0, how, kind, number, number)

    def fail(self, kind, error, first=1, last=FOREVER, number=1):
        """From the first to the last call after now."""
        done = self._get(_CALLS + kind)
        self.rule(number, ERROR, kind, done + first, min(FOREVER, done + last), error)

    def heal(self):
        for number in range(RULES):
            self.rule(number, NOTHING)

    def environment(self, shim, data):
        return {"LD_PRELOAD": str(shim), "FAULT_PAGE": str(self.path), "FAULT_DATA": os.path.realpath(data)}

    def close(self):
        self.map.close()
