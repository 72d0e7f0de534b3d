"""What Dynamixels answer."""

from __future__ import annotations

from sim.wire.dxl.packets import FRAMING, answer
from sim.wire.dxl.servo import RANGE_ERROR, Register, Servo
from sim.wire.servo_bus import ServoBus
from sim.wire.servo_packets import Instruction, Request


class Bus(ServoBus[Servo]):
    """Answers as much as STATUS_RETURN says: 0 to pings, 1 to reads too, 2 to everything."""

    framing = FRAMING
    number_size = 2

    def reply(self, servo: Servo, request: Request) -> bytes | None:
        """What a servo answers to a request for itself; None if it keeps silent."""
        params, level, servo_id = request.params, servo.table[Register.STATUS_RETURN], servo.servo_id
        address, data = self.number(params, 0), params[self.number_size :]
        if request.instruction == Instruction.PING:
            return answer(servo_id, servo.alert, bytes(servo.table[0:2] + servo.table[6:7]))
        if request.instruction == Instruction.READ and len(params) == 2 * self.number_size:
            return self.read(servo, address, self.number(params, 1)) if level >= 1 else None
        error = 0
        if request.instruction == Instruction.WRITE and data:
            error = servo.write(address, data)
        elif request.instruction == Instruction.REG_WRITE and data:
            servo.register(address, data)
        elif request.instruction == Instruction.ACTION:
            servo.act()
        elif request.instruction == Instruction.REBOOT:
            servo.power_on()
        else:
            return None
        return answer(servo_id, error | servo.alert) if level == 2 else None

    def read(self, servo: Servo, address: int, size: int) -> bytes:
        """What a servo answers that is asked for registers."""
        data = servo.read(address, size)
        return answer(servo.servo_id, RANGE_ERROR) if data is None else answer(servo.servo_id, servo.alert, data)
