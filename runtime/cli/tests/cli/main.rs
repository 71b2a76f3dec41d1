//! The binary as a person uses it: what it prints, and how it exits.

mod bench;
mod check;
mod container;
mod demo;
mod health;
mod help;
mod inspect;
mod new;
mod process;
mod run;
mod trial;
mod unit;
