"""Songs with known beats, bars and sections: many styles, played by simple synthesisers."""

from media_pipeline_tests.generators.songs.song import ANY, RATE, Song, Tempo, make_song
from media_pipeline_tests.generators.songs.styles import STYLES, Style

__all__ = ["ANY", "RATE", "STYLES", "Song", "Style", "Tempo", "make_song"]
