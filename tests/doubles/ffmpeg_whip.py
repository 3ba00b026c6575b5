"""ffmpeg as a WHIP client: a moving picture in H.264 and a tone in Opus.

``python -m tests.doubles.ffmpeg_whip URL TOKEN FOLDER [OPTION=VALUE]`` says ``streaming`` once the handshake is done,
and streams until its standard input ends. ``FOLDER`` gets a certificate: the one that ffmpeg makes where it is built
with GnuTLS is on a curve (secp224r1) that browsers and OpenSSL refuse. ``OPTION`` is one of the muxer's.
"""

from __future__ import annotations

import select
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

FRAMES_PER_S = 10
SAMPLES_PER_S = 48_000


def certificate(folder: Path) -> dict[str, str]:
    """The muxer's options for a certificate of an elliptic curve that everybody knows."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ffmpeg")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    files = {"cert_file": folder / "certificate.pem", "key_file": folder / "key.pem"}
    files["cert_file"].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files["key_file"].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    return {option: str(path) for option, path in files.items()}


def pictures() -> Iterator[av.VideoFrame]:
    """A bright square that goes round on a dark ground."""
    number = 0
    while True:
        picture = np.full((240, 320, 3), 20, dtype=np.uint8)
        left = number * 8 % 260
        picture[80:160, left : left + 60] = (250, 200, 40)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_S)
        yield frame
        number += 1


def tones() -> Iterator[av.AudioFrame]:
    """A tenth of a second of 440 Hz each."""
    samples = SAMPLES_PER_S // FRAMES_PER_S
    wave = (np.sin(np.arange(samples) * 2 * np.pi * 440 / SAMPLES_PER_S) * 8000).astype(np.int16)
    number = 0
    while True:
        frame = av.AudioFrame.from_ndarray(np.repeat(wave, 2).reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLES_PER_S, number * samples, Fraction(1, SAMPLES_PER_S)
        yield frame
        number += 1


def main() -> None:
    url, token, folder, *more = sys.argv[1:]
    options = {"authorization": token, **certificate(Path(folder)), **dict(each.split("=", 1) for each in more)}
    with av.open(url, "w", format="whip", options=options) as output:
        video = output.add_stream(
            "libx264",
            rate=FRAMES_PER_S,
            options={"profile": "baseline", "preset": "ultrafast", "tune": "zerolatency", "bf": "0", "g": "10"},
        )
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        audio = output.add_stream("libopus", rate=SAMPLES_PER_S, layout="stereo")
        output.start_encoding()
        sys.stdout.write("streaming\n")
        sys.stdout.flush()
        for picture, tone in zip(pictures(), tones(), strict=False):
            output.mux(video.encode(picture))
            output.mux(audio.encode(tone))
            if select.select([sys.stdin], [], [], 1 / FRAMES_PER_S)[0]:
                return


if __name__ == "__main__":
    main()
