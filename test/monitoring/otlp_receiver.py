"""Receives traces by OTLP over HTTP, and prints its port, then a line of JSON for each span.

It decodes them by OpenTelemetry's own definitions of the protocol.
"""

import json

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from waitress import create_server


def values(attributes):
    return {
        pair.key: str(getattr(pair.value, pair.value.WhichOneof("value"))) for pair in attributes
    }


def receive(environ, start_response):
    assert environ["PATH_INFO"] == "/v1/traces"
    assert environ["CONTENT_TYPE"] == "application/x-protobuf"
    batch = ExportTraceServiceRequest.FromString(environ["wsgi.input"].read())
    for group in batch.resource_spans:
        for span in (span for scope in group.scope_spans for span in scope.spans):
            line = {
                "resource": values(group.resource.attributes),
                "trace": span.trace_id.hex(),
                "id": span.span_id.hex(),
                "parent": span.parent_span_id.hex(),
                "name": span.name,
                "kind": span.kind,
                "error": span.status.code == 2,
                "attributes": values(span.attributes),
            }
            print(json.dumps(line), flush=True)
    start_response("200 OK", [("content-type", "application/x-protobuf")])
    return [ExportTraceServiceResponse().SerializeToString()]


server = create_server(receive, listen="127.0.0.1:0", threads=1)
print(server.effective_port, flush=True)
server.run()
