"""The registry's settings refuse what no registry could run or publish, and name the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.errors import ConfigurationError
from provenance_registry.app import build
from provenance_registry.settings import Settings
from tests.support.scene import OTHER, STEWARD

PEOPLE = {"KILNMARK_ADMIN": str(OTHER.address), "KILNMARK_STEWARD": str(STEWARD.address)}
NODES = "https://one.example/rpc  https://two.example\n"


def settings(folder: Path, **env: str) -> Settings:
    return Settings.from_env(PEOPLE | {"KILNMARK_DATA": str(folder)} | env)


def test_the_policy_that_is_published_names_the_nodes_and_how_many_must_agree(tmp_path: Path) -> None:
    registry = build(settings(tmp_path / "data", KILNMARK_NODES=NODES, KILNMARK_AGREEING="3"))
    policy = registry.services.policy
    registry.worker.start()
    registry.close()
    assert policy.nodes == ("http://127.0.0.1:8757/rpc", "https://one.example/rpc", "https://two.example")
    assert policy.agreeing == 3
    assert b'"agreeing":3' in policy.to_bytes()


def test_without_a_setting_the_policy_stays_as_it_was(tmp_path: Path) -> None:
    plain = settings(tmp_path)
    assert (plain.published_nodes, plain.agreeing) == (("http://127.0.0.1:8757/rpc",), 1)


@pytest.mark.parametrize(
    ("nodes", "agreeing", "says"),
    [
        ("", "2", "Of 1 different nodes 2 cannot agree"),
        (NODES, "4", "Of 3 different nodes 4 cannot agree"),
        ("https://one.example https://one.example", "3", "Of 2 different nodes 3 cannot agree"),
        (NODES, "0", "0 cannot agree"),
    ],
)
def test_no_more_nodes_can_agree_than_are_named(tmp_path: Path, nodes: str, agreeing: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        settings(tmp_path, KILNMARK_NODES=nodes, KILNMARK_AGREEING=agreeing)
    assert caught.value.hint == "Name more nodes, or let fewer agree, from 1 on."


@pytest.mark.parametrize("nodes", ["ftp://one.example", "one.example", " ".join(8 * ["https://one.example"])])
def test_nodes_that_no_policy_can_name_are_refused(tmp_path: Path, nodes: str) -> None:
    with pytest.raises(ConfigurationError, match="node"):
        settings(tmp_path, KILNMARK_NODES=nodes)


def test_a_password_is_not_published(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds a name or a password") as caught:
        settings(tmp_path, KILNMARK_NODES="https://guild:secret@node.example")
    assert "secret@" not in str(caught.value)


def test_a_process_that_never_sends_is_one_of_several(tmp_path: Path) -> None:
    alone = {"KILNMARK_WORKER": "off"}
    with pytest.raises(ConfigurationError, match="this one is alone"):
        settings(tmp_path, **alone)
    database = {"KILNMARK_DATABASE": "postgresql://localhost/x"}
    with pytest.raises(ConfigurationError, match="this one is alone"):
        settings(tmp_path, **alone, **database)
    ledger = {"KILNMARK_LEDGER": "https://node.example", "KILNMARK_CONTRACT": str(OTHER.address)}
    assert not settings(tmp_path, **alone, **database, **ledger).worker
    assert settings(tmp_path, **database, **ledger).worker
    with pytest.raises(ConfigurationError, match="on or off"):
        settings(tmp_path, KILNMARK_WORKER="no", **database, **ledger)
