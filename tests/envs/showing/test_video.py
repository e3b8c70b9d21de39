"""Frames to files: what other programs read back, and nothing half-written."""

import subprocess

import numpy as np
import pytest
from PIL import Image

from daedalus.core.errors import UserError
from daedalus.envs.showing.video import save


def shades(count, shape=(31, 45)):
    return (np.full((*shape, 3), 20 * i, dtype=np.uint8) for i in range(count))


def test_ffprobe_reads_the_video(tmp_path, program):
    assert save(tmp_path / "a.mp4", shades(7), fps=5) == 7
    asked = [program("ffprobe"), "-v", "error", "-count_frames", "-select_streams", "v:0", "-of", "csv=p=0"]
    asked += ["-show_entries", "stream=codec_name,width,height,avg_frame_rate,nb_read_frames", tmp_path / "a.mp4"]
    said = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    assert said == "h264,46,32,5/1,7", "sides are even"


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_animations_hold_every_frame(tmp_path, ending):
    save(tmp_path / f"a.{ending}", shades(4), fps=10)
    with Image.open(tmp_path / f"a.{ending}") as picture:
        assert picture.n_frames == 4
        assert picture.size == (45, 31)
        picture.seek(3)
        assert picture.convert("RGB").getpixel((9, 9)) == (60, 60, 60)


def test_a_still_is_the_first_frame(tmp_path):
    assert save(tmp_path / "a.png", shades(3), fps=1) == 1
    assert np.asarray(Image.open(tmp_path / "a.png")).shape == (31, 45, 3)


def test_frames_are_taken_as_they_are_written(tmp_path):
    """A long video is never held: when a frame is made, all but a few before it are gone."""
    import weakref

    alive: list[weakref.ref] = []

    def frames():
        for i in range(40):
            assert sum(one() is not None for one in alive) <= 4
            frame = np.full((16, 16, 3), i, dtype=np.uint8)
            alive.append(weakref.ref(frame))
            yield frame

    save(tmp_path / "a.mp4", frames(), fps=10)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.mpg", "unknown kind of picture '.mpg'"),
        ("a", "no ending"),
        ("no/a.png", "there is no folder"),
    ],
)
def test_bad_targets_are_told(tmp_path, name, message):
    with pytest.raises(UserError, match=message):
        save(tmp_path / name, shades(1), fps=1)


@pytest.mark.parametrize("ending", ["gif", "mp4"])
def test_nothing_half_written(tmp_path, ending):
    def broken():
        yield from shades(2)
        raise RuntimeError("the world ended")

    (tmp_path / f"a.{ending}").write_bytes(b"old")
    with pytest.raises(RuntimeError):
        save(tmp_path / f"a.{ending}", broken(), fps=1)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(f"a.{ending}", b"old")]


@pytest.mark.parametrize("words", ["exit 1", "cat > /dev/null; echo no room >&2; exit 1"])
def test_an_ffmpeg_that_fails_is_told(tmp_path, monkeypatch, words):
    fake = tmp_path / "ffmpeg"
    fake.write_text(f'#!/bin/sh\ncase "$*" in *-version*) echo ffmpeg version 7.0 ;; *) {words} ;; esac\n')
    fake.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(fake))
    with pytest.raises(UserError) as told:
        save(tmp_path / "a.mp4", shades(5, (400, 400)), fps=5)
    why = "no room" if "no room" in words else "exit status 1"
    assert str(told.value) == f"cannot write {tmp_path / 'a.mp4'}: ffmpeg failed: {why}"
    assert [path.name for path in tmp_path.iterdir()] == ["ffmpeg"]
