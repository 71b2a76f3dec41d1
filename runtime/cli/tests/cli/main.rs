//! The binary as a person uses it: what it prints, and how it exits.

mod check;
mod demo;
mod help;
mod inspect;
mod process;
mod run;
