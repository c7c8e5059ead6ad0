"""Honest and forged tracks, generated: an honest one has a walker who hesitates and a receiver that scatters."""

import math
import random
from collections.abc import Callable

from server.sensitivity.track_measures import TrackPoint

Track = list[TrackPoint]
_DAY_MS = 86_400_000
_M_LAT = 1e7 / 111_195


class Ground:
    """Metres around a place to 1e-7 degree."""

    def __init__(self, chance: random.Random) -> None:
        self.lon, self.lat = chance.uniform(109.5, 113.8), chance.uniform(25.0, 29.8)
        self.scale = math.cos(math.radians(self.lat))

    def point(self, leg: int, t_s: float, x: float, y: float, accuracy_m: float | None) -> TrackPoint:
        return TrackPoint(
            leg,
            round(t_s * 1000),
            round(self.lon * 1e7 + x * _M_LAT / self.scale),
            round(self.lat * 1e7 + y * _M_LAT),
            None if accuracy_m is None else round(accuracy_m * 100),
        )


def honest(chance: random.Random) -> Track:
    """A patrol on foot, by motorcycle, car or boat; pauses, gaps, a wild fix now and then, a hint of road, accuracy as it comes."""
    ground, track = Ground(chance), Track()
    speed = chance.choice((0.8, 1.1, 1.4, 1.4, 6.0, 11.0, 18.0))
    every = chance.choice((1, 2, 5, 10)) if speed < 5 else chance.choice((1, 2, 5))
    heading, x, y = chance.uniform(0, 2 * math.pi), 0.0, 0.0
    noise_x = noise_y = 0.0
    scatter, calm = chance.uniform(1.2, 5.0), 0.9**every
    accuracy, leg, t = chance.uniform(3, 12), 0, chance.randrange(100) * _DAY_MS / 1000
    resting = 0
    straightness = chance.choice((0.02, 0.08, 0.25))
    for _ in range(chance.randrange(80, 500)):
        t += every + chance.uniform(-0.2, 0.2)
        event = chance.random()
        if event < 0.004:
            t += chance.uniform(60, 900)  # the receiver is silent: the walker is not
            x, y = x + math.cos(heading) * speed * 40, y + math.sin(heading) * speed * 40
        elif event < 0.007:
            leg, t = leg + 1, t + chance.uniform(300, 3000)
        elif event < 0.02:
            resting = chance.randrange(3, 40)
        heading += chance.gauss(0, straightness) * math.sqrt(every)
        pace = 0.0 if resting else max(0.1, chance.gauss(speed, speed * 0.15)) * every
        resting = max(0, resting - 1)
        x, y = x + math.cos(heading) * pace, y + math.sin(heading) * pace
        noise_x = noise_x * calm + chance.gauss(0, scatter * math.sqrt(1 - calm**2))
        noise_y = noise_y * calm + chance.gauss(0, scatter * math.sqrt(1 - calm**2))
        wild = chance.random() < 0.002
        accuracy = min(60, max(3, accuracy + chance.gauss(0, 0.7)))
        told = round(accuracy * (4 if wild else 1), 1)
        away = chance.uniform(40, 150) if wild else 0
        track.append(ground.point(leg, t, x + noise_x + away, y + noise_y - away, told))
    return track


def teleport(chance: random.Random) -> Track:
    track = honest(chance)
    at = chance.randrange(len(track) // 4, 3 * len(track) // 4)
    far = chance.uniform(4_000, 60_000) * _M_LAT
    turn = chance.uniform(0, 2 * math.pi)
    east, north = round(math.cos(turn) * far), round(math.sin(turn) * far)
    # Within a leg: over a pause one may have been driven anywhere.
    return [
        p._replace(leg=0, longitude_e7=p.longitude_e7 + east, latitude_e7=p.latitude_e7 + north)
        if n >= at
        else p._replace(leg=0)
        for n, p in enumerate(track)
    ]


def constant_accuracy(chance: random.Random) -> Track:
    track = honest(chance)
    while track[-1].t_ms - track[0].t_ms < 400_000:
        track = honest(chance)
    accuracy = chance.choice((300, 500, 1000))
    return [point._replace(accuracy_cm=accuracy) for point in track]


def perfect_line(chance: random.Random) -> Track:
    """What a programme draws from one waypoint to the next, with an accuracy that it makes up."""
    ground, t, x, y = Ground(chance), chance.randrange(100) * _DAY_MS / 1000, 0.0, 0.0
    speed, every, track = chance.uniform(0.8, 6), chance.choice((1, 2, 5, 10)), Track()
    for _ in range(chance.randrange(1, 5)):
        heading, length = chance.uniform(0, 2 * math.pi), chance.uniform(500, 2500)
        for _ in range(max(40, int(length / speed / every))):
            t += every
            x, y = x + math.cos(heading) * speed * every, y + math.sin(heading) * speed * every
            track.append(ground.point(0, t, x, y, round(chance.uniform(3, 9), 1)))
    return track


def replayed(original: Track, chance: random.Random) -> Track:
    """Another day's track sent again: as it was, moved elsewhere, or blurred by a metre."""
    later = chance.randrange(1, 60) * _DAY_MS + chance.randrange(-3_600_000, 3_600_000)
    how = chance.randrange(3)
    east, north = (round(chance.uniform(-3000, 3000) * _M_LAT) for _ in range(2)) if how == 1 else (0, 0)

    def blur() -> int:
        return round(chance.gauss(0, 0.8) * _M_LAT) if how == 2 else 0

    cut = chance.randrange(0, len(original) // 3)
    return [
        p._replace(
            t_ms=p.t_ms + later,
            longitude_e7=p.longitude_e7 + east + blur(),
            latitude_e7=p.latitude_e7 + north + blur(),
        )
        for p in original[cut:]
    ]


def impossible_speed(chance: random.Random) -> Track:
    track = honest(chance)
    first, factor = track[0], chance.uniform(45, 200)
    ground, heading = Ground(chance), chance.uniform(0, 2 * math.pi)
    at = chance.randrange(0, len(track) // 2)
    until = at + max(40, len(track) // 3)
    x = y = 0.0
    forged, last = Track(), first.t_ms
    for n, point in enumerate(track):
        elapsed = min((point.t_ms - last) / 1000, 30)
        last = point.t_ms
        pace = factor if at <= n < until else 1.2
        heading += chance.gauss(0, 0.05)
        x, y = x + math.cos(heading) * pace * elapsed, y + math.sin(heading) * pace * elapsed
        spread = chance.gauss(0, 3), chance.gauss(0, 3)
        made = ground.point(0, point.t_ms / 1000, x + spread[0], y + spread[1], None)
        forged.append(made._replace(accuracy_cm=point.accuracy_cm))
    return forged


FORGERS: tuple[Callable[[random.Random], Track], ...] = (teleport, constant_accuracy, perfect_line, impossible_speed)
