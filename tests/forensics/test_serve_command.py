"""The resolution service as a user starts and stops it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys


def test_the_service_answers_on_this_computer_and_stops_from_the_keyboard(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "forensics", "serve", "--port", str(port), "--home", str(tmp_path / "home")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ) as service:
        line = service.stderr.readline()
        assert f"at http://127.0.0.1:{port}; stop with Ctrl-C" in line
        for _ in range(10_000):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            try:
                connection.request("GET", "/services/supportedAlgorithms")
                break
            except ConnectionRefusedError:
                connection.close()
        answer = json.loads(connection.getresponse().read())
        connection.close()
        assert set(answer) == {"watermarks", "fingerprints"}
        service.send_signal(signal.SIGINT)
        assert service.wait(30) in (0, 130)
        assert "Traceback" not in service.stderr.read()


def test_a_missing_package_is_one_line_with_the_way_to_get_it(tmp_path):
    code = (
        "import sys; sys.modules['uvicorn'] = None\n"
        "from forensics.cli import main; sys.exit(main(['serve', '--home', sys.argv[1]]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "home")], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert "needs the package uvicorn; get it with `pip install 'facetrail[serve]'`" in ran.stderr
    assert not (tmp_path / "home").exists()
