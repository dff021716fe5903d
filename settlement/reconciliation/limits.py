"""How much is taken in and used at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from settlement.settings import setting

MIB: Final = 1 << 20

#: Differences that are listed, sent and kept. Beyond that they are counted.
DIFFERENCES_MAX: Final = 100_000
#: How long a job may take.
JOB_S: Final = 900.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one reconciliation, and of all together: the section `reconciliation` of `settlement.toml`."""

    #: A file as it is sent.
    upload_mib: int = setting(256, 1, 4_096)
    #: All files that wait to be reconciled.
    uploads_mib: int = setting(2_048, 1, 1_048_576)
    rows: int = setting(5_000_000, 1, 50_000_000)
    columns: int = setting(256, 1, 16_384)
    #: Characters of a cell of a mapped column.
    cell_chars: int = setting(1_000, 64, 100_000)
    #: A workbook or Parquet file when it is unpacked.
    unpacked_mib: int = setting(2_048, 1, 65_536)
    #: How many times larger a workbook may become when it is unpacked. Spreadsheets come to 5 or 20.
    unpacked_ratio: int = setting(200, 10, 10_000)
    #: What matching may hold in memory before it goes to disk. A job as a whole may take several times as much.
    memory_mib: int = setting(1_024, 64, 1_048_576)
    threads: int = setting(2, 1, 64)
    #: Reconciliations at once; of one party there is one.
    jobs: int = setting(2, 1, 16)

    @property
    def unpacked_bytes(self) -> int:
        """`unpacked_mib` in bytes."""
        return self.unpacked_mib * MIB

    @property
    def memory_bytes(self) -> int:
        """`memory_mib` in bytes."""
        return self.memory_mib * MIB
