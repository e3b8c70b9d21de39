"""What models show: when, and what of it the store keeps."""

import io

import numpy as np
from PIL import Image

from daedalus.core.generating import Passage, Picture
from daedalus.core.lab.exhibits import exhibit_steps, exhibits_record
from daedalus.core.lab.experiment import Experiment, evaluation_steps
from daedalus.core.lab.store.run import block_at
from daedalus.core.lab.store.writer import BlockWriter
from daedalus.core.spec import Spec

PIXELS = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
SHOWN = [Picture("samples", "Samples", "four", PIXELS, False), Passage("words", "Words", "two", "to be\nor not")]


def test_a_model_shows_itself_more_often_early():
    assert sorted(exhibit_steps(evaluation_steps(1000))) == [0, 20, 100, 300, 1000]
    assert exhibit_steps([0, 1]) == {0, 1}


def test_what_is_shown_comes_back_from_the_store(tmp_path):
    experiment = Experiment(Spec("digits"), Spec("vae"), "vae", 1, 100)
    writer = BlockWriter(block_at(tmp_path, range(1)), experiment, "1")
    for step in (0, 100):
        writer.add(exhibits_record(0, step, SHOWN))
    writer.finish(None)
    table = block_at(tmp_path, range(1)).table("exhibits")
    assert table is not None
    rows = table.to_pylist()
    assert [(row["step"], row["name"], row["title"], row["note"]) for row in rows] == [
        (step, name, title, note)
        for step in (0, 100)
        for name, title, note in (("samples", "Samples", "four"), ("words", "Words", "two"))
    ]
    assert rows[1]["text"] == "to be\nor not"
    assert rows[1]["png"] == b""
    assert not rows[0]["pixelated"]
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(rows[0]["png"]))), PIXELS)
