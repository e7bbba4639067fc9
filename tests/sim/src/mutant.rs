//! Storages that break the contract: what the checks must report, or they prove nothing.

use crate::dice::Dice;
use crate::medium::Effect;

/// How it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// An append is acknowledged and did not happen.
    LosesAppends,
    /// An append is acknowledged, and its last bytes are missing.
    CutsAppends,
    /// A new file is acknowledged, and its last bytes are missing.
    CutsFiles,
    /// Bytes are not those that were written.
    FlipsBits,
    /// Appends do not look at the length: two writers interleave.
    AppendsAnywhere,
    /// An upsert is acknowledged by the program before it is written.
    AcknowledgesEarly,
    /// A write that was refused is taken for done by the model: the checks must see that it is not there.
    Invents,
}

impl Mutant {
    pub const ALL: [Mutant; 7] = [
        Mutant::LosesAppends,
        Mutant::CutsAppends,
        Mutant::CutsFiles,
        Mutant::FlipsBits,
        Mutant::AppendsAnywhere,
        Mutant::AcknowledgesEarly,
        Mutant::Invents,
    ];

    /// How many bytes of an acknowledged call arrive.
    pub fn arrived(self, effect: &Effect, dice: &Dice) -> usize {
        let all = effect.len();
        match (self, effect) {
            (Mutant::LosesAppends, Effect::Append(..)) if dice.chance(30) => 0,
            (Mutant::CutsAppends, Effect::Append(..)) if dice.chance(30) => {
                all - dice.between(1, all.min(40))
            }
            (Mutant::CutsFiles, Effect::Create(..)) if dice.chance(30) => all - dice.between(1, all.min(40)),
            _ => all,
        }
    }

    pub fn read(self, bytes: &mut [u8], dice: &Dice) {
        if self == Mutant::FlipsBits && !bytes.is_empty() && dice.chance(30) {
            bytes[dice.below(bytes.len())] ^= 1 << dice.below(8);
        }
    }

    pub fn appends_anywhere(self) -> bool {
        self == Mutant::AppendsAnywhere
    }
}
