"""The way in by a link, the way out, and what even a locked page shows: its style."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from settlement.console.door import Door
from settlement.console.frame import action, refusal
from settlement.console.guard import ENTER, STATIC, cookie_name
from settlement.console.visit import Console, Form, Visit


def routes(console: Console, door: Door, port: int) -> list[Route]:
    """Entering, leaving, and static files."""

    async def enter(request: Request) -> Response:
        if request.method != "GET":
            return Response(status_code=405)
        token = request.query_params.get("token", "")
        if request.state.session is not None:
            door.use_up(token)
            return RedirectResponse("/", 303)
        session = door.enter(token)
        if session is None:
            return refusal(
                console,
                403,
                "This link has been used, or is none of this console's.",
                "Look into the terminal in which the console runs: a link that was used before ends the session that "
                "it had begun, and a new one stands there.",
            )
        # Not a redirect: after one, a browser that came here from elsewhere would hold the strict cookie back.
        response = console.renderer.page("entered.html", title="Welcome")
        response.headers["Refresh"] = "0; url=/"
        response.set_cookie(cookie_name(port), session.secret, httponly=True, samesite="strict", path="/")
        return response

    def leave(visit: Visit, form: Form) -> str:
        door.leave()
        return "/"

    async def static(request: Request) -> Response:
        found = console.renderer.static(request.path_params["name"])
        return found if found is not None else Response("There is no such file.\n", 404, media_type="text/plain")

    return [
        Route(ENTER, enter, methods=["GET"]),
        action(console, "/leave", leave, back="/"),
        Route(f"{STATIC}{{name}}", static, methods=["GET"]),
    ]
