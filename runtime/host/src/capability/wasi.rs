//! The empty world: what toolchains import unasked from `wasi:cli`, `io`, `clocks`, `random` and `filesystem`.
//!
//! No arguments, no environment, no files, an empty standard input; standard output and error go to the capped log;
//! clocks are coarse. Sockets are not linked. Clocks, randomness and functions whose work grows with an argument are linked a
//! second time, by hand, so that they pay fuel: otherwise a guest could keep a thread busy for seconds between two yields.

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
    let linked = linked.and_then(|()| link_clocks(linker));
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

fn link_clocks<T: Paced + WasiView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    use clocks::{monotonic_clock::Host as Monotonic, wall_clock::Host as Wall};

    let mut instance = linker.instance("wasi:clocks/monotonic-clock@0.2.12")?;
    instance.func_wrap_async("now", |mut store, (): ()| {
        Box::new(async move {
            charge(&mut store, CALL).await?;
            Ok((Monotonic::now(&mut store.data_mut().clocks())?,))
        })
    })?;
    instance.func_wrap_async("resolution", |mut store, (): ()| {
        Box::new(async move {
            charge(&mut store, CALL).await?;
            Ok((Monotonic::resolution(&mut store.data_mut().clocks())?,))
        })
    })?;
    instance.func_wrap_async("subscribe-instant", |mut store, (when,): (u64,)| {
        Box::new(async move {
            charge(&mut store, CALL).await?;
            Ok((Monotonic::subscribe_instant(&mut store.data_mut().clocks(), when)?,))
        })
    })?;
    instance.func_wrap_async("subscribe-duration", |mut store, (duration,): (u64,)| {
        Box::new(async move {
            charge(&mut store, CALL).await?;
            Ok((Monotonic::subscribe_duration(&mut store.data_mut().clocks(), duration)?,))
        })
    })?;
    let mut instance = linker.instance("wasi:clocks/wall-clock@0.2.12")?;
    instance.func_wrap_async("now", |mut store, (): ()| {
        Box::new(async move {
            charge(&mut store, CALL).await?;
            Ok((Wall::now(&mut store.data_mut().clocks())?,))
        })
    })?;
    instance.func_wrap_async("resolution", |mut store, (): ()| {
        Box::new(async move {
            charge(&mut store, CALL).await?;
            Ok((Wall::resolution(&mut store.data_mut().clocks())?,))
        })
    })
}

fn link_random<T: Paced + WasiView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    let mut instance = linker.instance("wasi:random/random@0.2.12")?;
    instance.func_wrap_async("get-random-bytes", |mut store, (len,): (u64,)| {
        Box::new(async move {
            charge(&mut store, PER_BYTE.saturating_mul(len).saturating_add(CALL)).await?;
            Ok((random::random::Host::get_random_bytes(store.data_mut().ctx().ctx.random(), len)?,))
        })
    })?;
    instance.func_wrap_async("get-random-u64", |mut store, (): ()| {
        Box::new(async move {
            charge(&mut store, CALL).await?;
            Ok((random::random::Host::get_random_u64(store.data_mut().ctx().ctx.random())?,))
        })
    })?;
    let mut instance = linker.instance("wasi:random/insecure@0.2.12")?;
    instance.func_wrap_async("get-insecure-random-u64", |mut store, (): ()| {
        Box::new(async move {
            charge(&mut store, CALL).await?;
            Ok((random::insecure::Host::get_insecure_random_u64(store.data_mut().ctx().ctx.random())?,))
        })
    })?;
    instance.func_wrap_async("get-insecure-random-bytes", |mut store, (len,): (u64,)| {
        Box::new(async move {
            charge(&mut store, PER_BYTE.saturating_mul(len).saturating_add(CALL)).await?;
            Ok((random::insecure::Host::get_insecure_random_bytes(store.data_mut().ctx().ctx.random(), len)?,))
        })
    })
}

#[cfg(test)]
mod tests;
