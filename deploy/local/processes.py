"""Child processes that never outlive us and never hold root's powers without need.

Every child is started through `setpriv` (util-linux, part of every Debian): it gets a death signal, so that even
SIGKILL of the supervisor leaves nothing behind, and a session of its own, so that Ctrl-C reaches the supervisor
alone, which then stops the children in order.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from shared.errors import SetupError

SYSTEM_USER = "bellwether"

# The death signal tells of deaths after it was armed; a starter killed in the milliseconds before is missed by it.
_ONLY_WHILE_STARTER_LIVES = 'test "$PPID" -eq "$0" && exec "$@"'


def is_root() -> bool:
    """Whether PostgreSQL would refuse to run as us."""
    return os.geteuid() == 0


def system_user() -> pwd.struct_passwd:
    """The system user that stands in for root; made when it is missing, as a server's package would.

    Raises SetupError when it cannot be made.
    """
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    made = subprocess.run(
        ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise SetupError(
            f"PostgreSQL refuses to run as root and the system user '{SYSTEM_USER}' cannot be made "
            f"({made.stderr.strip()}); run as an ordinary user instead"
        )
    return pwd.getpwnam(SYSTEM_USER)


def _traversal_capability() -> str:
    """The capability by which the system user may pass through directories that only root can enter.

    A checkout below /root (mode 0700) is the usual case on a fresh machine; changing the mode of somebody's home
    is not ours to do. Containers often lack dac_read_search but have dac_override.
    """
    bounding = 0
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapBnd:"):
            bounding = int(line.split()[1], 16)
    dac_override, dac_read_search = 1 << 1, 1 << 2
    if bounding & dac_read_search:
        return "dac_read_search"
    if bounding & dac_override:
        return "dac_override"
    raise SetupError("this root has no capability to pass on; run as an ordinary user instead")


def contained(argv: Sequence[str], *, as_system_user: bool) -> list[str]:
    """Command line that runs `argv` with a death signal and, if asked, as the system user instead of root."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise SetupError("setpriv is not installed; it comes with util-linux")
    prefix = [setpriv, "--pdeathsig", "TERM"]
    if as_system_user and is_root():
        user, capability = system_user(), _traversal_capability()
        prefix += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        prefix += [f"--inh-caps=-all,+{capability}", f"--ambient-caps=-all,+{capability}"]
    return [*prefix, "--", "sh", "-c", _ONLY_WHILE_STARTER_LIVES, str(os.getpid()), *argv]


def own(path: Path) -> None:
    """Make a private directory, the system user's when we are root."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    if is_root():
        user = system_user()
        os.chown(path, user.pw_uid, user.pw_gid)


def start(
    argv: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None, as_system_user: bool = False
) -> subprocess.Popen[bytes]:
    """Start `argv` in a session of its own, its output appended to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            contained(argv, as_system_user=as_system_user),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            start_new_session=True,
        )


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log, for a sentence about why a process died."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:]) if log.exists() else "(no log)"
