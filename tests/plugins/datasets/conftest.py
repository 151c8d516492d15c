"""What the tests of data sets share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.archives import unpack


@pytest.fixture(scope="session")
def signs(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs of traffic signs in class folders, below train and test; not to be changed."""
    folder = tmp_path_factory.mktemp("signs")
    unpack(real_data / "gtsrb15" / "gtsrb15.tar.gz", folder)
    return folder / "gtsrb15"


@pytest.fixture
def any_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    """torchvision takes every file for the genuine one."""
    from torchvision.datasets import utils

    monkeypatch.setattr(utils, "check_md5", lambda *_, **__: True)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.datasets import utils

    def unreachable(*_: object, **__: object) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.setattr(utils, "_urlretrieve", unreachable)
    monkeypatch.setattr(utils, "_get_redirect_url", lambda url, **_: url)
