"""Where a PostgreSQL database is: what a URL says, and how much of it may be shown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict

from network.store.errors import StoreError

_SECRETS: Final = frozenset({"password", "sslpassword"})
_HOST_WITH_PORT: Final = re.compile(r"([^:/\[\]]+):(\d+)")


def parameters_of(url: str) -> Mapping[str, str]:
    """What libpq reads from a URL. Raises StoreError, which never quotes it: any part of it may be a password."""
    _, _, rest = url.partition(":")
    query = Counter(name for name, _ in parse_qsl(rest.partition("?")[2], keep_blank_values=True))
    if any(count > 1 for count in query.values()):
        raise StoreError(
            "The database's URL says something twice. Several hosts stand in one list: "
            "postgresql://hub@/coalition?host=db-1.example,db-2.example&port=5432,5432"
        )
    try:
        found = conninfo_to_dict(f"postgresql:{rest}")
    except psycopg.Error:
        raise StoreError(
            "The database's URL is none that PostgreSQL's own clients understand. Write it like "
            "postgresql://hub@db.example/coalition or, with a standby, "
            "postgresql://hub@db-1.example:5432,db-2.example:5432/coalition; special characters percent-encoded."
        ) from None
    return _with_ports_apart({name: str(value) for name, value in found.items() if value is not None})


def _with_ports_apart(parameters: dict[str, str]) -> dict[str, str]:
    """Hosts with their ports, as other drivers take them in a query, in two lists, as libpq does."""
    hosts = [_HOST_WITH_PORT.fullmatch(host) for host in parameters.get("host", "").split(",")]
    if "port" in parameters or not all(hosts):
        return parameters
    pairs = [host.groups() for host in hosts if host]
    return {**parameters, "host": ",".join(host for host, _ in pairs), "port": ",".join(port for _, port in pairs)}


def shown(parameters: Mapping[str, str]) -> str:
    """Who connects, to which database, where: what people may see, and nothing else of the URL."""
    query = {"service": parameters["service"]} if "service" in parameters else {}
    return _url(parameters, query)


def without_secrets(url: str) -> str:
    """The URL without passwords, to be written into a file."""
    parameters = parameters_of(url)
    if not _SECRETS & parameters.keys():
        return url
    told = {"user", "host", "port", "dbname", *_SECRETS}
    return _url(parameters, {name: value for name, value in parameters.items() if name not in told})


def _url(parameters: Mapping[str, str], query: Mapping[str, str]) -> str:
    user = f"{quote(parameters['user'], safe='')}@" if "user" in parameters else ""
    hosts, ports = (parameters.get(name, "").split(",") for name in ("host", "port"))
    if any("/" in host for host in hosts):
        # A folder of sockets has no place before the path.
        query = {"host": parameters["host"], **({"port": parameters["port"]} if "port" in parameters else {}), **query}
        hosts, ports = [""], [""]
    ports = ports * len(hosts) if len(ports) == 1 else ports
    hosts = [f"[{host}]" if ":" in host else host for host in hosts]
    where = ",".join(f"{host}:{port}" if port else host for host, port in zip(hosts, ports, strict=False))
    rest = f"?{urlencode(query, quote_via=quote)}" if query else ""
    return f"postgresql://{user}{where}/{quote(parameters.get('dbname', ''), safe='')}{rest}"
