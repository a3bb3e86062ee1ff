"""Every route of the installation and the least role that it is for.

A new route without a line here fails `test_desk_roles.py`. Add ``METHOD path`` under its role:
``anyone`` is for residents, browsers that are not signed in, and whoever holds a secret link,
a signature or a key of another kind; the desk's own cookie and tokens open nothing there.
"""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

ORDER = ("anyone", "station", "operator", "supervisor", "admin")
TABLE = {
    "anyone": """
        GET /
        GET /a/{token}
        GET /api/h/{token}
        GET /api/s/{key}
        GET /api/s/{key}/events
        GET /api/uploads/by-key/{key}
        GET /channels/wechat
        GET /chat
        GET /chat.js
        GET /chat/assets/chat.css
        GET /chat/assets/embed.js
        GET /chat/assets/icon.svg
        GET /chat/assets/link.js
        GET /chat/assets/main.js
        GET /chat/assets/store.js
        GET /chat/assets/voice.js
        GET /desk/assets/{name}
        GET /desk/oidc
        GET /desk/oidc/callback
        GET /desk/sign-in
        GET /h/{token}
        GET /healthz
        GET /manifest.webmanifest
        GET /openapi.json
        GET /page/prompts/{language}/{name}
        GET /page/{name}
        GET /r/{token}
        GET /s/{key}
        GET /sw.js
        GET /u/{token}
        POST /a/{token}
        POST /api/backends/{name}/updates
        POST /api/s/{key}/not-right
        POST /api/s/{key}/rating
        POST /api/s/{key}/right
        POST /api/voicemails
        POST /channels/wechat
        POST /chat/voice
        POST /desk/sign-in
        POST /internal/{question}
        POST /s/{key}/{action}
        POST /u/{token}
        ANY /api/uploads
        ANY /api/uploads/
        ANY /api/uploads/{upload}
        ANY /chat/ws
    """,
    "station": """
        GET /api/station/orders
        GET /desk/password
        GET /desk/station
        POST /api/station/orders/{order_id}/accept
        POST /api/station/orders/{order_id}/could-not
        POST /api/station/orders/{order_id}/done
        POST /desk/password
        POST /desk/sign-out
        POST /desk/sign-out-everywhere
    """,
    "operator": """
        DELETE /api/households/{household_id}/link
        GET /api/alarms
        GET /api/conversations
        GET /api/conversations/{conversation_id}
        GET /api/conversations/{conversation_id}/attachments
        GET /api/conversations/{conversation_id}/attachments/{attachment_id}
        GET /api/demand
        GET /api/demand/csv
        GET /api/failures
        GET /api/households
        GET /api/households/{household_id}
        GET /api/households/{household_id}/sheet
        GET /api/places/suggest
        GET /api/requests
        GET /api/requests/next
        GET /api/requests/{number}
        GET /api/requests/{number}/looking
        GET /api/requests/{number}/outlook
        GET /api/requests/{number}/recording
        GET /api/requests/{number}/times
        GET /api/tasks
        GET /desk
        GET /desk/conversations
        GET /desk/conversations/{conversation_id}
        GET /desk/demand
        GET /desk/events
        GET /desk/failures
        GET /desk/households
        GET /desk/households/{household_id}
        GET /desk/next
        GET /desk/requests/{number}
        GET /desk/requests/{number}/outlook
        GET /desk/tasks
        PATCH /api/households/{household_id}
        PATCH /api/requests/{number}
        POST /api/alarms/{alarm_id}/acknowledge
        POST /api/conversations/{conversation_id}/hand-back
        POST /api/conversations/{conversation_id}/messages
        POST /api/conversations/{conversation_id}/take-over
        POST /api/failures/{kind}/retry
        POST /api/failures/{kind}/{failure_id}/give-up
        POST /api/failures/{kind}/{failure_id}/retry
        POST /api/households
        POST /api/households/{household_id}/link
        POST /api/requests/{number}/calls
        POST /api/requests/{number}/cancel
        POST /api/requests/{number}/close
        POST /api/requests/{number}/confirm
        POST /api/requests/{number}/done
        POST /api/requests/{number}/hold
        POST /api/requests/{number}/looking
        POST /api/requests/{number}/merge
        POST /api/requests/{number}/notes
        POST /api/requests/{number}/reject
        POST /api/requests/{number}/reopen
        POST /api/requests/{number}/retry
        POST /api/requests/{number}/split
        POST /api/tasks/{task_id}/again
        POST /api/tasks/{task_id}/done
    """,
    "supervisor": """
        DELETE /api/catalogue/{code}
        DELETE /api/places/{place_id}
        DELETE /api/routing-rules
        GET /api/access-log
        GET /api/access-log.csv
        GET /api/catalogue
        GET /api/edits
        GET /api/places
        GET /api/places.csv
        GET /api/routing-rules
        GET /desk/access-log
        GET /desk/settings
        GET /desk/settings/catalogue
        GET /desk/settings/catalogue/{code}
        GET /desk/settings/history
        GET /desk/settings/import
        GET /desk/settings/routing
        GET /api/households/{household_id}/erasure
        POST /api/edits/{edit_id}/undo
        POST /api/households/{household_id}/erase
        POST /api/places
        POST /api/places/import
        POST /api/places/preview
        POST /api/requests/{number}/erase
        POST /api/routing-rules/try
        PUT /api/catalogue/{code}
        PUT /api/places/{place_id}
        PUT /api/routing-rules
    """,
    "admin": """
        DELETE /api/operators/{operator_id}/tokens/{token_id}
        GET /api/households/{household_id}/export
        GET /api/operators
        GET /api/operators/{operator_id}/tokens
        GET /desk/accounts
        GET /desk/accounts/{operator_id}
        PATCH /api/operators/{operator_id}
        POST /api/operators
        POST /api/operators/{operator_id}/password
        POST /api/operators/{operator_id}/sign-out
    """,
}
# (method, path) → the least role
LINES = {
    (line.split()[0], line.split()[1]): role
    for role, lines in TABLE.items()
    for line in lines.strip().splitlines()
}


def routes_of(app: FastAPI) -> list[tuple[str, str]]:
    """All routes as (method, path); ANY where a route takes every method or none."""
    found = []
    for route in iter_route_contexts(app.routes):
        methods = set(route.methods or {"ANY"}) - {"HEAD"}
        found += [(method, str(route.path)) for method in sorted(methods)]
    return found


def at_least(role: str) -> list[tuple[str, str]]:
    """The routes that need this role or a higher one."""
    return [line for line, least in LINES.items() if ORDER.index(least) >= ORDER.index(role)]
