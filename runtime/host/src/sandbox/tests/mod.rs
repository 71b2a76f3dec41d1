//! Real components, written by hand, against every wall: one below, at, and one above each limit where it has an edge.

mod cpu;
mod crash_loop;
mod edges;
mod faults;
mod holes;
mod lifecycle;
mod loading;
mod running;
mod stage;
mod terminal;
