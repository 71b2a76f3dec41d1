// Sends one trace with OpenTelemetry's JavaScript SDK and prints its id: send.mjs json|protobuf|grpc ENDPOINT

import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { TracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace";

const [protocol, endpoint] = process.argv.slice(2);
const packages = { json: "http", protobuf: "proto", grpc: "grpc" };
const { OTLPTraceExporter } = await import(`@opentelemetry/exporter-trace-otlp-${packages[protocol]}`);
const url = protocol === "grpc" ? endpoint : `${endpoint}/v1/traces`;

const provider = new TracerProvider({
  resource: resourceFromAttributes({ "service.name": "javascript-shop" }),
  spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url }) })],
});
const tracer = provider.getTracer("send.mjs", "1.0");

const elsewhere = { traceId: "0123456789abcdef0123456789abcdef", spanId: "0123456789abcdef", traceFlags: 1 };
const root = tracer.startSpan("GET /cart", {
  kind: SpanKind.SERVER,
  links: [{ context: elsewhere, attributes: { why: "retry" } }],
  attributes: { "http.route": "/cart", items: 3, total: 12.5, member: true, tags: ["a", "b"] },
});
const inside = trace.setSpan(context.active(), root);
const load = tracer.startSpan("load cart", { kind: SpanKind.CLIENT, attributes: { "db.system": "redis" } }, inside);
load.addEvent("cache miss", { key: "cart:7" });
load.end();
const price = tracer.startSpan("price", {}, inside);
price.setStatus({ code: SpanStatusCode.ERROR, message: "no price" });
price.end();
root.end();
await provider.shutdown();
console.log(root.spanContext().traceId);
