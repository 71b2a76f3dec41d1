"""Takes OTLP over gRPC by grpcio: serve.py PORT ANSWER...

Each call gets the next answer, and "ok" after the last. Prints the name of each span that is taken, one a line.
"""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTracePartialSuccess, ExportTraceServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)

port, answers = sys.argv[1], sys.argv[2:]
lock = threading.Lock()


def exhausted(context):
    """RESOURCE_EXHAUSTED that asks to be tried again."""
    info = any_pb2.Any()
    info.Pack(error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(nanos=50_000_000)))
    code = grpc.StatusCode.RESOURCE_EXHAUSTED
    status = status_pb2.Status(code=code.value[0], message="slow down", details=[info])
    context.set_trailing_metadata([("grpc-status-details-bin", status.SerializeToString())])
    context.abort(code, "slow down")


class Traces(TraceServiceServicer):
    def Export(self, request, context):
        with lock:
            answer = answers.pop(0) if answers else "ok"
        if answer == "exhausted":
            exhausted(context)
        if answer not in ("ok", "partial"):
            context.abort(grpc.StatusCode[answer], f"told to: {answer} é")
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    print(span.name, flush=True)
        if answer == "partial":
            partial = ExportTracePartialSuccess(rejected_spans=2, error_message="too old " * 100)
            return ExportTraceServiceResponse(partial_success=partial)
        return ExportTraceServiceResponse()


server = grpc.server(ThreadPoolExecutor(max_workers=4), compression=grpc.Compression.Gzip)
add_TraceServiceServicer_to_server(Traces(), server)
server.add_insecure_port(f"127.0.0.1:{port}")
server.start()
server.wait_for_termination()
