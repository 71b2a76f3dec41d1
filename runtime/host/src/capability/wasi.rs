//! The empty world: what toolchains import unasked from `wasi:cli`, `io`, `clocks`, `random` and `filesystem`.
//!
//! No arguments, no environment, no files, an empty standard input; standard output and error go to the capped log;
//! clocks are coarse. Sockets are not linked. Functions whose work grows with an argument are linked a second time, by
//! hand, so that they pay fuel: otherwise a guest could keep a thread busy for seconds between two yields.

use std::time::Duration;

use wasmtime::component::{Linker, Resource, ResourceTable};
use wasmtime_wasi::{
    HostMonotonicClock, HostWallClock, WasiCtx, WasiView,
    cli::{WasiCli, WasiCliView},
    clocks::{WasiClocks, WasiClocksView},
    filesystem::{WasiFilesystem, WasiFilesystemView},
    p2::{
        DynOutputStream, DynPollable, StreamResult,
        bindings::{cli, clocks, filesystem, random},
    },
    random::WasiRandom,
};
use wasmtime_wasi_io::bindings::wasi::io::{error, poll, streams};

use super::{CALL, Paced, charge, clock::ClockCtx, output::Output};

/// Random bytes a guest may ask for at once.
const MAX_RANDOM_BYTES: u64 = 64 << 10;
/// Resources of the empty world that a guest may hold.
const MAX_RESOURCES: usize = 256;
/// Fuel for one byte of standard output or error, or of randomness.
const PER_BYTE: u64 = 100;
/// Fuel for one entry of a list of pollables.
const PER_POLLABLE: u64 = 1_000;

/// The state of one instance's empty world.
pub(crate) struct EmptyWorld {
    ctx: WasiCtx,
    table: ResourceTable,
}

impl std::fmt::Debug for EmptyWorld {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmptyWorld")
    }
}

impl EmptyWorld {
    /// A world whose only openings are two output streams and a clock.
    pub(crate) fn new(stdout: Output, stderr: Output, clock: ClockCtx) -> Self {
        let mut builder = WasiCtx::builder();
        builder.stdout(stdout).stderr(stderr).max_random_size(MAX_RANDOM_BYTES);
        builder.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
        builder.wall_clock(CoarseClock(clock)).monotonic_clock(CoarseClock(clock));
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        Self { ctx: builder.build(), table }
    }

    /// What the linked functions see.
    pub(crate) fn view(&mut self) -> wasmtime_wasi::WasiCtxView<'_> {
        wasmtime_wasi::WasiCtxView { ctx: &mut self.ctx, table: &mut self.table }
    }
}

struct CoarseClock(ClockCtx);

impl HostWallClock for CoarseClock {
    fn resolution(&self) -> Duration {
        self.0.resolution()
    }

    fn now(&self) -> Duration {
        self.0.wall()
    }
}

impl HostMonotonicClock for CoarseClock {
    fn resolution(&self) -> u64 {
        nanoseconds(self.0.resolution())
    }

    fn now(&self) -> u64 {
        nanoseconds(self.0.monotonic())
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

struct HasIo;

impl wasmtime::component::HasData for HasIo {
    type Data<'a> = &'a mut ResourceTable;
}

/// Answers the empty world's interfaces.
///
/// # Errors
/// If the linker has one of them already.
pub(crate) fn link<T: Paced + WasiView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    link_whole_interfaces(linker)?;
    linker.allow_shadowing(true);
    let linked = link_poll(linker).and_then(|()| link_streams(linker)).and_then(|()| link_random(linker));
    linker.allow_shadowing(false);
    linked
}

fn link_whole_interfaces<T: Paced + WasiView>(l: &mut Linker<T>) -> wasmtime::Result<()> {
    error::add_to_linker::<T, HasIo>(l, |t| t.ctx().table)?;
    poll::add_to_linker::<T, HasIo>(l, |t| t.ctx().table)?;
    streams::add_to_linker::<T, HasIo>(l, |t| t.ctx().table)?;
    clocks::wall_clock::add_to_linker::<T, WasiClocks>(l, T::clocks)?;
    clocks::monotonic_clock::add_to_linker::<T, WasiClocks>(l, T::clocks)?;
    random::random::add_to_linker::<T, WasiRandom>(l, |t| t.ctx().ctx.random())?;
    random::insecure::add_to_linker::<T, WasiRandom>(l, |t| t.ctx().ctx.random())?;
    random::insecure_seed::add_to_linker::<T, WasiRandom>(l, |t| t.ctx().ctx.random())?;
    filesystem::types::add_to_linker::<T, WasiFilesystem>(l, T::filesystem)?;
    filesystem::preopens::add_to_linker::<T, WasiFilesystem>(l, T::filesystem)?;
    cli::exit::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::environment::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::stdin::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::stdout::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::stderr::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::terminal_input::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::terminal_output::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::terminal_stdin::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::terminal_stdout::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::terminal_stderr::add_to_linker::<T, WasiCli>(l, T::cli)
}

fn link_poll<T: Paced + WasiView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    let mut instance = linker.instance("wasi:io/poll@0.2.12")?;
    instance.func_wrap_async("poll", |mut store, (pollables,): (Vec<Resource<DynPollable>>,)| {
        Box::new(async move {
            charge(&mut store, CALL + PER_POLLABLE.saturating_mul(pollables.len() as u64)).await?;
            Ok((poll::Host::poll(store.data_mut().ctx().table, pollables).await?,))
        })
    })
}

type StreamReply = (Result<(), streams::StreamError>,);

fn reply(table: &mut ResourceTable, result: StreamResult<()>) -> wasmtime::Result<StreamReply> {
    match result {
        Ok(()) => Ok((Ok(()),)),
        Err(error) => Ok((Err(streams::Host::convert_stream_error(table, error)?),)),
    }
}

fn link_streams<T: Paced + WasiView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    use streams::HostOutputStream as Stream;
    type Handle = Resource<DynOutputStream>;

    let mut instance = linker.instance("wasi:io/streams@0.2.12")?;
    instance.func_wrap_async("[method]output-stream.write", |mut store, (stream, bytes): (Handle, Vec<u8>)| {
        Box::new(async move {
            charge(&mut store, CALL + PER_BYTE * bytes.len() as u64).await?;
            let table = store.data_mut().ctx().table;
            let written = Stream::write(table, stream, bytes);
            reply(table, written)
        })
    })?;
    instance.func_wrap_async(
        "[method]output-stream.blocking-write-and-flush",
        |mut store, (stream, bytes): (Handle, Vec<u8>)| {
            Box::new(async move {
                charge(&mut store, CALL + PER_BYTE * bytes.len() as u64).await?;
                let table = store.data_mut().ctx().table;
                let written = Stream::blocking_write_and_flush(table, stream, bytes).await;
                reply(table, written)
            })
        },
    )?;
    instance.func_wrap_async("[method]output-stream.write-zeroes", |mut store, (stream, len): (Handle, u64)| {
        Box::new(async move {
            charge(&mut store, PER_BYTE.saturating_mul(len).saturating_add(CALL)).await?;
            let table = store.data_mut().ctx().table;
            let written = Stream::write_zeroes(table, stream, len);
            reply(table, written)
        })
    })?;
    instance.func_wrap_async(
        "[method]output-stream.blocking-write-zeroes-and-flush",
        |mut store, (stream, len): (Handle, u64)| {
            Box::new(async move {
                charge(&mut store, PER_BYTE.saturating_mul(len).saturating_add(CALL)).await?;
                let table = store.data_mut().ctx().table;
                let written = Stream::blocking_write_zeroes_and_flush(table, stream, len).await;
                reply(table, written)
            })
        },
    )
}

fn link_random<T: Paced + WasiView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    let mut instance = linker.instance("wasi:random/random@0.2.12")?;
    instance.func_wrap_async("get-random-bytes", |mut store, (len,): (u64,)| {
        Box::new(async move {
            charge(&mut store, PER_BYTE.saturating_mul(len).saturating_add(CALL)).await?;
            Ok((random::random::Host::get_random_bytes(store.data_mut().ctx().ctx.random(), len)?,))
        })
    })?;
    let mut instance = linker.instance("wasi:random/insecure@0.2.12")?;
    instance.func_wrap_async("get-insecure-random-bytes", |mut store, (len,): (u64,)| {
        Box::new(async move {
            charge(&mut store, PER_BYTE.saturating_mul(len).saturating_add(CALL)).await?;
            Ok((random::insecure::Host::get_insecure_random_bytes(store.data_mut().ctx().ctx.random(), len)?,))
        })
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use wasmtime::{Store, component::Component};
    use wasmtime_wasi::{I32Exit, WasiCtxView};

    use super::*;
    use crate::{
        capability::{
            Pace,
            clock::ClockGrant,
            log::{LogCtx, LogGrant},
        },
        telemetry::{Level, Log, LogRecord, LogSink},
    };

    struct Deaf;

    impl LogSink for Deaf {
        fn log(&self, _: &LogRecord<'_>) {}
    }

    struct State {
        world: EmptyWorld,
        pace: Pace,
    }

    impl Paced for State {
        fn pace(&mut self) -> &mut Pace {
            &mut self.pace
        }
    }

    impl WasiView for State {
        fn ctx(&mut self) -> WasiCtxView<'_> {
            self.world.view()
        }
    }

    /// Runs a component of one core function that calls the import `$call` and answers a number.
    async fn run(import: &str, lower: &str, signature: &str, body: &str, fuel: u64) -> wasmtime::Result<u32> {
        let text = format!(
            r#"(component {import}
                (core module $heap (memory (export "memory") 2)
                  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
                (core instance $heap (instantiate $heap))
                (alias core export $heap "memory" (core memory $memory))
                (alias core export $heap "realloc" (core func $realloc))
                (core func $call (canon lower (func $api "{lower}") (memory $memory) (realloc $realloc)))
                (core module $main (import "env" "memory" (memory 1)) (import "env" "call" (func $call {signature}))
                  (func (export "run") (result i32) {body}))
                (core instance $main (instantiate $main (with "env" (instance
                  (export "memory" (memory $memory)) (export "call" (func $call))))))
                (func (export "run") (result u32) (canon lift (core func $main "run"))))"#
        );
        let mut config = wasmtime::Config::new();
        config.consume_fuel(true).concurrency_support(false);
        let engine = wasmtime::Engine::new(&config)?;
        let component = Component::from_binary(&engine, &wat::parse_str(text).unwrap()).unwrap();
        let mut linker = Linker::new(&engine);
        link(&mut linker)?;
        let log = Arc::new(LogCtx::new("billing", LogGrant::per_second(10, 1024), Log::new(Arc::new(Deaf))));
        let stream = || Output::new(Level::Info, Arc::clone(&log));
        let world = EmptyWorld::new(stream(), stream(), ClockCtx::new(ClockGrant::default()));
        let mut store = Store::new(&engine, State { world, pace: Pace::default() });
        store.set_fuel(fuel)?;
        let instance = linker.instantiate_async(&mut store, &component).await?;
        let run = instance.get_typed_func::<(), (u32,)>(&mut store, "run")?;
        Ok(run.call_async(&mut store, ()).await?.0)
    }

    const RANDOM: &str = r#"(import "wasi:random/random@0.2.0" (instance $api
        (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))"#;

    async fn take_random(len: u64, fuel: u64) -> wasmtime::Result<u32> {
        let body = format!("(call $call (i64.const {len}) (i32.const 16)) (i32.load (i32.const 20))");
        run(RANDOM, "get-random-bytes", "(param i64 i32)", &body, fuel).await
    }

    #[tokio::test]
    async fn there_is_randomness_in_small_amounts() {
        assert_eq!(take_random(32, 10_000_000).await.unwrap(), 32);
        assert_eq!(take_random(MAX_RANDOM_BYTES, 10_000_000).await.unwrap(), 65_536);
    }

    #[tokio::test]
    async fn too_much_of_it_is_refused_or_too_dear() {
        let error = take_random(MAX_RANDOM_BYTES + 1, 10_000_000).await.unwrap_err();
        assert!(error.root_cause().to_string().contains("exceeds limit 65536"), "{error:#}");
        let error = take_random(60_000, 5_000_000).await.unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&wasmtime::Trap::OutOfFuel));
    }

    #[tokio::test]
    async fn there_are_no_environment_and_no_files() {
        for (import, name) in [
            (
                r#"(import "wasi:cli/environment@0.2.0" (instance $api
                (export "get-environment" (func (result (list (tuple string string)))))))"#,
                "get-environment",
            ),
            (
                r#"(import "wasi:cli/environment@0.2.0" (instance $api
                (export "get-arguments" (func (result (list string))))))"#,
                "get-arguments",
            ),
            (
                r#"(import "wasi:filesystem/types@0.2.0" (instance $types
                (export "descriptor" (type $descriptor (sub resource)))))
                (alias export $types "descriptor" (type $descriptor))
                (import "wasi:filesystem/preopens@0.2.0" (instance $api
                (alias outer 1 $descriptor (type $d)) (export "descriptor" (type $e (eq $d)))
                (export "get-directories" (func (result (list (tuple (own $e) string)))))))"#,
                "get-directories",
            ),
        ] {
            let body = "(i32.store (i32.const 20) (i32.const 7)) (call $call (i32.const 16)) (i32.load (i32.const 20))";
            assert_eq!(run(import, name, "(param i32)", body, 1_000_000).await.unwrap(), 0, "{name}");
        }
    }

    #[tokio::test]
    async fn an_exit_ends_the_guest_and_not_the_host() {
        let import = r#"(import "wasi:cli/exit@0.2.0" (instance $api
            (export "exit" (func (param "status" (result))))))"#;
        let error = run(import, "exit", "(param i32)", "(call $call (i32.const 1)) (i32.const 0)", 1_000_000).await;
        assert!(error.unwrap_err().is::<I32Exit>());
    }
}
