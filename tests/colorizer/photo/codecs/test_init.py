"""Tests of colorizer/photo/codecs/__init__.py, in a process of its own: libvips is set up once in each."""

import subprocess
import sys
from pathlib import Path

from PIL import Image

_READ = """
import logging, sys
import colorizer.photo.codecs.vips
import pyvips

def read():
    return pyvips.Image.new_from_file(sys.argv[1], fail_on="none").avg()

class Reader(logging.Handler):
    def emit(self, record):
        read()

logging.getLogger("pyvips").addHandler(Reader())
print(read())
"""
"""Reads a picture again at each warning that reaches Python, as the garbage collection may then warn again."""

_OPEN = """
import sys
import colorizer.photo.codecs.vips
from PIL import Image

print(*Image.open(sys.argv[1]).size)
"""


def run(code: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a new process."""
    return subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)


def test_a_warning_of_libvips_calls_no_python_code(tmp_path: Path) -> None:
    """A warning within a warning would end the process; and none is printed."""
    path = tmp_path / "a.jpg"
    Image.new("L", (64, 64), 128).save(path)
    content = path.read_bytes()
    path.write_bytes(content[:200] + b"\xff\xd9" * 2 + content[200:])
    ended = run(_READ, path)
    assert ended.returncode == 0, ended.stderr
    assert float(ended.stdout) == 128
    assert not ended.stderr


def test_a_picture_may_be_larger_than_pillow_expects(tmp_path: Path) -> None:
    """Results of more than 179 megapixels are compared with their originals."""
    path = tmp_path / "a.jpg"
    Image.new("L", (64, 32), 128).save(path)
    small, large = ((height << 16 | width).to_bytes(4) for width, height in ((64, 32), (20000, 10000)))
    path.write_bytes(path.read_bytes().replace(small, large, 1))
    ended = run(_OPEN, path)
    assert ended.stdout.split() == ["20000", "10000"], ended.stderr
