"""OpenCV's reader of QR codes, where some Python on the machine has it: no dependency of the project.

The process that reads takes grey pictures from its standard input and answers with what it read, a line each.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from PIL import Image

_SCRIPT = """
import json, sys
import cv2, numpy
cv2.setNumThreads(1)
reader, source = cv2.QRCodeDetector(), sys.stdin.buffer
while line := source.readline():
    width, height = map(int, line.split())
    picture = numpy.frombuffer(source.read(width * height), numpy.uint8).reshape(height, width)
    try:
        text = reader.detectAndDecode(picture)[0]
    except (cv2.error, UnicodeDecodeError):
        text = ""
    print(json.dumps(text), flush=True)
"""


class SecondReader:
    """OpenCV in a process of its own."""

    def __init__(self, python: Path) -> None:
        self._process = subprocess.Popen([str(python), "-c", _SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def read(self, picture: Image.Image) -> str:
        """Return what the code on a grey picture says, or nothing."""
        source, answers = self._process.stdin, self._process.stdout
        assert source is not None
        assert answers is not None
        source.write(b"%d %d\n" % picture.size + picture.tobytes())
        source.flush()
        return str(json.loads(answers.readline()))

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def second_reader(python: Path | None = None) -> SecondReader | None:
    """Start OpenCV in the Python that has it, this one by default; nothing, and a line that says so, without."""
    python = python or Path(sys.executable)
    test = subprocess.run([str(python), "-c", "import cv2, numpy"], check=False, capture_output=True)
    if test.returncode != 0:
        print(f"NOT READ by OpenCV: {python} has no cv2; name one that has by --opencv.", file=sys.stderr)
        return None
    return SecondReader(python)
