"""Draws the meeting: everybody at their place, with what changed since the picture before and nothing else."""

from __future__ import annotations

from typing import Final

import av
import msgspec
from av.video.reformatter import Interpolation, VideoReformatter
from msgspec import Struct

from contracts.rooms import CompositeLayout, ParticipantId, TrackSource
from media_fleet.composer.canvas import Canvas, planes_of
from media_fleet.composer.layout import Rectangle, Tile, arrange
from media_fleet.composer.lettering import ACCENT, BACKGROUND, TILE, Lettering
from media_fleet.composer.stage import Stage
from media_fleet.composer.tracks import PictureTrack
from media_fleet.recorder.protocol import CompositeOrder

MOST_CUT = 1.5
"""A camera's picture fills its tile if no more than a third of it is cut off; otherwise all of it is shown."""

DULL: Final = 6.0
"""A picture whose luma varies less (standard deviation, of 255) shows nobody: the lens is covered."""

_MATRICES: Final = frozenset({0, 1, 2, 4, 5, 6, 7, 9})
"""Colour matrices (ITU-T H.273, 8.3) that FFmpeg scales; publishers may write any number."""
_UNSPECIFIED: Final = 2


class _Drawn(Struct, frozen=True):
    """What a tile shows: where nothing of it differs, it need not be drawn again."""

    tile: Tile
    name: str
    speaks: bool
    frame: int
    """The identity of the picture; 0: none."""


class Drawing:
    """The picture as it is drawn."""

    def __init__(self, order: CompositeOrder, lettering: Lettering) -> None:
        self._order = order
        self._lettering = lettering
        self._canvas = Canvas(order.width, order.height)
        self._clear()
        self._reformatters: dict[Tile, VideoReformatter] = {}
        self._tiles: tuple[Tile, ...] = ()
        self._drawn: dict[Tile, _Drawn] = {}
        self._frames: dict[Tile, av.VideoFrame] = {}
        """Kept, so that no other one gets the identity of what is drawn."""

    def lay_out(self, layout: CompositeLayout) -> None:
        """Everybody has their place by another layout from now on."""
        self._order = msgspec.structs.replace(self._order, layout=layout)

    def arrange(self, stage: Stage, now: float) -> None:
        """Everybody takes their place."""
        tiles = arrange(
            stage.people(now),
            layout=self._order.layout,
            speaker=stage.speaker.current,
            width=self._order.width,
            height=self._order.height,
        )
        if tiles != self._tiles:
            self._tiles = tiles
            self._reformatters = {tile: VideoReformatter() for tile in tiles}
            self._drawn.clear()
            self._frames.clear()
            self._clear()

    def _clear(self) -> None:
        self._canvas.fill(Rectangle(0, 0, self._order.width, self._order.height), BACKGROUND)

    def is_shown(self, participant_id: ParticipantId) -> bool:
        """Whether somebody has a place for their camera."""
        return any(each.participant_id == participant_id and not each.is_screen for each in self._tiles)

    def draw(self, stage: Stage, now: float) -> av.VideoFrame:
        """The picture of a time."""
        for tile in self._tiles:
            track = self._picture(tile, stage, now)
            try:
                self._bring(tile, stage, None if track is None else track.frame)
            except av.FFmpegError:  # of this picture: whoever sent it has none until the next key frame
                if track is not None:
                    track.frame = None
                    track.received.forget()
                self._reformatters[tile] = VideoReformatter()
                self._bring(tile, stage, None)
        return self._canvas.copied()

    @property
    def people_seen(self) -> int:
        """In how many tiles of the picture a camera shows somebody."""
        shown = (each.tile for each in self._drawn.values() if each.frame and not each.tile.is_screen)
        return sum(self._canvas.contrast(tile.place) > DULL for tile in shown)

    def _bring(self, tile: Tile, stage: Stage, frame: av.VideoFrame | None) -> None:
        """Draws a tile, if it is not what is there. Raises `av.FFmpegError`: the frame is none that can be drawn."""
        drawn = _Drawn(tile, self._name(tile, stage), self._speaks(tile, stage), id(frame) if frame else 0)
        if self._drawn.get(tile) != drawn:
            self._draw_tile(drawn, frame)
            self._drawn[tile] = drawn
            if frame is not None:
                self._frames[tile] = frame

    def _draw_tile(self, drawn: _Drawn, frame: av.VideoFrame | None) -> None:
        tile, place = drawn.tile, drawn.tile.place
        if tile.participant_id is None:
            self._canvas.put(place.left, place.top, self._lettering.number(tile.more, place.width, place.height))
            return
        if frame is None:
            portrait = self._lettering.portrait(drawn.name, place.width, place.height)
            self._canvas.put(place.left, place.top, portrait)
        else:
            self._draw_picture(tile, frame)
        if drawn.speaks:
            self._canvas.frame(place, ACCENT, max(2, self._order.height // 270 // 2 * 2))
        if drawn.name:
            height = max(14, self._order.height // 30 // 2 * 2)
            margin = height // 4 * 2
            label = self._lettering.label(drawn.name, height, (place.width - 2 * margin) // 2 * 2)
            self._canvas.lay(place.left + margin, place.top + place.height - height - margin, label)

    def _draw_picture(self, tile: Tile, frame: av.VideoFrame) -> None:
        place = tile.place
        width, height = fitted(frame.width, frame.height, place, may_cut=not tile.is_screen)
        if frame.colorspace not in _MATRICES:
            frame.colorspace = _UNSPECIFIED
        scaled = self._reformatters[tile].reformat(
            frame, width, height, format="yuv420p", interpolation=Interpolation.BILINEAR
        )
        planes = planes_of(scaled)
        shown_width, shown_height = min(width, place.width), min(height, place.height)
        planes = planes.part(
            (width - shown_width) // 4 * 2, (height - shown_height) // 4 * 2, shown_width, shown_height
        )
        left = place.left + (place.width - shown_width) // 4 * 2
        top = place.top + (place.height - shown_height) // 4 * 2
        if (shown_width, shown_height) != (place.width, place.height):
            self._canvas.fill(place, BACKGROUND if tile.is_screen else TILE)
        self._canvas.put(left, top, planes)

    @staticmethod
    def _picture(tile: Tile, stage: Stage, now: float) -> PictureTrack | None:
        if tile.participant_id is None:
            return None
        return stage.picture(tile.participant_id, TrackSource.SCREEN if tile.is_screen else TrackSource.CAMERA, now)

    @staticmethod
    def _name(tile: Tile, stage: Stage) -> str:
        return "" if tile.participant_id is None else stage.name(tile.participant_id)

    def _speaks(self, tile: Tile, stage: Stage) -> bool:
        is_them = tile.participant_id == stage.speaker.current and not tile.is_screen
        return is_them and len(self._tiles) > 1 and stage.speaker.is_speaking


def fitted(width: int, height: int, place: Rectangle, *, may_cut: bool) -> tuple[int, int]:
    """How large a picture is drawn at a place: so that it fills it, or so that all of it is there. Even numbers."""
    fills = max(place.width / width, place.height / height)
    fits = min(place.width / width, place.height / height)
    scale = fills if may_cut and fills / fits <= MOST_CUT else fits
    return max(2, _even(width * scale)), max(2, _even(height * scale))


def _even(length: float) -> int:
    return round(length / 2) * 2
