"""The report page: everything that was found is in it, and it needs nothing from anywhere."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from media_pipeline.report.html import Links, render_report, write_report
from media_pipeline.stages.beats import Tracked
from media_pipeline.stages.chorus import Segment, Segments
from media_pipeline.stages.tables import CAPTIONS
from media_pipeline.text.cues import cues_to_table
from media_pipeline_tests.generators.lakes import (
    CUES,
    HIGHLIGHTS,
    WORDS,
    Film,
    correct,
    find_beats,
    find_choruses,
    make_film,
    measure_sound,
    take_noise_out,
)

LINKS = Links(
    captioned=None,
    clips={"clip_01.mp4": "clips/clip_01.mp4", "clip_02.mp4": "clips/clip #2.mp4"},
    files=["captions.srt"],
)


class Page(HTMLParser):
    """Texts of table cells by table, and every address in the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.cells: dict[str, list[str]] = {}
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self._table = ""
        self._cell: list[str] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        self.addresses += [v for k, v in attrs if k in ("src", "href", "poster", "action") and v]
        if tag == "table":
            self._table = given.get("id") or ""
            self.cells[self._table] = []
        if tag == "td":
            self._cell = []
        if tag == "br" and self._cell is not None:
            self._cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "td" and self._cell is not None:
            self.cells[self._table].append("".join(self._cell).strip())
            self._cell = None

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._cell is not None:
            self._cell.append(data)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    return make_film(tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="module")
def page(film: Film) -> str:
    return render_report(film.artifacts, name="Episode 1 <b>.mp4", links=LINKS)


def test_every_cue_word_and_segment_stands_in_the_page(page: str) -> None:
    parsed = Page(page)
    assert [cue.text for cue in CUES] == parsed.cells["cues"][2::4]
    assert "We have no time left." in parsed.cells["transcript"]
    assert [word.word for word in WORDS] == parsed.cells["words"][1::4]


def test_where_captions_and_speech_disagree_stands_in_the_page(film: Film, page: str) -> None:
    time, what, shown, said = Page(page).cells["disagreements"]
    assert (time, what) == ("00:00:04.000", "early -0.50 s")
    assert (shown, said) == (CUES[1].text, "script")
    without = {k: v for k, v in film.artifacts.items() if k != "caption_speech"}
    assert "disagreements" not in Page(render_report(without, name="x", links=LINKS)).cells


def test_what_the_sound_functions_found_stands_in_the_page(tmp_path: Path, page: str) -> None:
    assert "chart sound" not in page and "<h2>Sound" not in page
    film = make_film(tmp_path, clip=False)
    find_beats(film, Tracked(np.arange(1.0, 24.0), np.arange(23) % 3, 3, 60.0, (60.0,), 0.75))
    find_choruses(film, Segments((Segment(2.0, 9.0), Segment(12.0, 19.5)), 0.9))
    measure_sound(film)
    take_noise_out(film)
    heard = render_report(film.artifacts, name="x", links=LINKS)
    assert len(re.findall('class="chart sound" src="data:image/png;base64,', heard)) == 4
    said = Page(heard).text
    assert "60.0 beats a minute, 3 to a bar, confidence 0.75" in said
    assert "choruses: 2.0 to 9.0 s, 12.0 to 19.5 s" in said
    assert "channel 0: " in said and "noise taken out: halved" in said


def test_every_cue_has_its_crop(page: str) -> None:
    rows = re.findall(r'<td class="crop">(.*?)</td>', page)
    assert len(rows) == len(CUES)
    assert all(row.startswith('<img src="data:image/jpeg;base64,') for row in rows)
    assert len(set(rows)) == len(rows)


@pytest.mark.slow
def test_doubtful_captions_are_marked_and_counted(tmp_path: Path) -> None:
    film = make_film(tmp_path / "lake", clip=False)
    assert "doubtful</td>" not in render_report(film.artifacts, name="x", links=LINKS)
    cues = [replace(CUES[0], confidence=0.41, doubtful=True), *CUES[1:]]
    table = cues_to_table(cues, CAPTIONS.schema, source=["ocr"] * len(cues))
    pq.write_table(table, film.artifacts["captions"].path("captions.parquet"))
    page = render_report(film.artifacts, name="x", links=LINKS)
    assert page.count('<tr class="doubtful">') == 1
    assert "0.41<br>doubtful</td>" in page
    assert "1 of 3 captions were read with little confidence" in page


def test_a_persons_captions_stand_beside_what_was_seen_and_how_well_it_was_read(
    tmp_path: Path,
) -> None:
    film = make_film(tmp_path / "lake", clip=False)
    human = correct(film, [replace(CUES[0], start=1.2, text="你终于走了"), *CUES[1:]])
    page = render_report({**film.artifacts, "captions": human}, name="x", links=LINKS)
    assert len(re.findall(r'<td class="crop"><img ', page)) == len(CUES)
    characters = len(" ".join(" ".join(cue.text.split()) for cue in CUES))
    assert f"1 of {characters} characters had been read wrong" in page
    assert "2 of 3 captions exactly" in page


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    parsed = Page(page)
    outside = [a for a in parsed.addresses if not a.startswith("data:image/")]
    assert outside
    assert not [a for a in outside if re.match(r"^[a-z]+:|^//|^/", a)]
    assert not re.search(r"@import|url\(", page)
    assert "script" not in parsed.tags


def test_names_and_texts_are_shown_and_not_obeyed(page: str) -> None:
    assert "Episode 1 <b>.mp4" in Page(page).text
    assert "<script>alert" not in page
    assert "<i>because</i>" in Page(page).text


def test_highlights_link_to_their_clips(page: str) -> None:
    addresses = Page(page).addresses
    assert "clips/clip_01.mp4" in addresses
    assert "clips/clip%20%232.mp4" in addresses
    for _, _, score, tags in HIGHLIGHTS:
        assert f"score {score:.2f}" in page
        assert all(f'<span class="tag">{tag}</span>' in page for tag in tags)


def test_what_is_missing_is_said_with_its_reason(film: Film) -> None:
    without = {k: v for k, v in film.artifacts.items() if k not in ("transcript", "words")}
    text = Page(render_report(without, name="x", links=Links())).text
    assert "There is no transcript." in text
    assert "there is nothing to burn: speak" in text


def test_a_film_without_any_artifact_has_a_page() -> None:
    text = Page(render_report({}, name="nothing", links=Links())).text
    assert "No captions were found." in text
    assert "No highlights were found." in text


def test_the_page_is_written_whole_or_not_at_all(film: Film, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    write_report(target, film.artifacts, name="x")
    before = target.read_text()
    broken = dict(film.artifacts)
    broken["captions"] = film.artifacts["audio"].__class__(
        film.artifacts["audio"].backend,
        film.artifacts["captions"].manifest.model_copy(update={"fingerprint": "0" * 16}),
    )
    with pytest.raises(Exception, match="captions"):
        write_report(target, broken, name="x")
    assert target.read_text() == before
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True])
def test_a_browser_shows_the_page(page: str, tmp_path: Path, dark: bool) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no chromium is installed")
    (tmp_path / "report.html").write_text(page)
    shot = tmp_path / "page.png"
    subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *(f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1200,1600"),
            *(["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if dark else []),
            *(f"--screenshot={shot}", (tmp_path / "report.html").as_uri()),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    picture = cv2.imread(str(shot))
    assert picture.shape[:2] == (1600, 1200)
    assert picture.std() > 20
    colours = len(np.unique(picture.reshape(-1, 3)[::97], axis=0))
    assert colours > 200
    paper = picture[4, 4].mean()
    assert paper < 60 if dark else paper > 230
