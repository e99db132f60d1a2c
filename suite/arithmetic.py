"""One arithmetic on every machine: the instruction set that numbers are computed with is pinned.

Libraries choose their kernels by what the processor offers, and other kernels round differently.
With this environment every processor of the level x86-64-v3 (AVX2 and FMA, from 2013 on) takes the
same kernels, so that a run gives the same bits:

==========================================  =====================================================
variable                                    what it holds still
==========================================  =====================================================
OPENBLAS_CORETYPE=Haswell                   the OpenBLAS inside NumPy and inside SciPy: matrix
                                            products, decompositions, solvers
NPY_DISABLE_CPU_FEATURES=X86_V4 AVX512_...  NumPy's own loops: exp, log, sin, sums, sorting
ATEN_CPU_CAPABILITY=avx2                    torch's own loops (ATen): activations, sums, optimisers
ONEDNN_MAX_CPU_ISA=AVX2                     oneDNN inside torch: convolutions, some products
MKL_CBWR=COMPATIBLE                         MKL inside torch: products and decompositions. AVX2 is
                                            not enough: processors of other makers then take
                                            another path
NUMBA_CPU_NAME=haswell, NUMBA_CPU_FEATURES  what numba compiles for (MOCHA's inner loops)
OMP_NUM_THREADS=1 and its like              one thread: sums are not split (``suite.build``)
==========================================  =====================================================

glibc needs no variable: its exp, log and pow take their FMA variants on every such processor.
MKL's roots cannot be pinned: ``torch.sqrt`` and single-precision ``torch.linalg.cholesky`` refine
the processor's estimate of 1/sqrt(x), which differs between makers. The library does without them.
The variables act on a library when it is first imported, so they must be set before the process
starts: ``python -m suite.arithmetic COMMAND ...`` runs a command with them.
"""

import os
import sys
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
# The flags of x86-64-v3 as Linux names them ("abm" holds LZCNT)
LEVEL = {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"}
PUBLISHED, ANOTHER = "pinned to x86-64-v3", "not the published arithmetic"


def offered(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this processor offers the instructions that the pin asks for."""
    if not cpuinfo.is_file():  # no Linux: an ARM Mac, most likely
        return False
    lines = cpuinfo.read_text().splitlines()
    flags = next((line.split(":")[1] for line in lines if line.startswith("flags")), "")
    return set(flags.split()) >= LEVEL


def environment() -> dict[str, str]:
    """The variables to set for a process; none where the processor cannot follow them."""
    return dict(PIN) if offered() else {}


def described(variables, params: dict) -> str:
    """What a run computes with, as provenance records it.

    Parameters
    ----------
    variables : mapping
        The environment of its process.
    params : dict
        Its checked parameters: on a ``device`` other than the CPU the pin holds nothing.

    Returns
    -------
    str
        ``PUBLISHED`` or ``ANOTHER``.
    """
    pinned = all(variables.get(name) == value for name, value in PIN.items())
    on_cpu = params.get("device", "cpu") == "cpu"
    return PUBLISHED if pinned and on_cpu and offered() else ANOTHER


def main(command: list[str]) -> None:
    """Become ``command``, with the pin in its environment."""
    os.execvpe(command[0], command, {**os.environ, **environment()})


if __name__ == "__main__":
    main(sys.argv[1:])
