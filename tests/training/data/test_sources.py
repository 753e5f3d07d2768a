"""Tests of training/data/sources.py: Places365 as torchvision lays it out, and tar shards."""

import gzip
import hashlib
import http.server
import shutil
import tarfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import webdataset
import yaml
from torchvision.datasets import Places365

from colorizer.errors import MediaError, SettingsError
from training.data.corpus import open_corpus
from training.data.samples import ShardBatches, batches_of
from training.data.sources import Places, Shards, open_source
from training.loop.trainer import train
from training.recipe import RunRecipe, load_colour_recipe

RECIPES = Path(__file__).parents[3] / "training" / "recipes"
CLASSES = ("/a/abbey", "/b/bakery/shop")


@pytest.fixture
def served(photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small Places365 on a local server, in archives with the real names and layout."""
    site, tree = tmp_path / "site", tmp_path / "tree"
    lists = {"categories_places365.txt": "".join(f"{name} {number}\n" for number, name in enumerate(CLASSES))}
    for split, folder in (("train_standard", "data_256"), ("val", "val_256")):
        lines = []
        for number in range(4):
            name = (
                f"{CLASSES[number % 2]}/{number:08}.jpg" if folder == "data_256" else f"Places365_val_{number:08}.jpg"
            )
            path = tree / folder / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(photographs / "val" / "people" / f"{number:03}.jpg", path)
            lines.append(f"{name} {number % 2}\n")
        lists[f"places365_{split}.txt"] = "".join(lines)
    site.mkdir()
    for name, text in lists.items():
        (tree / name).write_text(text)
    for archive, members in (
        ("filelist_places365-standard.tar", list(lists)),
        ("train_256_places365standard.tar", ["data_256"]),
        ("val_256.tar", ["val_256"]),
    ):
        with tarfile.open(site / archive, "w") as tar:
            for member in members:
                tar.add(tree / member, member)
    _expect_these(monkeypatch, site, tree)
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        monkeypatch.setattr(Places365, "_BASE_URL", f"http://127.0.0.1:{server.server_port}/")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield site
        server.shutdown()


def _expect_these(monkeypatch: pytest.MonkeyPatch, site: Path, tree: Path) -> None:
    """Replaces the checksums of the real archives and lists in torchvision by those of the small ones."""

    def checksum(name: str) -> str:
        return hashlib.md5(next(f for f in (site / name, tree / name) if f.is_file()).read_bytes()).hexdigest()  # noqa: S324

    category = Places365._CATEGORIES_META[0]  # noqa: SLF001
    monkeypatch.setattr(Places365, "_CATEGORIES_META", (category, checksum(category)))
    for table in ("_DEVKIT_META", "_FILE_LIST_META", "_IMAGES_META"):
        for key, (name, _) in getattr(Places365, table).items():
            if (site / name).is_file() or (tree / name).is_file():
                monkeypatch.setitem(getattr(Places365, table), key, (name, checksum(name)))


def test_places365_is_downloaded_once(served: Path, tmp_path: Path) -> None:
    """Both splits have their pictures and classes; what exists is not downloaded again."""
    root = tmp_path / "places365"
    root.mkdir()
    train = open_corpus(Places(places365=root), tmp_path / "cache", side=100, decoded=False)
    assert train.labels == ["a/abbey", "b/bakery/shop"] * 2
    assert train.picture(3).shape[:2] == (109, 100)
    shutil.rmtree(served)
    again = open_corpus(Places(places365=root), tmp_path / "cache2", side=100)
    assert [np.abs(again.picture(index) - train.picture(index)).max() for index in range(4)] == [0] * 4
    with pytest.raises(MediaError, match="cannot be downloaded"):
        open_corpus(Places(places365=root, split="val"), tmp_path / "cache", side=100)


def test_places365_that_was_not_extracted_to_the_end_is_refused(served: Path, tmp_path: Path) -> None:
    """The message names the folder to delete."""
    assert served.is_dir()
    place = Places(places365=tmp_path / "root", split="val")
    place.places365.mkdir()
    open_source(place)
    (place.places365 / "val_256" / "Places365_val_00000002.jpg").unlink()
    with pytest.raises(MediaError, match=r"root/val_256: .*00000002.jpg is missing; delete this folder"):
        open_source(place)


def test_the_validation_split_has_its_classes(served: Path, tmp_path: Path) -> None:
    """The classes are in the list only, because the pictures are in one folder."""
    assert served.is_dir()
    (tmp_path / "root").mkdir()
    corpus = open_corpus(Places(places365=tmp_path / "root", split="val"), tmp_path / "cache", side=64)
    assert corpus.kinds == ["val"]
    assert corpus.labels == ["a/abbey", "b/bakery/shop"] * 2


def test_the_papers_recipe_runs_on_places365(served: Path, tmp_path: Path) -> None:
    """Unchanged except for the number of steps, the batch and ImageNet's weights, which cannot be downloaded here."""
    assert served.is_dir()
    (tmp_path / "root").mkdir()
    paper = yaml.safe_load((RECIPES / "paper.yaml").read_text())
    for split in ("train", "validation"):
        paper["data"][split]["places365"] = str(tmp_path / "root")
    paper["data"] |= {"cache": str(tmp_path / "cache"), "workers": 1}
    paper["schedule"] |= {"steps": 1, "batch": 2}
    paper |= {"runs": str(tmp_path / "runs"), "encoder": {"start": None}, "sanity_steps": 0}
    (tmp_path / "paper.yaml").write_text(yaml.safe_dump(paper))
    folder = train(load_colour_recipe(tmp_path / "paper.yaml"))
    logged = next(folder.rglob("metrics.csv")).read_text()
    assert "part_of_grey/val" in logged


def test_links_are_followed_once(photographs: Path, tmp_path: Path) -> None:
    """Links to folders and files are followed, also when they form a cycle."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "animal").symlink_to(photographs / "val" / "animal")
    (tree / "circle").symlink_to(tree)
    (tree / "single.jpg").symlink_to(photographs / "val" / "people" / "000.jpg")
    corpus = open_corpus(tree, tmp_path / "cache", side=64)
    assert corpus.names == [f"animal/{number:03}.jpg" for number in range(4)] + ["single.jpg"]
    assert corpus.kinds == ["animal", "tree"]


def test_what_cannot_be_reached_is_counted(photographs: Path, tmp_path: Path) -> None:
    """Broken links to a photograph and to a kind, and a deleted file, are counted; the rest is used."""
    tree = shutil.copytree(photographs / "val", tmp_path / "tree")
    (tree / "people" / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tree / "buildings").symlink_to(tmp_path / "unmounted")
    corpus = open_corpus(tree, tmp_path / "cache", side=64)
    assert len(corpus) == 8
    assert corpus.rejected == {"unreadable": 2}
    source = open_source(tree)
    before = list(source.identity())
    (tree / "people" / "000.jpg").unlink()
    assert len(set(source.identity()) - set(before)) == 1


@pytest.fixture
def shards(photographs: Path, tmp_path: Path) -> Shards:
    """The training photographs in shards of six, written by webdataset, with a class for each."""
    with webdataset.ShardWriter(str(tmp_path / "part-%02d.tar"), maxcount=6, verbose=False) as writer:
        for path in sorted((photographs / "train").rglob("*.*")):
            key = str(path.relative_to(photographs / "train").with_suffix(""))
            label = f"class {path.stem[-1]}"
            writer.write({"__key__": key, path.suffix[1:]: path.read_bytes(), "cls": label.encode()})
    return Shards(shards=str(tmp_path / "part-{00..04}.tar"))


def test_shards_hold_the_same_photographs_as_the_tree(photographs: Path, shards: Shards, tmp_path: Path) -> None:
    """The same photographs are left out for the same reasons; the others are equal and have their classes."""
    tree = open_corpus(photographs / "train", tmp_path / "cache", side=64)
    corpus = open_corpus(shards, tmp_path / "cache", side=64)
    assert corpus.rejected == tree.rejected
    assert sorted(corpus.names) == sorted(tree.names)
    for index in (20, 3, 11, 0):
        assert np.array_equal(corpus.picture(index), tree.picture(tree.names.index(corpus.name(index))))
        assert corpus.labels[index] == f"class {Path(corpus.name(index)).stem[-1]}"
    [refused] = (tmp_path / "cache").glob("shards-*/rejected.csv")
    assert sorted(line.split(",")[0] for line in refused.read_text().split()) == [
        "people/broken.jpg",
        "people/grey.png",
        "people/tiny.png",
    ]


def test_a_loading_process_keeps_to_its_own_shards(shards: Shards, tmp_path: Path) -> None:
    """An epoch has all photographs, each process has its shards, and a resumed run has the same batches."""
    corpus = open_corpus(shards, tmp_path / "cache", side=64)
    assert corpus.shards is not None
    order = ShardBatches(corpus.shards, batch=2, steps=range(40), seed=1, lanes=2)
    batches = list(order)
    for lane in range(2):
        seen = [index for batch in batches[lane::2] for index, _ in batch]
        own = {int(corpus.shards[index]) for index in seen[:10]}
        assert len(own) < 4
    assert {index for batch in batches for index, _ in batch} == set(range(len(corpus)))
    resumed = ShardBatches(corpus.shards, batch=2, steps=range(7, 40), seed=1, lanes=2)
    assert list(resumed) == batches[7:]


def test_more_processes_than_shards_are_refused(shards: Shards, tmp_path: Path) -> None:
    """The message names the setting to change."""
    corpus = open_corpus(shards, tmp_path / "cache", side=64)
    recipe = RunRecipe.model_validate(
        {"name": "x", "data": {"train": "a", "validation": "b", "workers": 9}, "schedule": {"batch": 4}}
    )
    with pytest.raises(SettingsError, match=r"data\.workers"):
        batches_of(corpus, recipe, range(1))


def test_names_in_shards_may_hold_dots(photographs: Path, tmp_path: Path) -> None:
    """Names with dots keep their class, also at the top level of a shard."""
    picture = (photographs / "val" / "people" / "000.jpg").read_bytes()
    with webdataset.TarWriter(str(tmp_path / "a.tar")) as tar:
        tar.write({"__key__": "people/IMG.2020.01", "jpg": picture, "cls": b"one"})
        tar.write({"__key__": "./IMG.2020.02", "JPG": picture, "cls": b"two"})
    corpus = open_corpus(Shards(shards=str(tmp_path / "a.tar")), tmp_path / "cache", side=64)
    assert corpus.names == ["people/IMG.2020.01.jpg", "a/IMG.2020.02.JPG"]
    assert corpus.labels == ["one", "two"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("further", [0, 200], ids=["where a file ends", "in a header"])
def test_a_shard_that_is_cut_off_between_two_files_is_not_whole(
    photographs: Path, tmp_path: Path, further: int, pack: Callable[[bytes], bytes]
) -> None:
    """The module tarfile alone would accept it."""
    written = BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for name in "ab":
            end = tar.offset
            tar.add(photographs / "val" / "people" / "000.jpg", f"{name}.jpg")
    (tmp_path / "a.tar").write_bytes(pack(written.getvalue()[: end + further]))
    with pytest.raises(MediaError, match=r"a\.tar: this shard cannot be read: it ends after one of its files"):
        open_corpus(Shards(shards=str(tmp_path / "a.tar")), tmp_path / "cache", side=64)


def test_a_shard_that_cannot_be_read_is_named(shards: Shards, tmp_path: Path) -> None:
    """Whether the shard is damaged or missing; no cache is made of the others."""
    whole = (tmp_path / "part-03.tar").read_bytes()
    (tmp_path / "part-03.tar").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MediaError, match=r"^\S*part-03.tar: this shard cannot be read: [^\n]+$"):
        open_corpus(shards, tmp_path / "cache", side=64)
    (tmp_path / "part-03.tar").unlink()
    with pytest.raises(MediaError, match=r"^\S*part-03.tar: this shard cannot be read: [^\n]*No such file"):
        open_corpus(shards, tmp_path / "cache", side=64)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [".tintd-lock"]
