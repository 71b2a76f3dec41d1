"""Sends one trace with OpenTelemetry's Python SDK and prints its id: send.py http|grpc ENDPOINT"""

import sys

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

protocol, endpoint = sys.argv[1:3]
if protocol == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import Compression, OTLPSpanExporter

    exporter = OTLPSpanExporter(endpoint=endpoint, insecure=endpoint.startswith("http://"), compression=Compression.Gzip)
else:
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    exporter = OTLPSpanExporter(endpoint=endpoint + "/v1/traces", compression=Compression.Gzip)

provider = TracerProvider(resource=Resource.create({"service.name": "python-shop"}))
provider.add_span_processor(BatchSpanProcessor(exporter))
tracer = provider.get_tracer("send.py", "1.0")

elsewhere = SpanContext(0x0123456789ABCDEF0123456789ABCDEF, 0x0123456789ABCDEF, False, TraceFlags(1))
with tracer.start_as_current_span("GET /cart", kind=SpanKind.SERVER, links=[Link(elsewhere, {"why": "retry"})]) as root:
    root.set_attributes({"http.route": "/cart", "items": 3, "total": 12.5, "member": True, "tags": ["a", "b"]})
    with tracer.start_as_current_span("load cart", kind=SpanKind.CLIENT, attributes={"db.system": "redis"}) as child:
        child.add_event("cache miss", {"key": "cart:7"})
    with tracer.start_as_current_span("price") as child:
        child.set_status(Status(StatusCode.ERROR, "no price"))
provider.shutdown()
print(format(root.get_span_context().trace_id, "032x"))
