"""One arithmetic: the instruction set that every notebook computes with.

Libraries choose their kernels by what the processor offers, and networks amplify the last digit.
With the variables below, any x86-64-v3 processor gives the same bits. They must be set before the
first import, so they are part of the environment of every notebook's process.

- ``OPENBLAS_CORETYPE`` holds OpenBLAS, inside NumPy and inside SciPy.
- ``NPY_DISABLE_CPU_FEATURES`` holds NumPy's own dispatch: what lies beyond x86-64-v3 is off.
- ``ATEN_CPU_CAPABILITY`` holds ATen, torch's own operations.
- ``ONEDNN_MAX_CPU_ISA`` holds oneDNN, torch's convolutions.
- ``MKL_CBWR`` holds MKL, torch's matrix products. Its AVX2 is not enough: processors of another
  maker take another path.
- ``NUMBA_CPU_NAME`` and ``NUMBA_CPU_FEATURES`` hold numba's compiler.

Elsewhere (ARM, older x86, CUDA) a run says that its arithmetic is not the published one.
"""

import functools
import platform
from collections.abc import Mapping
from pathlib import Path

PIN = {
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_CBWR": "COMPATIBLE",
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+avx2,+fma",
}
# What the pin needs of a processor: the marks of x86-64-v3 in /proc/cpuinfo.
NEEDED = {"avx2", "fma", "bmi2"}
CPUINFO = Path("/proc/cpuinfo")

PINNED = "pinned"
OTHER = "not the published arithmetic"


def environment() -> dict[str, str]:
    """The pin as variables of a process; none on a processor that cannot hold it."""
    return dict(PIN) if _holds() else {}


def _holds() -> bool:
    """Whether this processor has the instructions of x86-64-v3."""
    return platform.machine() in ("x86_64", "AMD64") and _flags(CPUINFO) >= NEEDED


@functools.cache
def _flags(file: Path) -> frozenset[str]:
    """What the processor offers, of a file like /proc/cpuinfo; nothing without that file."""
    lines = file.read_text().splitlines() if file.is_file() else []
    flags = next((line for line in lines if line.startswith("flags")), "")
    return frozenset(flags.split())


def of_run(variables: Mapping[str, str], params: dict) -> str:
    """What a run computes with.

    Parameters
    ----------
    variables : mapping
        The environment of its process.
    params : dict
        Its checked parameters: with ``device`` "cuda" it is not the processor that computes.

    Returns
    -------
    str
        ``PINNED`` or ``OTHER``.
    """
    if params.get("device", "cpu") != "cpu" or not _holds():
        return OTHER
    held = all(variables.get(name) == value for name, value in PIN.items())
    return PINNED if held else OTHER
