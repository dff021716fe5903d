"""A server of the hub's kind that checks an envelope's signature and does nothing else: what Python, gRPC, TLS and
Ed25519 leave room for at most. `python -m benchmarks.verify_only --tls DIR --ready-file FILE [--answer FILE]`

With `--answer` every envelope gets the same bytes, an answer that a hub once gave. Without, each gets a receipt that
the SDK accepts, over outcomes that nobody decided.
"""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast

import click
import grpc

from benchmarks.town import NETWORK_ID, PARTNERS, key_of
from coalition import dsse
from coalition.clock import system_clock
from coalition.envelope import ENVELOPE_BYTES_MAX, envelope_digest
from coalition.keys import verify
from coalition.receipt import make_receipt
from coalition.tls import load_server_tls
from coalition.v1 import outcome_pb2, transaction_pb2
from coalition.v1.envelope_pb2 import EnvelopeHeader, SignedEnvelope
from coalition.v1.journal_pb2 import Receipt
from coalition.v1.ledger_service_pb2 import SubmitRequest, SubmitResponse
from coalition.v1.outcome_pb2 import Allocation, Balance, Original, Outcome
from coalition.v1.transaction_pb2 import Transaction
from coalition.wire import encode

Context = grpc.aio.ServicerContext[Any, Any]
Answer = Callable[[SignedEnvelope], SubmitResponse]

_SERVICE: Final = "coalition.v1.LedgerService"
_OPTIONS: Final = (("grpc.max_receive_message_length", 2 * ENVELOPE_BYTES_MAX), ("grpc.so_reuseport", 0))


def handlers(answer: Answer) -> grpc.GenericRpcHandler:
    """Submit alone: decodes, verifies, answers."""

    async def submit(request: SubmitRequest, context: Context) -> SubmitResponse:
        envelope = SignedEnvelope.FromString(request.envelope)
        assert verify(envelope.signatures[0], dsse.ENVELOPE_HEADER, envelope.header), "the signature is right"
        return answer(envelope)

    method = grpc.unary_unary_rpc_method_handler(
        cast(Any, submit), SubmitRequest.FromString, SubmitResponse.SerializeToString
    )
    return grpc.method_handlers_generic_handler(_SERVICE, {"Submit": method})


def canned(path: Path) -> Answer:
    """Always the same."""
    response = SubmitResponse.FromString(path.read_bytes())
    return lambda _: response


def made_up(envelope: SignedEnvelope) -> SubmitResponse:
    """As large as a hub's, and signed like it."""
    transactions = [Transaction.FromString(raw) for raw in envelope.transactions]
    outcomes = [encode(_outcome(number, transaction)) for number, transaction in enumerate(transactions, start=1)]
    receipt = Receipt(
        network_id=NETWORK_ID,
        envelope_digest=envelope_digest(envelope.header),
        first_sequence=1,
        committed_us=EnvelopeHeader.FromString(envelope.header).created_us,
        log_size=len(outcomes),
        log_root=bytes(32),
    )
    return SubmitResponse(receipt=make_receipt(receipt, outcomes, key_of("hub")), outcomes=outcomes)


def _outcome(number: int, transaction: Transaction) -> Outcome:
    reversed_issue = Original(kind=transaction_pb2.TRANSACTION_KIND_ISSUE, sequence=number, committed_us=system_clock())
    return Outcome(
        transaction_id=transaction.transaction_id,
        sequence=number,
        committed_us=system_clock(),
        status=outcome_pb2.OUTCOME_STATUS_ACCEPTED,
        allocations=[Allocation(issuer=PARTNERS[0], expires_on="2030-01-31", points=50)],
        balance=Balance(holder_id="a" * 20, available_points=1_000),
        original=reversed_issue if transaction.HasField("reverse") else None,
    )


async def _serve(tls: Path, ready_file: Path, answer: Answer) -> None:
    server = grpc.aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers((handlers(answer),))
    files = load_server_tls(tls)
    port = server.add_secure_port("localhost:0", grpc.ssl_server_credentials([(files.key, files.certificate)]))
    await server.start()
    gc.collect()
    gc.freeze()
    fresh = ready_file.with_name(ready_file.name + ".new")
    fresh.write_text(f"localhost:{port}\n", encoding="utf-8")
    fresh.replace(ready_file)
    asked_to_stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked_to_stop.set)
    await asked_to_stop.wait()
    await server.stop(None)


@click.command()
@click.option("--tls", type=click.Path(path_type=Path), required=True)
@click.option("--ready-file", type=click.Path(path_type=Path), required=True)
@click.option("--answer", type=click.Path(path_type=Path))
def main(tls: Path, ready_file: Path, answer: Path | None) -> None:
    """Serve until SIGTERM."""
    asyncio.run(_serve(tls, ready_file, made_up if answer is None else canned(answer)))


if __name__ == "__main__":
    main()
