"""The Python page of the documents runs as it is printed, but for what is no Python and for our import names."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from streams.errors import InvalidItem
from streams.state import state
from tests.steps.bench import WITH_REQUESTS, Bench

pytestmark = pytest.mark.parametrize("database", WITH_REQUESTS[:1], indirect=True)

STREAM = """
    from streams import StreamConfig

    async def on_join(subscription, ctx, auth_context):
        group_id = subscription.group_id

        # Verify user has access to workspace
        workspace = await ctx.state.get('workspaces', group_id)
        user_id = auth_context.get('userId') if auth_context else None

        if not workspace or user_id not in workspace.get('members', []):
            return {'authorized': False}

        return {
            'authorized': True,
            'context': {'userId': user_id, 'workspaceId': group_id}
        }

    async def on_leave(subscription, ctx, auth_context):
        ctx.logger.info('User left stream', extra={
            'userId': auth_context.get('userId') if auth_context else None,
            'groupId': subscription.group_id
        })

    default = StreamConfig(
        name='documents',
        schema={
            'type': 'object',
            'properties': {
                'id': {'type': 'string'},
                'title': {'type': 'string'},
                'content': {'type': 'string'},
                'updatedAt': {'type': 'number'},
                'authorId': {'type': 'string'}
            }
        },
        base_config={'storageType': 'default'},
        on_join=on_join,
        on_leave=on_leave
    )
"""
GET = """
    from steps import step, http

    async def handler(input, ctx):
        workspace_id = input.request.path_params['workspaceId']
        doc_id = input.request.path_params['docId']

        # Access the documents stream
        documents = ctx.streams['documents']

        # Get the document
        doc = await documents.get(workspace_id, doc_id)

        if not doc:
            return {'status': 404, 'body': {'error': 'Document not found'}}

        return {'status': 200, 'body': doc}

    default = step({
        'name': 'get-document',
        'triggers': [http('GET', '/workspaces/ {workspaceId} /documents/ {docId} ')]
    }, handler)
"""
EDIT = """
    from steps import step, http
    from time import time

    async def handler(input, ctx):
        workspace_id = input.request.path_params['workspaceId']
        doc_id = input.request.path_params['docId']
        content = input.request.body['content']

        await ctx.streams['documents'].update(workspace_id, doc_id, [
            {'type': 'set', 'path': 'content', 'value': content},
            {'type': 'set', 'path': 'updatedAt', 'value': int(time() * 1000)}
        ])
        # Broadcasts 'update' event with new values

        return {'status': 200, 'body': {'updated': True}}

    default = step({
        'name': 'edit-document',
        'triggers': [http('PATCH', '/workspaces/ {workspaceId} /documents/ {docId} ')]
    }, handler)
"""
CHANGE = """
    from steps import step, stream

    indexed = []

    async def index_document(data):
        indexed.append(('create', data))

    async def update_index(data):
        indexed.append(('update', data))

    async def remove_from_index(item_id):
        indexed.append(('delete', item_id))

    async def handler(input, ctx):
        event = input['event']
        group_id = input['groupId']
        item_id = input['id']

        if event['type'] == 'create':
            ctx.logger.info('Document created', extra={'id': item_id, 'data': event['data']})
            await index_document(event['data'])
        elif event['type'] == 'update':
            ctx.logger.info('Document updated', extra={'id': item_id, 'data': event['data']})
            await update_index(event['data'])
        elif event['type'] == 'delete':
            ctx.logger.info('Document deleted', extra={'id': item_id})
            await remove_from_index(item_id)

        await ctx.enqueue({
            'topic': 'document-indexed',
            'data': {'groupId': group_id, 'id': item_id, 'type': event['type']}
        })

    default = step({
        'name': 'on-document-change',
        'triggers': [
            stream('documents',
                group_id='workspace-1',  # Optional: filter by group
                item_id='doc-456')  # Optional: filter by item
        ],
        'enqueues': ['document-indexed']
    }, handler)
"""
NOTIFY = """
    from steps import step, http
    from time import time

    async def handler(input, ctx):
        doc_id = input.request.path_params['docId']
        message = input.request.body['message']

        await ctx.streams['documents'].send(
            {'groupId': 'workspace-1', 'id': doc_id},
            {
                'type': 'notification',
                'data': {'message': message, 'timestamp': int(time() * 1000)}
            }
        )
        # Subscribers receive this custom event

        return {'status': 200, 'body': {'sent': True}}

    default = step({
        'name': 'notify-collaborators',
        'triggers': [http('POST', '/documents/ {docId} /notify')]
    }, handler)
"""
HEARD = """
    from steps import step, queue

    heard = []

    def handler(data, ctx):
        heard.append(data)

    default = step({'name': 'heard', 'triggers': [queue('document-indexed')]}, handler)
"""


@pytest.mark.feature("A4")
def test_page_runs_as_printed(
    bench: Bench, app: Path, write: Callable[[Path, str], None], declare: Any, serve: Any
) -> None:
    sources = {"documents": STREAM, "get": GET, "edit": EDIT, "change": CHANGE, "notify": NOTIFY, "heard": HEARD}
    for name, text in sources.items():
        write(app / f"{name}_page.py", text)
    pages = {name: import_module(f"found_app.{name}_page") for name in sources}
    documents = pages["documents"].default
    declare(documents)
    serve(*(page.default for name, page in pages.items() if name != "documents"))
    client, path = Client(), "/workspaces/workspace-1/documents/doc-456"

    assert client.get(path).status_code == 404
    documents.set("workspace-1", "doc-456", {"id": "doc-456", "title": "My Document", "content": "", "updatedAt": 1})
    assert client.patch(path, {"content": "new"}, "application/json").json() == {"updated": True}
    assert client.get(path).json()["content"] == "new"
    with pytest.raises(InvalidItem):
        documents.set("workspace-1", "doc-456", {"title": 7})
    assert client.post("/documents/doc-456/notify", {"message": "m"}, "application/json").json() == {"sent": True}
    documents.set("workspace-1", "another", {"title": "not watched"})
    documents.delete("workspace-1", "doc-456")
    assert documents.list("workspace-1") == [{"id": "another", "title": "not watched"}]
    assert documents.list_groups() == ["workspace-1"]

    bench.finish()
    assert [kind for kind, _ in pages["change"].indexed] == ["create", "update", "delete"]
    assert pages["change"].indexed[1][1]["content"] == "new"
    assert pages["heard"].heard == [
        {"groupId": "workspace-1", "id": "doc-456", "type": kind} for kind in ("create", "update", "delete")
    ]
    assert documents.definition.on_join is pages["documents"].on_join
    assert state.get("workspaces", "workspace-1") is None
