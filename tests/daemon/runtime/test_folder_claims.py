"""Tests of daemon/runtime/folder_claims.py."""

import subprocess
import sys
from pathlib import Path

from daemon.runtime.folder_claims import FolderClaims

CLAIM = """
import sys
from pathlib import Path
from daemon.runtime.folder_claims import FolderClaims
claims = FolderClaims()
print(claims.claim([Path(sys.argv[1])]))
"""


def claimed_elsewhere(folder: Path) -> bool:
    """Whether another process finds that a folder is claimed."""
    command = [sys.executable, "-c", CLAIM, str(folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    return answer.stdout.strip() != "[]"


def test_a_folder_is_claimed_by_one_process(tmp_path: Path) -> None:
    """Another is told so, also by another name of the folder; the same process may ask again."""
    (tmp_path / "in").mkdir()
    (tmp_path / "link").symlink_to("in")
    claims = FolderClaims()
    assert claims.claim([tmp_path / "in"]) == []
    assert claims.claim([tmp_path / "in"]) == []
    assert claimed_elsewhere(tmp_path / "in")
    assert claimed_elsewhere(tmp_path / "link")


def test_a_claim_ends_with_its_process(tmp_path: Path) -> None:
    """However it ends."""
    assert not claimed_elsewhere(tmp_path)
    assert not claimed_elsewhere(tmp_path)


def test_a_missing_folder_is_not_claimed(tmp_path: Path) -> None:
    """It may be a mount that is away."""
    assert FolderClaims().claim([tmp_path / "missing"]) == []
