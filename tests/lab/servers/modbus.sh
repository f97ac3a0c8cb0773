# A Modbus device played by pymodbus.
packages="python3-pymodbus python3-serial python3-serial-asyncio"
tier=core
services="modbus:502"
start() {
	exec /usr/bin/python3 - "$port" <<-END
		import sys
		from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext
		from pymodbus.device import ModbusDeviceIdentification
		from pymodbus.server import StartTcpServer
		identity = ModbusDeviceIdentification()
		identity.VendorName = "Lab"
		identity.ProductCode = "L1"
		identity.MajorMinorRevision = "1.0"
		context = ModbusServerContext(slaves=ModbusSlaveContext(), single=True)
		StartTcpServer(context=context, identity=identity, address=("", int(sys.argv[1])))
	END
}
