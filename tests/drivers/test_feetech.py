"""The driver of SO-101 arms keeps the rules of an arm, on a virtual bus that is a process of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drivers.clock import RealClock
from tests.contract.arm import ArmContract, ArmRig
from tests.drivers.so101_rig import Bench, virtual_so101


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with virtual_so101(tmp_path_factory.mktemp("so101")) as bench:
        yield bench


class TestFeetechArm(ArmContract):
    """An SO-101 at its start pose."""

    bench: Bench

    @pytest.fixture(autouse=True)
    def _on(self, bench: Bench) -> None:
        self.bench = bench

    def make(self) -> ArmRig:
        """A new driver of the one virtual arm."""
        return ArmRig(self.bench.fresh(), RealClock(), lambda: None)
