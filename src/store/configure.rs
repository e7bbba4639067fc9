//! Configurations as writes: making a collection, comparing it with what is asked for, changing it in place.

use super::database::Database;
use super::env::Env;
use super::write::{Intent, Written};
use crate::collection::{Collection, Config, Op, State};
use crate::error::Result;
use crate::storage::Storage;

/// Makes a configuration out of the stored one, if there is one: what a caller leaves out is as stored.
pub type Asked = Box<dyn FnOnce(Option<&Config>) -> Result<Config>>;

impl<S: Storage, E: Env> Database<S, E> {
    /// Makes a collection, or checks that the one of that name has this configuration. Without one it has to
    /// be there. `Mismatch` says what differs.
    pub async fn collection(&self, name: &str, config: Option<Config>) -> Result<()> {
        match config {
            Some(config) => self.collection_as(name, Box::new(|_| Ok(config))).await,
            None => {
                let name = name.to_owned();
                let resolve = move |state: &State| state.named(&name).map(|_| None);
                self.write(Intent::Resolve(Box::new(resolve))).await.map(drop)
            }
        }
    }

    /// As [`Database::collection`], with a configuration that is made from the stored one when its turn has come.
    pub async fn collection_as(&self, name: &str, config: Asked) -> Result<()> {
        let owned = name.to_owned();
        let resolve = move |state: &State| {
            let stored = state.find(&owned).map(Collection::config);
            let config = config(stored)?;
            match stored {
                Some(stored) => stored.check_opened_as(&owned, &config).map(|()| None),
                None => {
                    let collection = state.next_collection;
                    Ok(Some((Op::Create { collection, name: owned, config, stages: None }, 0)))
                }
            }
        };
        self.write(Intent::Resolve(Box::new(resolve))).await.map(drop)
    }

    /// Changes everything but the model and the dimension in place.
    pub async fn configure(&self, name: &str, config: Config) -> Result<Written> {
        self.configure_as(name, Box::new(|_| Ok(config))).await
    }

    /// As [`Database::configure`], with a configuration that is made from the stored one when its turn has come.
    pub async fn configure_as(&self, name: &str, config: Asked) -> Result<Written> {
        let name = name.to_owned();
        let resolve = move |state: &State| {
            let stored = state.named(&name)?;
            let config = config(Some(stored.config()))?;
            let count = stored.len() as u64;
            let differs = *stored.config() != config;
            Ok(differs.then_some((Op::Configure { collection: stored.number, config }, count)))
        };
        self.write(Intent::Resolve(Box::new(resolve))).await
    }
}
