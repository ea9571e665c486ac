"""An OpenAI-compatible server on localhost: the documented form of /chat/completions, with faults to order."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "sk-test-4711"


class TeacherServer:
    """Answers each request with a draft made of what it was asked.

    ``faults`` maps the number of a request (from 1), or ``all``, to (status, headers, body) or to ``slow``; ``says`` is the content of
    the message instead of a draft.
    """

    def __init__(self):
        self.faults, self.requests, self.says, self.url = {}, [], None, ""

    def draft(self, task):
        lines = [line.partition(": ")[2] for line in task.splitlines() if line.startswith("Statement ")]
        return json.dumps({"greeting": "Hi there, thanks for asking.", "answer": lines, "next_step": "Reply here if it doesn't work."})

    def answer(self, path, headers, body):
        if path != "/v1/chat/completions":
            return 404, {}, {"error": {"message": "Not Found", "type": "invalid_request_error", "code": None}}
        if headers.get("Authorization") != f"Bearer {KEY}":
            return (
                401,
                {},
                {"error": {"message": "Incorrect API key provided.", "type": "invalid_request_error", "code": "invalid_api_key"}},
            )
        task = body["messages"][-1]["content"]
        content = f"```json\n{self.draft(task)}\n```" if self.says is None else self.says(task) if callable(self.says) else self.says
        message = {"role": "assistant", "content": content, "refusal": None}
        return 200, {}, {
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body["model"],
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    wbufsize = -1

    def do_POST(self):
        teacher = self.server.teacher
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        teacher.requests.append(body)
        fault = teacher.faults.get(len(teacher.requests)) or teacher.faults.get("all")
        if fault == "slow":
            self.server.waking.wait(30)
            return
        status, headers, content = fault or teacher.answer(self.path, self.headers, body)
        sent = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(sent))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_):
        pass


@contextmanager
def teaching() -> Iterator[TeacherServer]:
    """A teacher that serves; its ``url`` is the setting."""
    teacher = TeacherServer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads, server.teacher, server.waking = True, teacher, threading.Event()
    server.handle_error = lambda *_: None
    teacher.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield teacher
    finally:
        server.waking.set()
        server.shutdown()
        server.server_close()
        thread.join()
