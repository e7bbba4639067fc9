//! Damage: a flipped bit, a file cut short or gone, one or several of these, as far as anything can tell.

use crate::dice::Dice;
use crate::medium::Image;
use lodestore::format::header::{FileHeader, FileKind};
use lodestore::format::snapshot::decode_snapshot;
use std::rc::Rc;

/// Files of which some are not as they were written.
pub struct Damaged {
    pub image: Image,
    /// Which, each once.
    pub names: Vec<Rc<str>>,
}

/// The number in the name of a file that begins so.
pub fn generation(name: &str, start: &str) -> Option<u64> {
    name.strip_prefix(start)?.parse().ok()
}

/// The newest log that counts, the newest snapshot, and the log that it names.
struct Newest {
    log: Option<u64>,
    snapshot: Option<u64>,
    named: Option<u64>,
}

impl Newest {
    fn of(image: &Image) -> Newest {
        // A log that was being made counts for nothing.
        let logs = image.0.iter().filter(|(_, bytes)| FileHeader::decode(FileKind::Log, bytes).is_ok());
        let log = logs.filter_map(|(name, _)| generation(name, "log-")).max();
        let snapshot = image.0.keys().filter_map(|name| generation(name, "snapshot-")).max();
        let named = snapshot.and_then(|snapshot| {
            decode_snapshot(image.0.get(format!("snapshot-{snapshot}").as_str())?).ok()?.1.log
        });
        Newest { log, snapshot, named }
    }

    /// Whether it can be told that this file is gone. Of the newest log only the snapshot knows for which it was begun.
    fn is_missed(&self, name: &str) -> bool {
        generation(name, "log-").is_none_or(|log| Some(log) != self.log || Some(log) == self.named)
    }

    /// Whether it can be told that this file is shorter than it was: the newest log may as well be one that a crash cut.
    fn is_short(&self, name: &str) -> bool {
        generation(name, "log-").is_none_or(|log| Some(log) < self.log)
    }
}

/// Damages it. `None` where it may be that nothing could tell.
pub fn damage(image: &Image, dice: &Dice) -> Option<Damaged> {
    let newest = Newest::of(image);
    // An import whose log is not there yet: nothing but its snapshot knows of it.
    if newest.log < newest.snapshot || image.0.is_empty() {
        return None;
    }
    let mut damaged = Damaged { image: image.clone(), names: Vec::new() };
    let several = dice.chance(250);
    for _ in 0..if several { dice.between(2, 4) } else { 1 } {
        let names: Vec<Rc<str>> = damaged.image.0.keys().cloned().collect();
        let Some(name) = (!names.is_empty()).then(|| dice.pick(&names).clone()) else { break };
        // Of several files that are gone each might have told of the others; a log and the snapshot of an import, too.
        let tells = several && (name.starts_with("log-") || is_import(&name, &damaged.image));
        let damages = match dice.below(10) {
            0 | 1 if newest.is_missed(&name) && !tells => damaged.image.0.remove(&name).is_some(),
            2 if newest.is_short(&name) && !tells => cut(&mut damaged.image, &name, dice),
            0..3 => false,
            _ => {
                flip(&mut damaged, dice);
                continue;
            }
        };
        if damages && !damaged.names.contains(&name) {
            damaged.names.push(name);
        }
    }
    (!damaged.names.is_empty()).then_some(damaged)
}

fn is_import(name: &str, image: &Image) -> bool {
    let bytes = image.0.get(name).filter(|_| name.starts_with("snapshot-"));
    bytes.is_some_and(|bytes| decode_snapshot(bytes).is_ok_and(|(_, manifest)| manifest.log.is_none()))
}

/// Any bit of all files.
fn flip(damaged: &mut Damaged, dice: &Dice) {
    let bytes: usize = damaged.image.0.values().map(|file| file.len()).sum();
    let mut bit = dice.below(bytes * 8);
    for (name, file) in &mut damaged.image.0 {
        if bit < file.len() * 8 {
            Rc::make_mut(file)[bit / 8] ^= 1 << (bit % 8);
            if !damaged.names.contains(name) {
                damaged.names.push(name.clone());
            }
            return;
        }
        bit -= file.len() * 8;
    }
}

fn cut(image: &mut Image, name: &Rc<str>, dice: &Dice) -> bool {
    let Some(file) = image.0.get_mut(name).filter(|file| !file.is_empty()) else { return false };
    let length = dice.below(file.len());
    Rc::make_mut(file).truncate(length);
    true
}
