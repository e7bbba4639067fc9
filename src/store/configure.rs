//! Configurations as writes: making a collection, comparing it with what is asked for, changing it in place.

use super::database::Database;
use super::env::Env;
use super::intent::Intent;
use super::write::Written;
use crate::collection::Config;
use crate::error::Result;
use crate::storage::Storage;

impl<S: Storage, E: Env> Database<S, E> {
    /// Makes a collection, or checks that the one of that name has this configuration. Without one it has to
    /// be there. `Mismatch` says what differs.
    pub async fn collection(&self, name: &str, config: Option<Config>) -> Result<()> {
        let name = name.to_owned();
        let intent = match config {
            Some(config) => Intent::collection(name, Box::new(|_| Ok(config))),
            None => Intent::existing(name),
        };
        self.write(intent).await.map(drop)
    }

    /// Changes everything but the model and the dimension in place.
    pub async fn configure(&self, name: &str, config: Config) -> Result<Written> {
        self.write(Intent::configure(name.to_owned(), Box::new(|_| Ok(config)))).await
    }
}
