//! What the operator says about the way out holds on the whole way: credentials that a backend does not take, senders'
//! headers that travel with their batches, proxies, certificates; and what fails on that way costs no span.

#[path = "egress/credentials.rs"]
mod credentials;
#[path = "egress/faults.rs"]
mod faults;
#[path = "egress/grpc.rs"]
mod grpc;
#[path = "egress/grpc_python.rs"]
mod grpc_python;
#[path = "egress/joining.rs"]
mod joining;
#[path = "egress/scarcity.rs"]
mod scarcity;
#[path = "egress/stage.rs"]
mod stage;
#[path = "egress/tenants.rs"]
mod tenants;
