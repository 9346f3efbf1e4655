"""Frames made at once are those that wsproto reads, and as unpredictable."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.frame_protocol import FrameDecoder, FrameProtocol, Opcode

from deepgram_anyio.transport.masking import masked_frame

LENGTHS = [0, 1, 2, 3, 4, 5, 124, 125, 126, 127, 640, 65_535, 65_536, 65_537, 200_000]


def decoded(wire: bytes) -> list[tuple[Opcode, bytes, bool, bool]]:
    decoder = FrameDecoder(client=False)
    decoder.receive_bytes(wire)
    found = []
    while (piece := decoder.process_buffer()) is not None:
        assert isinstance(piece.payload, (bytes, bytearray))  # which one it is depends on the version
        found.append((piece.opcode, piece.payload, piece.frame_finished, piece.message_finished))
    return found


def whole(frames: list[tuple[Opcode, bytes, bool, bool]]) -> bytes:
    assert frames[-1][2:] == (True, True)
    return b"".join(payload for _, payload, _, _ in frames)


@given(st.binary(max_size=2000), st.sampled_from([1, 2]))
def test_wsproto_reads_it(payload: bytes, opcode: int) -> None:
    (frame,) = decoded(b"".join(masked_frame(opcode, payload)))
    assert frame == (Opcode(opcode), payload, True, True)


@pytest.mark.parametrize("length", LENGTHS)
def test_lengths(length: int) -> None:
    payload = bytes(index % 251 for index in range(length))
    wire = b"".join(masked_frame(2, payload))
    assert whole(decoded(wire)) == payload
    theirs = bytes(FrameProtocol(client=True, extensions=[]).send_data(payload))
    head = len(wire) - length - 4
    assert wire[:head] == theirs[:head]
    assert len(wire) == len(theirs)


def test_every_frame_has_a_key_of_its_own() -> None:
    keys = [masked_frame(2, b"")[0][2:] for _ in range(3000)]
    assert all(len(key) == 4 for key in keys)
    assert len(set(keys)) > 2990


def test_threads_share_no_keys() -> None:
    with ThreadPoolExecutor(8) as threads:
        runs = threads.map(lambda _: [masked_frame(2, b"")[0][2:] for _ in range(5000)], range(8))
        keys = [key for run in runs for key in run]
    assert len(set(keys)) > len(keys) - 10  # of 2**32


def test_many_lengths_in_a_row() -> None:
    payloads = [bytes([index % 256]) * index for index in range(300)]
    frames = decoded(b"".join(piece for payload in payloads for piece in masked_frame(2, payload)))
    assert [payload for _, payload, _, _ in frames] == payloads
