"""The energy of stretches of a program.

    import isojoule

    with isojoule.session():
        with isojoule.window("preprocess") as w:
            ...
        print(w.energy_j, w.energy_u_j, w.duration_s)

Under `isojoule measure -- python3 program.py` the same windows stand in its report; a session is then
that one. Where nobody measures, all of it does nothing, and costs next to nothing.

A number that was not measured is None, and `reason` says why. docs/api.md has the whole.
"""
import functools
import inspect
import math
import sys
import time

try:
    from . import _isojoule
except ImportError as error:
    raise ImportError(
        "isojoule: its compiled part, _isojoule, is not there or not for Python "
        f"{sys.version_info.major}.{sys.version_info.minor} ({error}). It is built with isojoule where "
        "pybind11 and Python's headers are (Debian: pybind11-dev, python3-dev).") from error

__all__ = ["NotMeasured", "Result", "batch", "energy_of", "listener", "mark", "note", "phase",
           "reason", "session", "window"]

_LISTENERS = {_isojoule.NOBODY: "nobody", _isojoule.MEASURE: "measure", _isojoule.ALONE: "alone"}


class NotMeasured(RuntimeError):
    """Nobody measures, and a session was asked for that must."""


def listener():
    """Who measures: "nobody", "measure" (isojoule measure) or "alone" (a sampler of our own)."""
    return _LISTENERS[_isojoule.listener()]


def reason():
    """Why nobody measures, or why an answer did not come; "" where nothing is wrong."""
    return _isojoule.reason()


def mark(name):
    """A moment with a name."""
    return bool(_isojoule.mark(name))


def note(key, value):
    """About the run, for people: note("engine", "ours 1.2")."""
    return bool(_isojoule.note(str(key), str(value)))


class Result:
    """What something cost. Uncertainties are standard uncertainties (k = 1)."""

    __slots__ = ("energy_j", "energy_u_j", "net_energy_j", "net_energy_u_j", "duration_s", "count",
                 "overlapping", "simulated", "counters", "reason")

    def __init__(self, fields):
        for name in self.__slots__:
            setattr(self, name, fields[name])

    @property
    def mean_power_w(self):
        if self.energy_j is None or not self.duration_s:
            return None
        return self.energy_j / self.duration_s

    def __bool__(self):
        return self.energy_j is not None

    def __repr__(self):
        if self.energy_j is None:
            return f"<isojoule.Result absent: {self.reason}>"
        return f"<isojoule.Result {self.energy_j:.6g} J ± {2 * self.energy_u_j:.2g} J (k = 2)>"


def energy_of(name):
    """All windows of a name that have ended, together. Waits for the readings."""
    return Result(_isojoule.name_energy(name))


class _Scope:
    """Something with begin() and end(), for `with` and as a decorator of functions."""

    def __enter__(self):
        self.begin()
        return self

    def __exit__(self, *_):
        self.end()

    def _again(self):
        """What the next call of a decorated function is."""
        return self

    def __call__(self, function):
        # The call of a coroutine or a generator only makes it: what it does comes later.
        if inspect.isasyncgenfunction(function):
            raise TypeError("an asynchronous generator cannot be decorated: use `with` in its body")
        if inspect.iscoroutinefunction(function):

            async def wrapped(*arguments, **named):
                with self._again():
                    return await function(*arguments, **named)
        elif inspect.isgeneratorfunction(function):

            def wrapped(*arguments, **named):
                with self._again():
                    return (yield from function(*arguments, **named))
        else:

            def wrapped(*arguments, **named):
                with self._again():
                    return function(*arguments, **named)

        return functools.wraps(function)(wrapped)


class window(_Scope):
    """A stretch of time with a name. One object is one window; as a decorator every call is one.

    The first look at what it cost waits for the readings that tell of its end.
    """

    def __init__(self, name):
        self.name = name
        self.id = 0
        self._begin_ns = self._end_ns = None
        self._result = None

    def _again(self):
        return window(self.name)

    def begin(self):
        if self._begin_ns is not None:
            raise ValueError(f"window {self.name!r} was begun before; make another one")
        begin_ns = time.monotonic_ns()
        self.id = _isojoule.window_begin(self.name)
        self._begin_ns = begin_ns
        return self

    def end(self):
        if self._begin_ns is None:
            raise ValueError(f"window {self.name!r} was not begun")
        if self._end_ns is None:
            _isojoule.window_end(self.id)
            self._end_ns = time.monotonic_ns()

    def _need_end(self):
        if self._end_ns is None:
            raise ValueError(f"window {self.name!r} has not ended")

    @property
    def result(self):
        self._need_end()
        if self._result is None:
            self._result = Result(_isojoule.window_energy(self.id))
        return self._result

    @property
    def duration_s(self):
        """By our own clock: there even where nobody measures."""
        self._need_end()
        return (self._end_ns - self._begin_ns) * 1e-9

    energy_j = property(lambda self: self.result.energy_j)
    energy_u_j = property(lambda self: self.result.energy_u_j)
    net_energy_j = property(lambda self: self.result.net_energy_j)
    net_energy_u_j = property(lambda self: self.result.net_energy_u_j)
    counters = property(lambda self: self.result.counters)
    reason = property(lambda self: self.result.reason)


class phase(_Scope):
    """A phase of the run: load, warm_up, inference, ... (docs/engines/command.md)."""

    def __init__(self, name):
        self.name = name

    def begin(self):
        _isojoule.phase_begin(self.name)

    def end(self):
        _isojoule.phase_end(self.name)


class batch(_Scope):
    """One batch of the inference phase."""

    def begin(self):
        _isojoule.batch_begin()

    def end(self):
        _isojoule.batch_end()


def _nanoseconds(name, seconds):
    if not (math.isfinite(seconds) and 0 <= seconds < 9e9):
        raise ValueError(f"{name} is {seconds!r}: no number of seconds")
    return math.ceil(seconds * 1e9)


class session:
    """Measures this process from here to the end of the `with`.

    period_s: between two readings (0.1). idle_s: first measure the board without load for so long;
    net energies need it. report: a JSON file at the end. required: raise NotMeasured where nobody
    measures. The others are those of isojoule.h. One session a process: where there is one already
    (of `isojoule measure`, ISOJOULE=1, or a caller) it is that one, and goes on afterwards.
    """

    def __init__(self, period_s=0.0, idle_s=0.0, report=None, sysroot=None, program=None,
                 timeout_s=0.0, required=False):
        self._options = (_nanoseconds("period_s", period_s), _nanoseconds("idle_s", idle_s),
                         _nanoseconds("timeout_s", timeout_s), program and str(program),
                         sysroot and str(sysroot), report and str(report))
        self._required = required
        self._is_ours = False
        self._result = None
        self.listener = "nobody"

    def begin(self):
        was_there = listener() != "nobody"
        self.listener = _LISTENERS[_isojoule.session_begin(*self._options)]
        self._is_ours = not was_there and self.listener != "measure"
        if self._required and self.listener == "nobody":
            raise NotMeasured(reason())
        return self

    def end(self):
        if self._result is None and self._is_ours:
            self._result = Result(_isojoule.session_end())
        return self._result

    def __enter__(self):
        return self.begin()

    def __exit__(self, *_):
        self.end()

    @property
    def result(self):
        """What all of it cost, once it has ended; None where it was part of another one."""
        return self._result


# Under `isojoule measure`, or with ISOJOULE=1: from here on.
_isojoule.open()
