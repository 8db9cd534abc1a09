"""Code to be run first in a Python process, which then refuses the network and other programs."""

# a hook of the interpreter that any socket and any program of another language must pass
WATCHED = """
import sys
def told(event, arguments):
    if event.startswith(("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto",
                         "socket.gethostby", "urllib.", "ftplib.", "smtplib.", "subprocess.",
                         "os.system", "os.exec", "os.posix_spawn", "os.startfile", "webbrowser.")):
        raise RuntimeError(event, arguments)
sys.addaudithook(told)
"""
