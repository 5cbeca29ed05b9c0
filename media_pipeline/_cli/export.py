"""What ``process`` and ``demo`` leave in the user's folder: copies of the artifacts under plain
names, and the report.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from media_pipeline.errors import printable
from media_pipeline.media.files import atomic_path

if TYPE_CHECKING:
    from media_pipeline.report.charts import Highlight
    from media_pipeline.report.film import Film
    from media_pipeline.store import StoredArtifact


def default_folder(name: str, taken: set[Path]) -> Path:
    """``./<name>_output`` for a film of that file name, with a number when several films have one
    name.
    """
    stem = "".join(c if c.isprintable() and c != "/" else "_" for c in Path(name).stem) or "media"
    return free_folder(Path.cwd() / f"{stem}_output", taken)


def free_folder(folder: Path, taken: set[Path]) -> Path:
    """The folder, or the folder with the first number that no film of this command has; it is taken
    from now on.
    """
    choice, number = folder, 2
    while choice in taken:
        choice = folder.with_name(f"{folder.name}-{number}")
        number += 1
    taken.add(choice)
    return choice


def export(artifacts: Mapping[str, StoredArtifact], folder: Path, *, name: str) -> list[Path]:
    """Write the results of one film into a folder; each file appears whole or not at all.

    Parameters
    ----------
    artifacts : by asset name. What was looked for and not found is a file without entries; an
        artifact that is missing leaves out its file.
    folder : made when it is not there. Files of an earlier export are replaced, or removed when
        there is no such result any more.

    Returns
    -------
    list of Path
        the files written, the report last.
    """
    from media_pipeline.report.html import Links, write_report

    folder.mkdir(parents=True, exist_ok=True)
    written = _write_texts(artifacts, folder, name)
    films = _copy_films(artifacts, folder)
    written += films
    clips = {path.name: f"clips/{path.name}" for path in films if path.parent.name == "clips"}
    present = {path.name for path in films}
    links = Links(
        captioned="captioned.mp4" if "captioned.mp4" in present else None,
        reel="reel.mp4" if "reel.mp4" in present else None,
        clips=clips,
        files=[path.name for path in written if path.parent == folder and path not in films],
    )
    write_report(folder / "report.html", artifacts, name=name, links=links)
    return [*written, folder / "report.html"]


def _write_texts(artifacts: Mapping[str, StoredArtifact], folder: Path, name: str) -> list[Path]:
    """The subtitle and JSON files."""
    from media_pipeline.report.film import Film
    from media_pipeline.text.formats import format_cues

    film = Film(artifacts)
    language = _language(artifacts)
    texts: dict[tuple[str, str], Callable[[], str | None]] = {
        ("captions", "captions.srt"): lambda: format_cues(film.cues, "srt"),
        ("caption_speech", "captions.spoken.srt"): lambda: film.spoken_captions,
        ("transcript", "transcript.srt"): lambda: format_cues(film.segments, "srt"),
        ("transcript", "transcript.json"): lambda: format_cues(
            film.segments, "json", words=film.words, language=language
        ),
        ("words", "words.json"): lambda: _json([w.as_json() for w in film.words]),
        ("highlight_candidates", "highlights.json"): lambda: _json(
            highlights_json(film, name, link=lambda file: f"clips/{file}")
        ),
    }
    return [
        path
        for (asset, file), text in texts.items()
        if (path := _write(folder / file, text() if asset in artifacts else None))
    ]


def highlights_json(
    film: Film, media: str, *, link: Callable[[str], str] | None = None
) -> dict[str, Any]:
    """The highlights in the AiResult shape of ICE, with ``Score`` and ``Signals`` beside what ICE
    has.

    Parameters
    ----------
    media : what to call the film.
    link : from a clip's file name to where it was put; without it no clip is named.
    """
    clips = {(round(c["start"], 2), round(c["end"], 2)): c["file"] for c in film.clips}
    ranges = []
    for one in film.highlights:
        entry = _range(one)
        file = clips.get((round(one.start, 2), round(one.end, 2)))
        if link is not None and file is not None:
            entry["OutputURL"] = link(file)
        ranges.append(entry)
    return {"HighlightResults": [{"Media": printable(media), "TimeRanges": ranges}]}


def _range(one: Highlight) -> dict[str, Any]:
    return {
        "In": round(one.start, 3),
        "Out": round(one.end, 3),
        "Score": round(one.score, 4),
        "Tags": list(one.tags),
        "Signals": {name: round(value, 3) for name, value in one.signals},
    }


def _language(artifacts: Mapping[str, StoredArtifact]) -> str | None:
    for asset in ("transcript", "language"):
        if asset in artifacts and (found := artifacts[asset].facts.get("language")):
            return str(found)
    return None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _write(path: Path, text: str | None) -> Path | None:
    if text is None:
        path.unlink(missing_ok=True)  # of an earlier export, no longer true
        return None
    with atomic_path(path) as target:
        target.write_text(text, encoding="utf-8", newline="\n")
    return path


def _copy_films(artifacts: Mapping[str, StoredArtifact], folder: Path) -> list[Path]:
    wanted: dict[Path, Path] = {}
    for asset, pattern, place in (
        ("rendered_clips", "clip_*.m[p4][4a]", folder / "clips"),
        ("reel", "reel.mp4", folder),
        ("captioned_video", "captioned.mp4", folder),
    ):
        if asset in artifacts:
            wanted |= {place / source.name: source for source in artifacts[asset].files(pattern)}
    stale = {*(folder / "clips").glob("clip_*"), folder / "reel.mp4", folder / "captioned.mp4"}
    for path in stale - set(wanted):
        path.unlink(missing_ok=True)
    for path, source in wanted.items():
        path.parent.mkdir(exist_ok=True)
        with atomic_path(path) as target:
            shutil.copyfile(source, target)
    return list(wanted)
