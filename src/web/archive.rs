//! Archives of format 4: made, verified, and restored beside the database. All of it stands in the second part of the
//! module.

use super::convert::{self, json as as_json, promise};
use super::host::{Host, HostEnv, HostStorage};
use super::intake::WasmIntake;
use super::past::point;
use super::read::{self, reading_methods};
use super::store::{WasmStore, index};
use super::transfer::thrown;
use crate::collection::State;
use crate::error::{Error, Kind, Result};
use crate::format::archive4::{ArchiveKind, ArchiveV4};
use crate::json::{Fields, text};
use crate::store::{
    Backup, BackupOptions, Database, Env, Level, Secret, Stage, StageOptions, VerifyOptions, verify_archive,
};
use js_sys::{Array, Promise, Uint8Array};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// Longest that one slice of work on an index takes, in milliseconds: half a frame, so that a page stays smooth.
const SLICE_MS: f64 = 8.0;

/// A key, or a passphrase, or neither.
fn secret(key: Option<Vec<u8>>, passphrase: Option<String>) -> Result<Secret> {
    match (key, passphrase) {
        (None, None) => Ok(Secret::None),
        (None, Some(text)) => Ok(Secret::Passphrase(text.into_bytes())),
        (Some(key), _) => {
            let length = key.len();
            let key = key.try_into().map_err(|_| Error::invalid("a key has 32 bytes").with(32, length))?;
            Ok(Secret::Key(key))
        }
    }
}

/// What a new archive is to follow: database, then the section of its manifest.
fn reference(bytes: &[u8]) -> Result<([u8; 16], ArchiveV4)> {
    let damaged = || Error::invalid("`since` is no archive");
    let (database, section) = bytes.split_first_chunk().ok_or_else(damaged)?;
    Ok((*database, ArchiveV4::decode_section(section)?))
}

fn reference_to(database: &[u8; 16], archive: &ArchiveV4) -> Vec<u8> {
    [&database[..], &archive.encode_section()].concat()
}

fn options(json: &str, since: Option<Vec<u8>>, secret: Secret) -> Result<BackupOptions> {
    let fields = Fields::known("options", json, &["type", "compress", "index", "lossy"])?;
    let kind = match fields.string("type")?.as_deref() {
        None | Some("full") => ArchiveKind::Full,
        Some("differential") => ArchiveKind::Differential,
        Some("incremental") => ArchiveKind::Incremental,
        Some(other) => {
            return Err(
                Error::invalid("no such type of backup").with("full, differential or incremental", other)
            );
        }
    };
    Ok(BackupOptions {
        kind,
        since: since.map(|bytes| reference(&bytes)).transpose()?,
        compress: fields.boolean("compress")?.unwrap_or(false),
        secret,
        index: fields.boolean("index")?.unwrap_or(true),
        lossy: fields.boolean("lossy")?.unwrap_or(false),
    })
}

#[wasm_bindgen]
impl WasmStore {
    /// Begins a backup: a `WasmBackup`. `since` is what `reference` gave.
    #[wasm_bindgen(js_name = backupStart)]
    pub fn backup_start(
        &self,
        options_json: String,
        since: Option<Vec<u8>>,
        key: Option<Vec<u8>>,
        passphrase: Option<String>,
    ) -> Promise {
        let database = self.database.clone();
        promise(async move {
            let options = options(&options_json, since, secret(key, passphrase)?)?;
            let backup = database.backup(options).await?;
            Ok(WasmBackup(Rc::new(RefCell::new(Some(backup)))).into())
        })
    }

    /// Begins a restore of archives, up to a point if one is given: a `WasmStage`.
    #[wasm_bindgen(js_name = stageStart)]
    pub fn stage_start(&self, point_json: Option<String>) -> Promise {
        let database = self.database.clone();
        promise(async move {
            let to = point_json.map(|text| point(&text)).transpose()?;
            let stage = database.stage(StageOptions { to }).await?;
            Ok(WasmStage::new(database, stage).into())
        })
    }

    /// Begins a restore of what the database was at a point: a `WasmStage`.
    #[wasm_bindgen(js_name = stagePast)]
    pub fn stage_past(&self, point_json: String) -> Promise {
        let database = self.database.clone();
        promise(async move {
            let past = database.as_of(point(&point_json)?).await?;
            let stage = database.stage_past(past).await?;
            Ok(WasmStage::new(database, stage).into())
        })
    }
}

/// An archive in the making, which freeing ends.
#[wasm_bindgen]
pub struct WasmBackup(Rc<RefCell<Option<Backup<HostStorage, HostEnv>>>>);

#[wasm_bindgen]
impl WasmBackup {
    /// Its manifest: an `ArchiveManifest`.
    pub fn manifest(&self) -> String {
        self.0.borrow().as_ref().map_or_else(String::new, |backup| text(&backup.manifest))
    }

    /// By what an archive that follows this one is made: opaque bytes.
    pub fn reference(&self) -> Vec<u8> {
        let of = |backup: &Backup<HostStorage, HostEnv>| reference_to(&backup.database(), &backup.manifest);
        self.0.borrow().as_ref().map(of).unwrap_or_default()
    }

    /// The next pieces; undefined at the end. One call at a time.
    pub fn next(&self) -> Promise {
        let shared = self.0.clone();
        promise(async move {
            // Taken out for the time of the call, so that no borrow is held across the await.
            let Some(mut backup) = shared.borrow_mut().take() else {
                return Err(Error::invalid("this backup has ended, or its next() is still running"));
            };
            let pieces = convert::gathered(&mut backup).await?;
            Ok(match pieces {
                None => JsValue::UNDEFINED,
                Some(bytes) => {
                    *shared.borrow_mut() = Some(backup);
                    bytes.into()
                }
            })
        })
    }
}

/// Verifies an archive: give it the bytes. The outcome is `[reportJson, reference]`, where the latter is what an archive
/// that follows this one is made with.
#[wasm_bindgen(js_name = verifyStart)]
pub fn verify_start(
    host: Host,
    level: u32,
    key: Option<Vec<u8>>,
    passphrase: Option<String>,
    total_bytes: f64,
) -> WasmIntake {
    WasmIntake::start(move |mut feed| async move {
        let level = match level {
            1 => Level::Manifest,
            2 => Level::Checksums,
            _ => Level::Contents,
        };
        let env = HostEnv::new(Rc::new(host));
        let options =
            VerifyOptions { level, secret: secret(key, passphrase)?, total_bytes: total_bytes as u64 };
        let report = verify_archive(&env, &mut feed, &options).await?;
        let reference = report.archive.as_ref().map_or(JsValue::UNDEFINED, |archive| {
            Uint8Array::from(reference_to(&report.database, archive).as_slice()).into()
        });
        Ok(Array::of2(&as_json(&report), &reference).into())
    })
}

type Shared = Rc<RefCell<Option<Stage<HostStorage, HostEnv>>>>;

/// A restore beside the database.
#[wasm_bindgen]
pub struct WasmStage {
    database: Database<HostStorage, HostEnv>,
    /// Taken out for the time of what is being done to it.
    stage: Shared,
}

fn gone() -> Error {
    Error::new(Kind::Closed, "this restore has ended, or is busy: begin another, or wait for it")
}

/// Does something to a stage that takes its time.
async fn with<T>(
    shared: &Shared,
    work: impl AsyncFnOnce(&mut Stage<HostStorage, HostEnv>) -> Result<T>,
) -> Result<T> {
    let mut stage = shared.borrow_mut().take().ok_or_else(gone)?;
    let done = work(&mut stage).await;
    *shared.borrow_mut() = Some(stage);
    done
}

impl WasmStage {
    fn new(database: Database<HostStorage, HostEnv>, stage: Stage<HostStorage, HostEnv>) -> WasmStage {
        WasmStage { database, stage: Rc::new(RefCell::new(Some(stage))) }
    }

    fn read<T>(&self, work: impl FnOnce(&State) -> Result<T>) -> std::result::Result<T, JsValue> {
        thrown(self.stage.borrow().as_ref().ok_or_else(gone).and_then(|stage| work(stage.state()?)))
    }
}

#[wasm_bindgen]
impl WasmStage {
    /// Takes in an archive: give the bytes to what comes back. The outcome is its `ArchiveManifest`, or undefined.
    pub fn add(&self, key: Option<Vec<u8>>, passphrase: Option<String>, total_bytes: f64) -> WasmIntake {
        let shared = self.stage.clone();
        WasmIntake::start(move |mut feed| async move {
            let secret = secret(key, passphrase)?;
            with(&shared, async |stage| {
                let archive = stage.add(&mut feed, &secret, total_bytes as u64).await?;
                Ok(archive.map_or(JsValue::UNDEFINED, |archive| as_json(&archive)))
            })
            .await
        })
    }

    /// Ends the content phase: an `ImportResult` of what will be there.
    pub fn finish(&self) -> Promise {
        let shared = self.stage.clone();
        promise(async move { with(&shared, async |stage| Ok(as_json(&stage.finish().await?))).await })
    }

    /// Works on the index for some milliseconds: steps that are left.
    #[wasm_bindgen(js_name = indexSlice)]
    pub fn index_slice(&self) -> std::result::Result<f64, JsValue> {
        let mut shared = self.stage.borrow_mut();
        thrown(shared.as_mut().ok_or_else(gone).and_then(|stage| {
            let env = self.database.env();
            let start = env.monotonic_ms();
            while stage.index_step()? && env.monotonic_ms() - start < SLICE_MS {}
            Ok(stage.index_steps_left()? as f64)
        }))
    }

    /// Makes it the database: an `ImportResult`, to which the entry of the audit log puts the fields of `more_json`. It has
    /// ended then.
    pub fn commit(&self, more_json: String) -> Promise {
        let (database, taken) = (self.database.clone(), self.stage.borrow_mut().take());
        promise(async move {
            let mut stage = taken.ok_or_else(gone)?;
            stage.tell(&more_json)?;
            let done = stage.commit().await;
            index(&database);
            done.map(|done| as_json(&done))
        })
    }

    /// Gives up. Nothing is left of it.
    pub fn abort(&self) -> Promise {
        let taken = self.stage.borrow_mut().take();
        promise(async move {
            if let Some(stage) = taken {
                stage.abort().await;
            }
            Ok(JsValue::UNDEFINED)
        })
    }

    /// The last write in it.
    pub fn seq(&self) -> std::result::Result<f64, JsValue> {
        self.read(|state| Ok(state.seq as f64))
    }

    /// When that was, in milliseconds since 1970.
    #[wasm_bindgen(js_name = timeMs)]
    pub fn time_ms(&self) -> f64 {
        self.stage.borrow().as_ref().map_or(0.0, |stage| stage.time_ms() as f64)
    }
}

reading_methods!(WasmStage);
