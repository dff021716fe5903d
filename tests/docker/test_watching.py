"""What watches the network fits it: Prometheus asks those who answer for what they tell, and people know what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from coalition.v1.journal_pb2 import StreamEntriesRequest
from settlement.metrics import Metrics, MetricsServer, Watched
from tests.docker.expressions import alerts_of, dashboard_expressions, used_in
from tests.network.conftest import AUDITOR, RunningHub, running_hub
from tests.scraping import Scraped, seen
from tests.settlement.office import Office

ROOT = Path(__file__).parent.parent.parent
DOCKER = ROOT / "docker"
DASHBOARD = DOCKER / "grafana" / "dashboards" / "coalition.json"
ALERTS = DOCKER / "prometheus" / "alerts.yml"
SCRAPING: dict[str, Any] = yaml.safe_load((DOCKER / "prometheus" / "prometheus.yml").read_text())
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.postgresql.yaml").read_text())
GUIDE = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
EXPRESSIONS = [
    *dashboard_expressions(DASHBOARD),
    *((alert["alert"], alert["expr"]) for alert in alerts_of(ALERTS)),
]
#: Of Prometheus itself.
OF_PROMETHEUS = {"up"}


class Told:
    """All that a hub and a settlement service tell: names, and the labels of each."""

    def __init__(self, *answers: Scraped) -> None:
        self.labels: dict[str, frozenset[str]] = {}
        for answer in answers:
            self.labels |= answer.label_names()

    @property
    def own(self) -> set[str]:
        """Names of this project's metrics, as the guide has them: a spread by the name of the whole."""
        return {re.sub(r"_(bucket|count|sum)$", "", name) for name in self.labels if name.startswith("coalition_")}


def busy(hub: RunningHub) -> Scraped:
    """What a hub tells after business of every sort, while somebody follows its journal."""
    town = hub.town
    hub.submit("grocer", town.enrol("anna"), town.issue("anna", 10), town.redeem("anna", "grocer", 1_000))
    request = StreamEntriesRequest(from_sequence=1, follow=True)
    stream = hub.journal.StreamEntries(request, metadata=hub.token(AUDITOR))
    next(stream)
    try:
        return seen(hub)
    finally:
        stream.cancel()


def clearing(folder: Path) -> Scraped:
    """What a settlement service tells that has a window to settle."""

    class Service(Office):
        metrics_address: str | None = None

    office = Service(folder)
    office.business(1_000_000)
    watched = Watched(office.database, office.intake, lambda: 0, datetime(2030, 1, 1, tzinfo=UTC))
    server = MetricsServer("localhost:0", Metrics(watched).registry)
    office.metrics_address = server.address
    try:
        return seen(office)
    finally:
        server.close()
        office.database.close()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """By a running hub and a running settlement service."""
    folder = tmp_path_factory.mktemp("told")
    with running_hub(folder / "hub", metrics="localhost:0") as hub:
        yield Told(busy(hub), clearing(folder))


@pytest.mark.parametrize(("where", "expression"), EXPRESSIONS, ids=[where for where, _ in EXPRESSIONS])
def test_expression_asks_for_what_is_told(told: Told, where: str, expression: str) -> None:
    """Every metric of the dashboard and of the alerts is exported, with the labels that the expression counts on."""
    for used in used_in(where, expression):
        if used.metric in OF_PROMETHEUS:
            continue
        assert used.metric in told.labels
        assert used.labels <= told.labels[used.metric]


def test_guide_explains_every_metric(told: Told) -> None:
    """The table in docs/operators.md has exactly the metrics that are exported."""
    first_cells = re.findall(r"^\| (`coalition_[^|]*)\|", GUIDE, re.MULTILINE)
    assert set(re.findall(r"coalition_\w+", " ".join(first_cells))) == told.own


def test_guide_says_what_to_do_about_every_alert() -> None:
    """Each alert has a row in docs/operators.md, and there are no others."""
    alerts = list(alerts_of(ALERTS))
    section = GUIDE.split("### Alerts", 1)[1].split("\n### ", 1)[0]
    assert set(re.findall(r"`([A-Z]\w+)`", section)) == {alert["alert"] for alert in alerts}
    assert {alert["labels"]["severity"] for alert in alerts} == {"page", "ticket"}
    assert all(alert["annotations"]["summary"] for alert in alerts)


def option(service: dict[str, Any], name: str) -> str:
    """The value of an option on a service's command line; empty where it has none."""
    values = [text.removeprefix(f"--{name}=") for text in service.get("command", ()) if text.startswith(f"--{name}=")]
    return values[0] if values else ""


def answering() -> Iterator[tuple[str, str, str]]:
    """Job, target and process of everything in the compose file that has a port for metrics."""
    for name, service in COMPOSE["services"].items():
        port = option(service, "metrics").rpartition(":")[2]
        if not port:
            continue
        if service["command"][0] == "settlement":
            yield "settlement", f"{name}:{port}", ""
            continue
        yield "hub", f"{name}:{port}", "writer"
        for worker in range(int(option(service, "workers"))):
            yield "hub", f"{name}:{int(port) + 1 + worker}", "front"


def test_prometheus_asks_those_who_answer() -> None:
    """The targets are all processes that have a port for metrics, each once, with the labels that the alerts need."""
    asked = [
        (job["job_name"], target, config.get("labels", {}))
        for job in SCRAPING["scrape_configs"]
        for config in job["static_configs"]
        for target in config["targets"]
    ]
    (proxy_port,) = re.findall(r"frontend metrics\n  bind :(\d+)", (DOCKER / "haproxy.cfg").read_text())
    expected = [*answering(), ("proxy", f"hub:{proxy_port}", "")]
    assert sorted((job, target, labels.get("process", "")) for job, target, labels in asked) == sorted(expected)
    assert all(labels["hub"] == target.partition(":")[0] for job, target, labels in asked if job == "hub")


def test_proxy_knows_every_hub() -> None:
    """Behind the common name are the services that serve the hub's port, at that port."""
    config = (DOCKER / "haproxy.cfg").read_text()
    hubs = {name for name, service in COMPOSE["services"].items() if "serve" in service.get("command", ())}
    servers = dict(re.findall(r"^  server (\S+) (\S+)$", config, re.MULTILINE))
    assert servers == {name: f"{name}:7700" for name in hubs - {"settlement"}}
    assert "bind :7700" in config


def test_files_lie_where_they_are_looked_for() -> None:
    """What Prometheus and Grafana read is mounted where their settings say."""
    mounted = {
        service: {item["target"]: COMPOSE["configs"][item["source"]]["file"] for item in definition["configs"]}
        for service, definition in COMPOSE["services"].items()
        if "configs" in definition
    }
    assert set(SCRAPING["rule_files"]) <= mounted["prometheus"].keys()
    provider = yaml.safe_load((DOCKER / "grafana" / "provisioning" / "dashboards.yaml").read_text())["providers"][0]
    source = yaml.safe_load((DOCKER / "grafana" / "provisioning" / "datasource.yaml").read_text())["datasources"][0]
    dashboards = {target for target in mounted["grafana"] if target.endswith(".json")}
    assert {str(Path(target).parent) for target in dashboards} == {provider["options"]["path"]}
    assert source["url"] == "http://prometheus:9090"
    assert f'"uid": "{source["uid"]}"' in DASHBOARD.read_text()
    for files in mounted.values():
        assert all((DOCKER / file).is_file() for file in files.values())
