"""Keep everybody out of the review page but the browser that its address was given to.

Other programs on this computer, other users of it and web pages open in the same browser can
all reach a local port. So the address carries a random token, which is traded for a cookie
that no script can read and no other site's request brings along; the Host header must name
this very server (a foreign name that resolves to it does not); and whatever changes something
must come from our own page.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from hmac import compare_digest

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 16_384
"""Bytes of a request; the largest that the page sends, a sheet of ticks, is a tenth of it."""

READ = "/api/read"
"""The one address that takes a picture."""
LARGEST_PICTURE = 32 * 1024 * 1024
"""Bytes of it: an A4 page at 600 dpi in grey, hardly compressed."""
PICTURE = ("image/", "application/pdf")

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def secret() -> str:
    """Return 256 random bits for an address or a cookie."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens one server: its port, the token of the address, the value of the cookie.

    `ticket` opens it once. The browser is started with that one, since other users of the
    computer see the words that a program is started with.
    """

    port: int
    token: str = field(default_factory=secret)
    ticket: str = field(default_factory=secret)
    session: str = field(default_factory=secret)

    @property
    def hosts(self) -> frozenset[str]:
        """Return the names under which this server may be called."""
        return frozenset(f"{name}:{self.port}" for name in ("127.0.0.1", "localhost"))

    @property
    def cookie(self) -> str:
        """Return the cookie's name; cookies are not kept apart by port, so it has the port."""
        return f"formreader-{self.port}"

    @property
    def address(self) -> str:
        """Return the address to show."""
        return f"http://127.0.0.1:{self.port}/?token={self.token}"

    @property
    def address_once(self) -> str:
        """Return the address to start the browser with."""
        return f"http://127.0.0.1:{self.port}/?token={self.ticket}"


class Guard:
    """Wraps the page: looks at every request first, and adds the headers of safety."""

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app = app
        self._keys = keys
        self._ticket_used = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with a sentence."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(k.lower().encode(), v.encode()) for k, v in HEADERS.items()]
                message["headers"] = [*message.get("headers", ()), *extra]
            await send(message)

        answer = self._judge(Request(scope))
        await (answer or self._app)(scope, receive, send_safely)

    def _judge(self, request: Request) -> Response | None:
        """Return None for a request that may pass, else the answer."""
        keys = self._keys
        if request.headers.get("host", "") not in keys.hosts:
            return refuse(421, "This server answers under its own address only.")
        if request.method not in ("GET", "HEAD", "POST"):
            return refuse(405, "This cannot be done here.")
        token = request.query_params.get("token")
        if request.method == "GET" and request.url.path == "/" and token is not None:
            if same(token, keys.ticket) and not self._ticket_used:
                self._ticket_used = True
            elif not same(token, keys.token):
                return refuse(403, STRANGER)
            answer = RedirectResponse("/", 303)
            answer.set_cookie(keys.cookie, keys.session, httponly=True, samesite="strict", path="/")
            return answer
        if same(request.headers.get("authorization", ""), f"Bearer {keys.token}"):
            ours = True  # a program that was told the token; no web page can send it
        elif same(request.cookies.get(keys.cookie, ""), keys.session):
            ours = request.headers.get("origin", "") == f"http://{request.headers['host']}"
        else:
            return refuse(403, STRANGER)
        return refuse_post(request, ours) if request.method == "POST" else None


STRANGER = (
    "This page opens with the address that 'formreader review' printed when it was started. "
    "Each start has an address of its own: if it was started again, use the new one."
)


def refuse_post(request: Request, ours: bool) -> Response | None:
    """Return an answer to a request that is not `ours`, of a wrong kind or too large."""
    if not ours:
        return refuse(403, "Changes are taken from the review page itself only.")
    kind = request.headers.get("content-type", "").partition(";")[0]
    most = LARGEST_BODY
    if request.url.path == READ:
        most = LARGEST_PICTURE
        if not kind.startswith(PICTURE):
            return refuse(415, "Send a picture or a PDF, with its Content-Type.")
    elif kind != "application/json":
        return refuse(415, "Changes are taken as JSON only.")
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        return refuse(411, "The size of the request is missing.")
    if int(length) > most:
        return refuse(413, "The request is too large.")
    return None


def same(given: str, right: str) -> bool:
    """Compare secrets in a time that does not tell how much of them is right."""
    return compare_digest(given.encode(), right.encode())


def refuse(code: int, sentence: str) -> Response:
    """Answer with a sentence."""
    return PlainTextResponse(sentence + "\n", code)
