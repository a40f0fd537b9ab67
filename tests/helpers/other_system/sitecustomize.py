"""Lets Python be as on Windows or macOS for this project: what only Linux has is not there.

Libraries see the system as it is, since they have a way of their own for each. A file that is read or written
without an encoding, which would be another one there, is an error.
"""

import builtins
import os
import signal
import types
import warnings

OWN = ("sim", "conf", "experiments", "analysis")
NOT_THERE = ("fcntl", "resource", "pwd", "grp", "termios", "posix")
LESS = {
    os: ("sysconf", "sched_getaffinity", "uname", "getuid", "geteuid", "O_DIRECTORY", "fork", "killpg"),
    signal: (
        "SIGALRM", "SIGHUP", "SIGKILL", "ITIMER_REAL", "SIG_BLOCK", "SIG_SETMASK",
        "alarm", "setitimer", "pthread_sigmask", "pthread_kill", "sigwait",
    ),
}  # fmt: skip


def without(module, names):
    less = types.ModuleType(module.__name__)
    vars(less).update({name: value for name, value in vars(module).items() if name not in names})
    return less


less = {module.__name__: without(module, names) for module, names in LESS.items()}
whole = builtins.__import__


def limited(name, globals=None, *given, **named):
    own = ((globals or {}).get("__name__") or "").partition(".")[0] in OWN
    if own and name in NOT_THERE:
        raise ImportError(f"there is no {name} on this system")
    module = whole(name, globals, *given, **named)
    return less.get(name, module) if own else module


builtins.__import__ = limited
warnings.filterwarnings("ignore", category=EncodingWarning)
warnings.filterwarnings("error", category=EncodingWarning, module=rf"({'|'.join(OWN)})(\.|$)")
