//! The demo: built on the packed package, its dictionary prepared, and served.

use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::args::Args;
use crate::run::{Failure, Result, command as program, prefixed, quiet, say, seconds};
use crate::setup::{node, npm};
use crate::{pack, paths};

const HOST: &str = "127.0.0.1";

/// `cargo xtask demo`
pub fn command(mut args: Args) -> Result<()> {
    let port = args.number("--port", 5199)?;
    let serve_it = !args.flag("--no-serve");
    args.done()?;
    if serve_it && TcpListener::bind((HOST, port)).is_err() {
        return Err(Failure::new(format!("port {port} is taken: choose another with --port")));
    }
    let start = Instant::now();
    build()?;
    if serve_it {
        return serve(port, start);
    }
    say("demo", format!("www/dist is built after {}", seconds(start)));
    Ok(())
}

/// Builds www/dist, from nothing if need be.
pub fn build() -> Result<()> {
    node::check()?;
    let www = paths::root().join("www");
    let prepare = |step: &str| {
        let mut node = program("node");
        prefixed("dictionary", node.args(["www/prepare/main.mjs", step]).current_dir(paths::root()))
    };
    std::thread::scope(|scope| {
        // Embedding takes as long as the compiler and does not depend on it.
        let embedded = scope.spawn(|| npm::install(&www).and_then(|()| prepare("embed")));
        let packed = pack::pack(false);
        embedded.join().unwrap_or(Ok(())).and(packed)
    })?;
    prepare("archive")?;
    quiet(npm::tool(&www, "vite")?.arg("build"))?;
    say("demo", "built www/dist");
    Ok(())
}

fn serve(port: u16, start: Instant) -> Result<()> {
    let www = paths::root().join("www");
    let mut vite = npm::tool(&www, "vite")?;
    vite.args(["preview", "--host", HOST, "--strictPort", "--port", &port.to_string()]);
    let server = vite.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
    let mut server = server.map_err(|error| Failure::new(format!("cannot start vite: {error}")))?;
    while TcpStream::connect((HOST, port)).is_err() {
        if let Ok(Some(status)) = server.try_wait() {
            return Err(Failure::new(format!("vite could not serve the demo: {status}")));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    say("demo", format!("ready after {}: http://{HOST}:{port}/  (Ctrl-C ends it)", seconds(start)));
    let status = server.wait().map_err(|error| Failure::new(format!("lost vite: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("vite ended: {status}"))) }
}
