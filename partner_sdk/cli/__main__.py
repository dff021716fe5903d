"""`python -m partner_sdk.cli` is the `coalition` command."""

from __future__ import annotations

from partner_sdk.cli._main import main

if __name__ == "__main__":
    main(prog_name="coalition")
