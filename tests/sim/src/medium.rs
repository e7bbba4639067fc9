//! What the files are made of: what is visible, what would outlast a power cut, and what a crash leaves.

use crate::dice::Dice;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Named files; clones share their bytes.
#[derive(Clone, Default)]
pub struct Image(pub BTreeMap<Rc<str>, Rc<Vec<u8>>>);

/// A call that changes files.
#[derive(Clone)]
pub enum Effect {
    Create(Rc<str>, Rc<Vec<u8>>),
    Append(Rc<str>, u64, Rc<Vec<u8>>),
    Remove(Rc<str>),
}

impl Effect {
    /// Bytes that are to arrive.
    pub fn len(&self) -> usize {
        match self {
            Effect::Create(_, bytes) | Effect::Append(_, _, bytes) => bytes.len(),
            Effect::Remove(_) => 0,
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Effect::Create(name, _) | Effect::Append(name, ..) | Effect::Remove(name) => name,
        }
    }
}

/// When what a completed call did is safe from a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// At once: the contract of the trait.
    Strict,
    /// Some time later, in the order of the calls: what is lost is a suffix.
    Late,
    /// Some time later, in any order: a file may be there that was made after one that is not.
    Jumbled,
}

/// Files under a promise.
pub struct Medium {
    pub live: Image,
    pub promise: Promise,
    /// What is safe, and what was done since.
    safe: Image,
    since: Vec<Effect>,
}

impl Image {
    /// Carries out a call of which `arrived` bytes arrive, with zeros behind them. An append behind a hole finds
    /// zeros in it; one to a file that is not there is lost.
    pub fn apply(&mut self, effect: &Effect, arrived: usize, zeros: usize) {
        match effect {
            Effect::Create(name, bytes) if arrived == bytes.len() && zeros == 0 => {
                self.0.insert(name.clone(), bytes.clone());
            }
            Effect::Create(name, bytes) => {
                let mut head = bytes[..arrived].to_vec();
                head.resize(arrived + zeros, 0);
                self.0.insert(name.clone(), Rc::new(head));
            }
            Effect::Append(name, at, bytes) => {
                let Some(file) = self.0.get_mut(name) else { return };
                let file = Rc::make_mut(file);
                file.resize((*at as usize).max(file.len()), 0);
                file.extend_from_slice(&bytes[..arrived]);
                file.resize(file.len() + zeros, 0);
            }
            Effect::Remove(name) => {
                self.0.remove(name);
            }
        }
    }
}

impl Medium {
    pub fn new(promise: Promise, image: Image) -> Medium {
        Medium { safe: image.clone(), live: image, promise, since: Vec::new() }
    }

    /// Carries out a call, or the first bytes of it.
    pub fn apply(&mut self, effect: &Effect, arrived: usize) {
        self.live.apply(effect, arrived, 0);
        if self.promise != Promise::Strict {
            let done = match effect {
                Effect::Create(name, bytes) => {
                    Effect::Create(name.clone(), Rc::new(bytes[..arrived].to_vec()))
                }
                Effect::Append(name, at, bytes) => {
                    Effect::Append(name.clone(), *at, Rc::new(bytes[..arrived].to_vec()))
                }
                Effect::Remove(_) => effect.clone(),
            };
            self.since.push(done);
        }
    }

    /// Everything so far is safe from here on.
    pub fn settle(&mut self) {
        self.safe = self.live.clone();
        self.since.clear();
    }

    /// The files after a crash in the middle of a call: it is as if it had not begun, or so many bytes had arrived,
    /// or all.
    pub fn crashed(&self, effect: Option<&Effect>, dice: &Dice) -> Image {
        match self.promise {
            Promise::Strict => {
                let mut image = self.live.clone();
                if let Some(effect) = effect {
                    torn(&mut image, effect, dice);
                }
                image
            }
            Promise::Late => {
                let mut image = self.safe.clone();
                let all: Vec<&Effect> = self.since.iter().chain(effect).collect();
                let kept = dice.below(all.len() + 1);
                all[..kept].iter().for_each(|effect| image.apply(effect, effect.len(), 0));
                if let Some(next) = all.get(kept) {
                    torn(&mut image, next, dice);
                }
                image
            }
            Promise::Jumbled => {
                let mut image = self.safe.clone();
                let lost = *dice.pick(&[100, 300, 500, 800]);
                for effect in self.since.iter().chain(effect) {
                    match dice.below(1000) {
                        throw if throw < lost => {}
                        throw if throw < lost + 100 => torn(&mut image, effect, dice),
                        _ => image.apply(effect, effect.len(), 0),
                    }
                }
                image
            }
        }
    }

    /// The process begins anew on the files that a crash left.
    pub fn restart(&mut self, image: Image) {
        self.live = image;
        self.settle();
    }
}

/// A call that the crash cut short.
fn torn(image: &mut Image, effect: &Effect, dice: &Dice) {
    let arrived = match dice.below(8) {
        0 => return,
        1 => effect.len(),
        // Where headers end and frames begin, and in the last bytes.
        2 => (*dice.pick(&[0, 1, 31, 32, 33, 79, 80, 81, 88, 112])).min(effect.len()),
        3 => effect.len() - dice.below(effect.len().min(8) + 1),
        _ => dice.below(effect.len() + 1),
    };
    let missing = effect.len() - arrived;
    let zeros = if dice.chance(250) { [missing, dice.below(missing + 1)][dice.below(2)] } else { 0 };
    // A removal happens or does not.
    if let Effect::Remove(_) = effect
        && dice.chance(500)
    {
        return;
    }
    image.apply(effect, arrived, zeros);
}
