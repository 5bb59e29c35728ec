//! `conduit`: see `conduit --help` and docs/cli.md.

/// Many small, short-lived allocations on a few threads: see docs/adr/0011.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    conduit::run(std::env::args_os())
}
