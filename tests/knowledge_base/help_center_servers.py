"""Help centers on localhost that speak the documented APIs of Zendesk and Intercom, with faults to order."""

import base64
import datetime
import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TOKEN = "secret-token-4711"  # noqa: S105
EMAIL = "agent@example.com"


class HelpCenter:
    """What both vendors' help centers have: articles, a clock, a log of requests, and faults.

    ``faults`` maps the number of a request (from 1) to a fault: ("status", code, headers, body), ("reset",), ("slow", seconds). ``between``
    maps it to something that is done just before that request is answered.
    """

    def __init__(self):
        self.articles, self.sections = {}, {}
        self.now = datetime.datetime(2025, 3, 1, 12, tzinfo=datetime.UTC)
        self.requests, self.faults, self.between = [], {}, {}
        self.lock = threading.RLock()
        self.url = ""

    def tick(self, seconds=3600):
        self.now += datetime.timedelta(seconds=seconds)

    def quiet(self):
        """Forget the log, the faults and the edits to come."""
        self.requests, self.faults, self.between = [], {}, {}

    def delete(self, article_id):
        with self.lock:
            del self.articles[article_id]

    def edit(self, article_id, *, seconds=3600, **fields):
        with self.lock:
            self.tick(seconds)
            self.articles[article_id] |= {**fields, **self._stamps(set(fields))}


class Zendesk(HelpCenter):
    """Lists articles and sections, by cursor and by offset, with its limits.

    ``sorts`` off leaves the articles as they lie; ``cursor_order`` is the order of cursor pages where they do not follow ``sort_by``;
    ``extra_count`` makes the count wrong.
    """

    def __init__(self):
        super().__init__()
        self.sorts, self.cursor_order, self.extra_count = True, "", 0
        self.locales = []
        self.sections = {1: {"id": 1, "name": "Billing"}, 2: {"id": 2, "name": "Devices"}}

    def stamp(self):
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def _stamps(self, fields):
        return {"updated_at": self.stamp(), **({"edited_at": self.stamp()} if fields & {"title", "body", "draft"} else {})}

    def add(self, article_id, *, seconds=3600, **fields):
        with self.lock:
            self.tick(seconds)
            stamp = self.stamp()
            self.articles[article_id] = {
                "id": article_id, "title": f"Article {article_id}", "body": f"<p>Text of article {article_id}.</p>", "draft": False,
                "section_id": 1 + article_id % 2, "user_segment_id": None, "label_names": [], "locale": "en-us", "source_locale": "en-us",
                "created_at": stamp, "updated_at": stamp, "edited_at": stamp, "position": 0, "outdated": False, "vote_sum": 3,
            } | fields  # fmt: skip

    def answer(self, path, query, headers):
        reader = headers.get("Authorization")
        if reader and reader != "Basic " + base64.b64encode(f"{EMAIL}/token:{TOKEN}".encode()).decode():
            return 401, {}, {"error": "Couldn't authenticate you"}
        if path == "/api/v2/help_center/locales.json" and self.locales:
            return 200, {}, {"locales": self.locales, "default_locale": self.locales[0]}
        parts = path.removesuffix(".json").split("/")
        if (
            parts[:4] != ["", "api", "v2", "help_center"]
            or len(parts) != 6
            or parts[4] != "en-us"
            or parts[5] not in ("articles", "sections")
        ):
            return 404, {}, {"error": "RecordNotFound", "description": "Not found"}
        key = parts[5]
        items = list((self.articles if key == "articles" else self.sections).values())
        if not reader:
            items = [item for item in items if not item.get("draft") and item.get("user_segment_id") is None]
        by = (self.cursor_order if "page[size]" in query else "") or query.get("sort_by", "position")
        if by not in ("position", "title", "created_at", "updated_at", "edited_at"):
            return 400, {}, {"error": "InvalidValue"}
        if self.sorts:
            items.sort(key=lambda item: (item.get(by, 0), item["id"]), reverse=query.get("sort_order") == "desc")
        return self._by_cursor(key, items, query, by, path) if "page[size]" in query else self._by_number(key, items, query)

    def _by_cursor(self, key, items, query, by, path):
        size = min(int(query["page[size]"]), 100)
        if "page[after]" in query:
            after = json.loads(base64.b64decode(query["page[after]"]))
            items = [item for item in items if [item.get(by, 0), item["id"]] > after]
        more = len(items) > size
        page = items[:size]
        cursor = base64.b64encode(json.dumps([page[-1].get(by, 0), page[-1]["id"]]).encode()).decode() if page else None
        links = {"next": f"{self.url}{path}?page[size]={size}&page[after]={cursor}" if more else None}
        return 200, {}, {key: page, "meta": {"has_more": more, "after_cursor": cursor, "before_cursor": None}, "links": links}

    def _by_number(self, key, items, query):
        number, size = int(query.get("page", 1)), min(int(query.get("per_page", 30)), 100)
        if number > 100:
            return 400, {}, {"error": "LimitError", "description": "Offset-based pagination is limited to 100 pages"}
        page = items[(number - 1) * size : number * size]
        return 200, {}, {key: page, "count": len(items) + self.extra_count, "page": number, "per_page": size, "next_page": None}


class Intercom(HelpCenter):
    """Lists articles and collections by page, last updated first."""

    def __init__(self):
        super().__init__()
        self.extra_count = 0
        self.sections = {7: {"id": "7", "type": "collection", "name": "Billing", "updated_at": 1, "parent_id": None}}

    def _stamps(self, fields):
        return {"updated_at": int(self.now.timestamp())}

    def add(self, article_id, *, seconds=3600, **fields):
        with self.lock:
            self.tick(seconds)
            self.articles[article_id] = {
                "id": str(article_id), "type": "article", "title": f"Article {article_id}", "body": f"<p>Text of article {article_id}.</p>",
                "state": "published", "parent_id": 7, "parent_type": "collection", "parent_ids": [7], "default_locale": "en",
                "created_at": int(self.now.timestamp()), "updated_at": int(self.now.timestamp()), "tags": {"type": "tag.list", "tags": []},
            } | fields  # fmt: skip

    def answer(self, path, query, headers):
        limits = {"X-RateLimit-Limit": "167", "X-RateLimit-Remaining": "166"}
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {}, {"type": "error.list", "errors": [{"code": "unauthorized", "message": "Access Token Invalid"}]}
        if path not in ("/articles", "/help_center/collections") or not headers.get("Intercom-Version"):
            return 404, limits, {"type": "error.list", "errors": [{"code": "not_found", "message": "Resource Not Found"}]}
        number, size = int(query.get("page", 1)), int(query.get("per_page", 25))
        if not 1 <= size <= 250:
            return 400, limits, {"type": "error.list", "errors": [{"code": "parameter_invalid", "message": "Per Page is too big"}]}
        items = list((self.articles if path == "/articles" else self.sections).values())
        items.sort(key=lambda item: (item["updated_at"], item["id"]), reverse=True)
        pages = {"type": "pages", "page": number, "per_page": size, "total_pages": -(-len(items) // size)}
        data = items[(number - 1) * size : number * size]
        return 200, limits, {"type": "list", "data": data, "total_count": len(items) + self.extra_count, "pages": pages}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet, or each answer waits 40 ms for an acknowledgement

    def do_GET(self):
        center = self.server.help_center
        with center.lock:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            center.requests.append((parts.path, query, dict(self.headers)))
            number = len(center.requests)
            if number in center.between:
                center.between[number]()
            fault = center.faults.get(number) or center.faults.get("all")
            status, headers, content = (200, {}, {}) if fault else center.answer(parts.path, query, self.headers)
        body = json.dumps(content).encode()
        if fault and fault[0] == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        if fault and fault[0] == "slow":
            self.server.waking.wait(fault[1])
            self.close_connection = True
            return
        if fault:
            _, status, headers, body = fault
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def serving(center: HelpCenter) -> Iterator[HelpCenter]:
    """Serve a help center; its ``url`` says where."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads, server.help_center, server.waking = True, center, threading.Event()
    server.handle_error = lambda *_: None
    center.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield center
    finally:
        server.waking.set()
        server.shutdown()
        server.server_close()
        thread.join()
