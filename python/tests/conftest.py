from __future__ import annotations

from collections.abc import Iterator

import pytest
from fleet import Fleet, generate_stubs

GRANTS = """
grants:
  "python/*":
    lab.thermometer.v1.ThermometerService: [thermometer:read, thermometer:calibrate]
    lab.vision.v1.VisionService: [vision:look]
  "thermometer/*":
    lab.thermometer.v1.ThermometerService: [thermometer:read]
    lab.vision.v1.VisionService: [vision:look]
"""


@pytest.fixture(scope="session", autouse=True)
def stubs(tmp_path_factory: pytest.TempPathFactory) -> None:
    generate_stubs(tmp_path_factory.mktemp("stubs"))


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    running = Fleet(tmp_path_factory.mktemp("fleet"))
    try:
        running.grants(GRANTS)
        yield running
    finally:
        running.stop()
