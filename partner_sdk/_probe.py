"""Why no connection comes about: the address, the name, the network, or the certificate. Looked at without gRPC, whose
own texts are for programmers."""

from __future__ import annotations

import socket
import ssl

from partner_sdk._connection import check_address
from partner_sdk._steps import Diagnosis


def probe(address: str, tls_ca: bytes | None, server_name: str | None, timeout_s: float) -> Diagnosis:
    """Connect to `host:port` once, as TLS, and say what happened. Takes at most about `timeout_s` seconds."""
    host, port = check_address(address, "The address")
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as plain:
            return _handshake(plain, address, tls_ca, server_name or host)
    except socket.gaierror:
        return Diagnosis(
            f"The name {host} of {address} is unknown. Check the address, and this machine's network.", False
        )
    except ConnectionRefusedError:
        return Diagnosis(
            f"Nothing listens at {address}. Check the address and port, and whether the service runs.", False
        )
    except TimeoutError:
        return Diagnosis(f"{address} does not answer. Check the address, and firewalls in between.", False)
    except OSError as error:
        return Diagnosis(f"{address} cannot be reached: {error.strerror or error}.", False)


def _handshake(plain: socket.socket, address: str, tls_ca: bytes | None, name: str) -> Diagnosis:
    context = ssl.create_default_context(cadata=None if tls_ca is None else tls_ca.decode("ascii", "replace"))
    context.set_alpn_protocols(["h2"])
    try:
        with context.wrap_socket(plain, server_hostname=name) as secure:
            if secure.selected_alpn_protocol() != "h2":
                return Diagnosis(f"What listens at {address} does not speak HTTP/2: it is another service.", True)
    except ssl.SSLCertVerificationError as error:
        return Diagnosis(
            f"The certificate of {address} is not trusted: {error.verify_message.rstrip('.')}. Check tls_ca (the"
            f" operator hands it out) and that the certificate is for {name} (server_name, if it has another name).",
            True,
        )
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
        # So does a service that is just ending, and a balancer in front of one that is away.
        return Diagnosis(f"{address} hung up before the connection was made. Check whether the service runs.", False)
    except ssl.SSLError:
        return Diagnosis(f"What listens at {address} does not speak TLS: it is another service.", True)
    return Diagnosis(f"{address} is there and its certificate is right; the connection broke. Try again.", False)
