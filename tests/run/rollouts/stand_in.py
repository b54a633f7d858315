"""A local stand-in for an OpenAI-compatible endpoint, which fails as it is told to."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class StandIn:
    """Answers every request by `decide(case_text)`, after the failures of `script`, one a request.

    A failure is `timeout`, `429`, `500`, `401`, `404`, `malformed`, `not json`, `refusal`, `empty` or `disconnect`.
    """

    def __init__(self, decide, script=()):
        self.decide, self.script = decide, list(script)
        self.requests, self.keys = 0, []
        self.lock = threading.Lock()

    def next_failure(self):
        with self.lock:
            self.requests += 1
            return self.script.pop(0) if self.script else None


def _completion(text):
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "x", "object": "chat.completion", "created": 0, "model": "judge", "choices": [choice]}


@contextmanager
def serving(stand_in):
    """Yield the base address of the stand-in, on the loopback."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            stand_in.keys.append(self.headers["authorization"])
            failure = stand_in.next_failure()
            if failure == "timeout":
                time.sleep(2.0)
                return
            if failure == "disconnect":
                self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{")
                self.close_connection = True
                return
            if failure in ("429", "500", "401", "404"):
                said = self.headers["authorization"]
                return self.reply(int(failure), {"error": {"message": f"no: {said}"}})
            if failure == "not json":
                return self.reply(200, b"<html>bad gateway</html>")
            text = {"malformed": '{"verdict": ', "refusal": "I'm sorry, I can't help with that.", "empty": ""}.get(
                failure
            )
            self.reply(200, _completion(stand_in.decide(body["messages"][1]["content"]) if text is None else text))

        def reply(self, status, content):
            payload = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
