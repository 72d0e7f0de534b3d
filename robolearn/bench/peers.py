"""The peers' side of a benchmark: a script of ``benchmarks/peers`` run by the peers' own interpreter."""

from __future__ import annotations

from pathlib import Path

from robolearn.bench.sides import ROOT
from robolearn.errors import BenchError

SCRIPTS = ROOT / "benchmarks" / "peers"
ENVIRONMENT = ROOT / ".venv-peers"


def peer_words(script: str, environment: Path = ENVIRONMENT) -> list[str]:
    """Command that measures a peer in its virtual ``environment``. Raises BenchError if one is missing."""
    path, interpreter = SCRIPTS / script, environment / "bin" / "python"
    if not path.is_file():
        raise BenchError(f"there is no {path}: benchmarks run from a checkout of the sources, not from an installation")
    if not interpreter.is_file():
        raise BenchError(f"the peers are not installed: there is no {interpreter}. Install them with: make bench-peers")
    return [str(interpreter), str(path)]
