"""From frames to a file: a still picture, an animation, or a video written as it comes, in constant memory."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from daedalus.core.arrays import Pixels
from daedalus.core.errors import UserError, unknown

#: What can be written, by the file's ending.
STILLS, MOVING = (".png",), (".gif", ".webp", ".mp4")

_MOST_HELD = 2**29  # bytes of frames that a gif or webp may hold before it is written


def check_target(path: Path) -> None:
    """Refuse a file that cannot be written, before any frame is made. Raises `UserError`."""
    if path.suffix.lower() not in (*STILLS, *MOVING):
        known = (*STILLS, *MOVING)
        if not path.suffix:
            raise UserError(f"{path} has no ending that says what to write; known: {', '.join(known)}")
        raise unknown("kind of picture", path.suffix, known)
    if path.is_dir():
        raise UserError(f"{path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise UserError(f"there is no folder {path.parent} to write {path.name} in")


def save(path: Path, frames: Iterator[Pixels], fps: float) -> int:
    """Write frames, (H, W, 3) each, and return how many; a still is the first alone.

    The file appears when it is whole. Raises `UserError` as `check_target` does, and where the disk refuses.
    """
    check_target(path)
    first = next(frames)
    made = path.with_name(f".{path.stem}.part{path.suffix.lower()}")
    write = {".png": _still, ".mp4": _video}.get(path.suffix.lower(), _animation)
    try:
        count = write(made, chain([first], frames), fps)
        made.replace(path)
    except OSError as error:
        reason = error.strerror or str(error).strip().partition("\n")[0]
        raise UserError(f"cannot write {path}: {reason}") from error
    finally:
        made.unlink(missing_ok=True)
    return count


def _still(path: Path, frames: Iterator[Pixels], fps: float) -> int:
    from PIL import Image

    Image.fromarray(next(frames)).save(path, optimize=True)
    return 1


def _animation(path: Path, frames: Iterator[Pixels], fps: float) -> int:
    from PIL import Image

    held: list[Image.Image] = []
    for frame in frames:
        if (len(held) + 1) * frame.size // 3 > _MOST_HELD:
            raise UserError(f"{path.suffix[1:]} holds all frames in memory and these are too many; write an mp4")
        held.append(Image.fromarray(frame).quantize(256, dither=Image.Dither.NONE))
    if path.suffix == ".webp":
        held = [frame.convert("RGB") for frame in held]
    held[0].save(path, save_all=True, append_images=held[1:], duration=round(1000 / fps), loop=0, lossless=True)
    return len(held)


def _video(path: Path, frames: Iterator[Pixels], fps: float) -> int:
    """H.264 by ffmpeg. Raises `OSError` where it fails, which it may do at any frame or after the last."""
    first = next(frames)
    high, wide = first.shape[:2]
    even = ((0, high % 2), (0, wide % 2), (0, 0))  # H.264 halves both sides
    count = 0
    command = _encoder(path, wide + wide % 2, high + high % 2, fps)
    with (
        tempfile.TemporaryFile() as complaint,
        subprocess.Popen(command, stdin=subprocess.PIPE, stderr=complaint) as ffmpeg,
    ):
        assert ffmpeg.stdin is not None
        try:
            for frame in chain([first], frames):
                ffmpeg.stdin.write(np.pad(frame, even, mode="edge").tobytes())
                count += 1
            ffmpeg.stdin.close()
        except BrokenPipeError:  # it has died; it says why below
            with contextlib.suppress(BrokenPipeError):
                ffmpeg.stdin.close()
        except BaseException:
            ffmpeg.kill()
            with contextlib.suppress(BrokenPipeError):
                ffmpeg.stdin.close()
            raise
        if ffmpeg.wait():
            complaint.seek(0)
            said = complaint.read().decode(errors="replace").strip().partition("\n")[0]
            raise OSError(f"ffmpeg failed: {said or f'exit status {ffmpeg.returncode}'}")
    return count


def _encoder(path: Path, wide: int, high: int, fps: float) -> list[str]:
    import imageio_ffmpeg

    taken = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{wide}x{high}", "-r", str(fps), "-i", "-"]
    made = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "18", "-preset", "veryfast", "-movflags", "+faststart"]
    return [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", *taken, *made, str(path)]
