"""RTDE to the byte, as a real controller and the real client speak it."""

from __future__ import annotations

import struct

import pytest

from robolearn.errors import BorderError
from sim.wire.ur import variables
from sim.wire.ur.packets import Kind, Recipe, packet, split


def test_the_client_asks_for_version_2_in_these_bytes() -> None:
    assert packet(Kind.PROTOCOL_VERSION, struct.pack(">H", 2)) == bytes.fromhex("0005560002")
    assert packet(Kind.START) == bytes.fromhex("000353")


def test_a_data_packet_has_the_recipe_and_then_big_endian_values() -> None:
    recipe = Recipe.of(1, ("timestamp", "robot_mode", "safety_status_bits"), variables.OUTPUTS)
    values = {"timestamp": (1.5,), "robot_mode": (-1,), "safety_status_bits": (1,)}
    assert recipe.pack(values) == bytes.fromhex("0014 55 01 3ff8000000000000 ffffffff 00000001".replace(" ", ""))


def test_a_servo_command_of_the_client_is_read_as_it_was_meant() -> None:
    names = ("input_int_register_0", *(f"input_double_register_{number}" for number in range(11)))
    recipe = Recipe.of(2, names, variables.INPUTS)
    payload = struct.pack(">Bi11d", 2, 11, *range(11))
    assert recipe.unpack(payload) == {names[0]: (11,)} | {names[1 + at]: (float(at),) for at in range(11)}


def test_packets_are_found_in_pieces_of_any_size() -> None:
    stream = packet(Kind.START) + packet(Kind.DATA, bytes(200)) + packet(Kind.PAUSE)
    for size in (1, 2, 97, len(stream)):
        buffer, found = bytearray(), []
        for at in range(0, len(stream), size):
            buffer += stream[at : at + size]
            found += split(buffer)
        assert [kind for kind, _ in found] == [Kind.START, Kind.DATA, Kind.PAUSE] and not buffer


def test_a_size_that_cannot_be_is_an_error_and_not_an_endless_loop() -> None:
    with pytest.raises(BorderError, match="header"):
        list(split(bytearray(b"\x00\x02\x55\x00")))


def test_data_of_another_length_than_agreed_is_refused() -> None:
    recipe = Recipe.of(1, ("input_int_register_0",), variables.INPUTS)
    with pytest.raises(BorderError, match="agreed"):
        recipe.unpack(bytes(4))


def test_every_variable_starts_with_as_many_values_as_its_type_has() -> None:
    for types in (variables.OUTPUTS, variables.INPUTS):
        blank = variables.blank(types)
        for name in types:
            recipe = Recipe.of(1, (name,), types)
            assert recipe.unpack(recipe.pack(blank)[3:]) == {name: blank[name]}
