"""What settlement.toml says about statements."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pypdf
import pytest

from settlement.config import ConfigError
from settlement.statements.pdf_file import pdf_file
from settlement.statements.tax import TaxRates
from tests.partner_sdk.test_statement import MOVED
from tests.settlement.statements.made_up import make
from tests.settlement.test_settings import configured


def test_sections_of_the_guide_are_read(tmp_path: Path) -> None:
    """Rates, words and a folder; nothing of it has to be set."""
    nothing = configured(tmp_path, "")
    assert (nothing.tax, nothing.fonts) == (TaxRates(), None)
    guide = (Path(__file__).parents[3] / "docs" / "settlement.md").read_text(encoding="utf-8")
    text = guide.split("\n## Statements\n")[1].split("```toml\n")[1].split("```")[0]
    (tmp_path / "fonts").mkdir()
    found = configured(tmp_path, text)
    assert found.tax == TaxRates(2_000, 750, "Reverse charge applies.")
    assert found.fonts == tmp_path / "fonts"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tax]\nissuance_bps = 10001\n", "issuance_bps must be a whole number from 0 to 10000, not 10001"),
        ("[tax]\nredemption_bps = 7.5\n", "redemption_bps must be a whole number"),
        ("[tax]\nissuance_bps = true\n", "issuance_bps must be a whole number"),
        ("[tax]\nnote = 3\n", "note must be text"),
        ("[tax]\nrate = 3\n", "there is no setting rate. Known: issuance_bps"),
        ("tax = 3\n", r"write \[tax\] and its settings below it"),
        ('[statements]\nfonts = "gone"\n', "fonts must name a folder with font files; 'gone' is none"),
        ("[statements]\nfonts = 1\n", "fonts must name a folder"),
    ],
)
def test_settings_that_cannot_work_are_named(tmp_path: Path, text: str, message: str) -> None:
    """The sentence names the file, the section and the setting."""
    with pytest.raises(ConfigError, match=f"settlement.toml.*{message}"):
        configured(tmp_path, text)


def test_fonts_of_the_operator_show_what_ours_lack(tmp_path: Path) -> None:
    """A name in another script is shown as it is written, once there is a font for it."""
    library = find_spec("matplotlib")
    assert library is not None
    assert library.origin is not None
    shutil.copy(Path(library.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf", tmp_path)
    made = make("shelter", MOVED)
    period = replace(made.figures.period, party_name="ⵜⵉⴼⵉⵏⴰⵖ لملجأ")
    statement = replace(made, figures=replace(made.figures, period=period))
    pages = {fonts: pdf_file(statement, b"{}", fonts) for fonts in (None, tmp_path)}
    titles = {fonts: pypdf.PdfReader(io.BytesIO(data)).metadata for fonts, data in pages.items()}
    shown = {fonts: found.title for fonts, found in titles.items() if found is not None}
    assert shown[None] == "Statement of ??????? لملجأ, window 3"
    assert shown[tmp_path] == "Statement of ⵜⵉⴼⵉⵏⴰⵖ لملجأ, window 3"
