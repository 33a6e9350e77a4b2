"""Oxford-IIIT Pets: the test split, and what is known of each breed.

Parkhi et al., "Cats and Dogs", 2012: robots.ox.ac.uk/~vgg/data/pets. Photos from Flickr, for research.
"""

import tarfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import httpx2

from tools.accuracy.download import DownloadError, fetch

ADDRESS = "https://www.robots.ox.ac.uk/~vgg/data/pets/data"
# MD5 digests, as torchvision's OxfordIIITPet has them.
_CHECKSUMS = {
    "images.tar.gz": "5c4f3ee8e5d25df40f4fd59a7f44e54c",
    "annotations.tar.gz": "95a8c909bbe2e81eed6a22bccdf3f68f",
}
# OpenAI's template for this data set: data/prompts.md in github.com/openai/CLIP.
TEMPLATE = "a photo of a {}, a type of pet."


@dataclass(frozen=True)
class Breed:
    """One breed. `coat` is None if the breed has several coats, or none."""

    words: str
    species: str
    source: str
    coat: str | None = None


BREEDS = {
    name: Breed(**fields)
    for name, fields in tomllib.loads(Path(__file__).with_name("breeds.toml").read_text(encoding="utf-8")).items()
}


@dataclass(frozen=True)
class Pets:
    """The downloaded archives. `breeds` maps the name of each picture in the test split to its breed."""

    images: Path
    breeds: dict[str, str]

    def pictures(self) -> Iterator[tuple[str, bytes]]:
        """Yield the name and the file of every picture of the test split, in the archive's order.

        Raises DownloadError if the archive is broken or incomplete.
        """
        missing = set(self.breeds)
        try:
            with tarfile.open(self.images, "r|gz") as archive:
                for member in archive:
                    name = PurePosixPath(member.name).stem
                    if (
                        member.name == f"images/{name}.jpg"
                        and name in missing
                        and (file := archive.extractfile(member))
                    ):
                        missing.remove(name)
                        yield name, file.read()
        except (tarfile.TarError, EOFError, OSError) as error:
            raise DownloadError(f"{self.images}: {error}. Delete the file and run the command again.") from error
        if missing:
            raise DownloadError(f"{self.images}: {len(missing)} pictures are missing, such as {min(missing)}")


def download(client: httpx2.Client, address: str, folder: Path, checksums: bool) -> Pets:
    """Return the data set, downloaded into `folder` if necessary.

    Raises DownloadError.
    """
    archives = {
        name: fetch(client, f"{address}/{name}", folder / name, md5 if checksums else None, progress=True)
        for name, md5 in _CHECKSUMS.items()
    }
    return Pets(archives["images.tar.gz"], _test_split(archives["annotations.tar.gz"]))


def _test_split(annotations: Path) -> dict[str, str]:
    """Return the breed of each picture in the test split: lines such as `Abyssinian_201 1 1 1`."""
    try:
        with tarfile.open(annotations, "r:gz") as archive:
            file = archive.extractfile("annotations/test.txt")
            lines = file.read().decode().splitlines() if file else []
        names = [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]
        breeds = {name: name.rpartition("_")[0] for name in names}
    except (tarfile.TarError, EOFError, OSError, KeyError, UnicodeDecodeError) as error:
        raise DownloadError(f"{annotations}: {error}. Delete the file and run the command again.") from error
    if unknown := set(breeds.values()) - set(BREEDS):
        raise DownloadError(f"{annotations}: unknown breed {min(unknown)}")
    return breeds
