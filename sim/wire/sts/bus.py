"""What STS servos answer."""

from __future__ import annotations

from sim.wire.servo_bus import ServoBus
from sim.wire.servo_packets import Instruction, Request
from sim.wire.sts.packets import FRAMING, answer
from sim.wire.sts.servo import Register, Servo


class Bus(ServoBus[Servo]):
    """Pings and reads are always answered, the rest if RESPONSE_LEVEL is 1."""

    framing = FRAMING
    number_size = 1

    def reply(self, servo: Servo, request: Request) -> bytes | None:
        """What a servo answers to a request for itself; None if it keeps silent."""
        params, talkative = request.params, servo.table[Register.RESPONSE_LEVEL] == 1
        address, data, servo_id = self.number(params, 0), params[self.number_size :], servo.servo_id
        if request.instruction == Instruction.PING:
            return answer(servo_id, servo.status.value)
        if request.instruction == Instruction.READ and len(params) == 2 * self.number_size:
            return self.read(servo, address, self.number(params, 1))
        if request.instruction == Instruction.WRITE and data:
            servo.write(address, data)
        elif request.instruction == Instruction.REG_WRITE and data:
            servo.register(address, data)
        elif request.instruction == Instruction.ACTION:
            servo.act()
        else:
            return None
        return answer(servo_id, servo.status.value) if talkative else None

    def read(self, servo: Servo, address: int, size: int) -> bytes:
        """What a servo answers that is asked for registers."""
        return answer(servo.servo_id, servo.status.value, servo.read(address, size))
