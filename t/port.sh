# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# port.sh - for lib.sh and for postfix.sh, which goes without it

# free_port - a TCP port of 127.0.0.1 that nobody listens on, below those that
# the kernel gives to clients
free_port() {
	"${PYTHON:-/usr/bin/python3}" -c '
import random, socket
while True:
    port = random.randint(10000, 32000)
    s = socket.socket()
    try:
        s.bind(("127.0.0.1", port))
        break
    except OSError:
        s.close()
print(port)'
}
