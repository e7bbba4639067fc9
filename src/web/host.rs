//! A storage object written in JavaScript, and the clocks beside it.

use super::convert;
use super::error::from_js;
use crate::error::{Error, Kind, Result};
use crate::json::{Fields, elements};
use crate::room::ask;
use crate::storage::{AT_ONCE_BYTES, FileInfo, ReadNow, Source, Storage};
use crate::store::Env;
use js_sys::{JsString, Promise, Uint8Array};
use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The object that the facade makes around a storage object: `Host` in `wasm-api.ts`.
    pub type Host;

    #[wasm_bindgen(method, catch)]
    fn list(this: &Host) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn read(this: &Host, name: &str, start: f64, end: f64) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = createBegin)]
    fn create_begin(this: &Host, name: &str, expected: f64) -> std::result::Result<f64, JsValue>;
    // `chunk` crosses as a view of our memory, which the host copies before it returns.
    #[wasm_bindgen(method, catch, js_name = createPush)]
    fn create_push(this: &Host, handle: f64, chunk: &[u8]) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = createEnd)]
    fn create_end(this: &Host, handle: f64) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = createAbort)]
    fn create_abort(this: &Host, handle: f64) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn append(this: &Host, name: &str, at: f64, bytes: Uint8Array) -> std::result::Result<Promise, JsValue>;
    // `bytes` crosses as a view of our memory. False where the host has to wait: then nothing was done.
    #[wasm_bindgen(method, catch, js_name = appendNow)]
    fn append_now(this: &Host, name: &JsString, at: f64, bytes: &[u8]) -> std::result::Result<bool, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn remove(this: &Host, name: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, js_name = readsNow)]
    fn reads_now(this: &Host) -> bool;
    // `out` crosses as a view of our memory, so the host reads into its place without a copy. Only a host that calls
    // us in the middle of it can make the memory grow and detach the view; filling it then throws.
    #[wasm_bindgen(method, catch, js_name = readNow)]
    fn read_now(this: &Host, name: &str, at: f64, out: &mut [u8]) -> std::result::Result<(), JsValue>;
    #[wasm_bindgen(method)]
    fn now(this: &Host) -> f64;
    #[wasm_bindgen(method)]
    fn monotonic(this: &Host) -> f64;
    #[wasm_bindgen(method, catch, js_name = yieldNow)]
    fn yield_now(this: &Host) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn rest(this: &Host) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method)]
    fn random(this: &Host) -> Uint8Array;
    #[wasm_bindgen(method)]
    fn progress(this: &Host, phase: &str, done: f64, total: f64);
}

/// The five verbs over a [`Host`].
pub struct HostStorage {
    host: Rc<Host>,
    /// The file that was appended to last: its name crosses once.
    log: RefCell<Option<(String, JsString)>>,
}

pub(super) async fn settled(promise: std::result::Result<Promise, JsValue>) -> Result<JsValue> {
    promise.map_err(from_js)?.await.map_err(from_js)
}

/// A file as `list()` gives it.
fn listed(file: &str) -> Result<FileInfo> {
    let file = Fields::read("a file", file)?;
    match (file.string("name")?, file.natural("length")?) {
        (Some(name), Some(length)) => Ok(FileInfo { name, length }),
        _ => Err(Error::invalid("a file without a name or a length")),
    }
}

impl HostStorage {
    /// Over this host.
    pub fn new(host: Rc<Host>) -> HostStorage {
        HostStorage { host, log: RefCell::default() }
    }

    /// Where the host reads without waiting: into its place, without a buffer of the host's and the copy out of it, which
    /// take longer than the reading. A failure is for the other way to tell.
    #[inline(never)]
    fn read_at_once(&self, name: &str, range: &Range<u64>) -> Option<Vec<u8>> {
        let length = range.end.checked_sub(range.start)? as usize;
        if !AT_ONCE_BYTES.contains(&length) || !self.host.reads_now() {
            return None;
        }
        ask(length).ok()?;
        let mut out = vec![0; length];
        self.host.read_now(name, range.start as f64, &mut out).ok()?;
        Some(out)
    }

    /// Appends where the host can without waiting; says whether it could.
    fn append_at_once(&self, name: &str, at: u64, bytes: &[u8]) -> Result<bool> {
        let mut log = self.log.borrow_mut();
        let (_, known) = match &mut *log {
            Some(log) if log.0 == name => log,
            log => log.insert((name.to_owned(), JsString::from(name))),
        };
        self.host.append_now(known, at as f64, bytes).map_err(from_js)
    }
}

impl Storage for HostStorage {
    async fn list(&self) -> Result<Vec<FileInfo>> {
        let listed_json = settled(self.host.list()).await?;
        let json = listed_json.as_string().unwrap_or_default();
        let files: Result<_> =
            elements("files", &json).and_then(|files| files.into_iter().map(listed).collect());
        files.map_err(|cause| {
            Error::new(
                Kind::Unavailable,
                format!(
                    "list() of the storage object did not give names and lengths of files: {}",
                    cause.message
                ),
            )
        })
    }

    async fn read(&self, name: &str, range: Range<u64>) -> Result<Vec<u8>> {
        if let Some(bytes) = self.read_at_once(name, &range) {
            return Ok(bytes);
        }
        let bytes = settled(self.host.read(name, range.start as f64, range.end as f64)).await?;
        let bytes: Uint8Array = bytes.dyn_into().map_err(|_| {
            Error::new(Kind::Unavailable, "read() of the storage object did not give a Uint8Array")
        })?;
        let (expected, got) = (range.end - range.start, u64::from(bytes.length()));
        if expected != got {
            let message = format!("read() of the storage object gave another number of bytes of {name}");
            return Err(Error::new(Kind::Unavailable, message).with(expected, got));
        }
        convert::bytes(&bytes)
    }

    async fn create(&self, name: &str, source: &mut impl Source) -> Result<()> {
        let handle = self.host.create_begin(name, source.expected() as f64).map_err(from_js)?;
        loop {
            let pushed = match source.next().await {
                Ok(None) => break,
                Ok(Some(piece)) => settled(self.host.create_push(handle, &piece)).await.map(drop),
                Err(cause) => Err(cause),
            };
            if let Err(cause) = pushed {
                let _ = settled(self.host.create_abort(handle)).await;
                return Err(cause);
            }
        }
        settled(self.host.create_end(handle)).await.map(drop)
    }

    async fn append(&self, name: &str, at: u64, bytes: &[u8]) -> Result<()> {
        if self.append_at_once(name, at, bytes)? {
            return Ok(());
        }
        settled(self.host.append(name, at as f64, Uint8Array::from(bytes))).await.map(drop)
    }

    async fn remove(&self, name: &str) -> Result<()> {
        settled(self.host.remove(name)).await.map(drop)
    }

    fn reader(&self) -> Option<Rc<dyn ReadNow>> {
        self.host.reads_now().then(|| Rc::new(HostReader(self.host.clone())) as Rc<dyn ReadNow>)
    }
}

/// Reading through a [`Host`] without waiting.
struct HostReader(Rc<Host>);

impl ReadNow for HostReader {
    fn read_now(&self, name: &str, at: u64, out: &mut [u8]) -> Result<()> {
        self.0.read_now(name, at as f64, out).map_err(from_js)
    }
}

/// Longest time between two yields, in milliseconds: half a frame, so that a page stays smooth.
const SLICE_MS: f64 = 8.0;

/// Clocks and manners of a [`Host`].
pub struct HostEnv {
    pub(super) host: Rc<Host>,
    /// When control was last given away.
    yielded: std::cell::Cell<f64>,
    /// When progress was last reported: the boundary is not crossed for every block.
    reported: std::cell::Cell<f64>,
}

impl HostEnv {
    /// The surroundings that `host` stands for.
    pub fn new(host: Rc<Host>) -> HostEnv {
        let now = host.monotonic();
        HostEnv { host, yielded: now.into(), reported: f64::NEG_INFINITY.into() }
    }
}

impl Env for HostEnv {
    fn now_ms(&self) -> u64 {
        self.host.now() as u64
    }

    fn monotonic_ms(&self) -> f64 {
        self.host.monotonic()
    }

    fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        let random = self.host.random();
        if random.length() == 16 {
            random.copy_to(&mut bytes);
        }
        bytes
    }

    fn progress(&self, phase: &str, done: u64, total: u64) {
        let now = self.host.monotonic();
        if done >= total || now - self.reported.get() >= 2.0 * SLICE_MS {
            self.reported.set(now);
            self.host.progress(phase, done as f64, total as f64);
        }
    }

    async fn yield_now(&self) {
        if self.host.monotonic() - self.yielded.get() < SLICE_MS {
            return;
        }
        // A host that cannot yield only costs smoothness.
        let _ = settled(self.host.yield_now()).await;
        self.yielded.set(self.host.monotonic());
    }

    async fn rest(&self) {
        let _ = settled(self.host.rest()).await;
        self.yielded.set(self.host.monotonic());
    }
}
