"""Remember what an interrupted synthesis has made, and that one folder holds one recipe."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from forensics.corpus import MANIFEST, Sample, read_manifest
from forensics.errors import CorpusError
from forensics.storage.files import whole_lines, write_whole
from watermark import file_hash

RECIPE = "recipe.json"
JOURNAL = "made.jsonl"
"""Journal of the finished samples, one per line, used until the manifest can be written."""


def made_before(root: Path) -> dict[str, Sample]:
    """Return the samples that earlier runs made, by id: those of the manifest, and those of an interrupted run."""
    made = {sample.id: sample for sample in read_manifest(root)} if (root / MANIFEST).exists() else {}
    for line in whole_lines(root / JOURNAL):
        with suppress(CorpusError, UnicodeDecodeError):  # a damaged line stands for no sample, which is made again
            sample = Sample.from_json(line.decode())
            made[sample.id] = sample
    return made


def is_whole(root: Path, sample: Sample) -> bool:
    """Return whether the files of a sample exist in the corpus folder and are unchanged."""
    wanted = ((sample.path, sample.sha256), (sample.landmarks, sample.landmarks_sha256))
    has_mask = sample.mask is None or (root / sample.mask).is_file()
    return has_mask and all(
        relative is None or ((root / relative).is_file() and file_hash(root / relative) == sha256)
        for relative, sha256 in wanted
    )


def keep_recipe(root: Path, recipe: str) -> None:
    """Write the recipe of a corpus.

    Raises:
        CorpusError: The folder contains a corpus of another recipe.
    """
    path = root / RECIPE
    if path.exists() and path.read_text("utf-8") != recipe:
        raise CorpusError(f"{root} holds a corpus of another recipe ({path.name}); choose an empty folder", root)
    write_whole(path, lambda part: part.write_text(recipe, "utf-8"))
