//! Every byte of a small database changed, every file cut at every length, every file missing, and pairs of those.

use super::support::model::Step;
use super::world::{World, row, steps, world};
use lodestore::index::Metric;
use rand::{Rng, SeedableRng};

fn worlds() -> Vec<(&'static str, World)> {
    let once = vec![
        Step::Collection("c0".to_owned(), Metric::Cosine),
        Step::Upsert("c0".to_owned(), vec![row(1), row(2)]),
        Step::Checkpoint,
        Step::Upsert("c0".to_owned(), vec![row(3)]),
        Step::DeleteIds("c0".to_owned(), vec!["r1".to_owned()]),
        Step::Upsert("c0".to_owned(), vec![row(4)]),
    ];
    let never: Vec<Step> = steps().into_iter().filter(|step| !matches!(step, Step::Checkpoint)).collect();
    vec![("two snapshots", world(&steps())), ("one snapshot", world(&once)), ("only a log", world(&never))]
}

#[test]
fn every_changed_byte() {
    for (which, world) in worlds() {
        let (mut opened, mut salvaged, mut refused) = (0, 0, 0);
        for (name, bytes) in &world.files {
            for at in 0..bytes.len() {
                for flip in [0x01, 0x80, 0xFF] {
                    let mut damaged = world.files.clone();
                    damaged.get_mut(name).unwrap()[at] ^= flip;
                    match world.salvaged(&damaged, &format!("{which}: {name}, byte {at} ^ {flip}")) {
                        Some((_, None)) => opened += 1,
                        Some((_, Some(_))) => salvaged += 1,
                        None => refused += 1,
                    }
                }
            }
        }
        println!("{which}: {opened} opened, {salvaged} salvaged, {refused} refused");
        assert!(salvaged > 100, "{which}: {opened} {salvaged} {refused}");
        // With two snapshots there always is one to go by.
        assert!(which != "two snapshots" || refused == 0, "{refused}");
    }
}

#[test]
fn every_length_and_every_missing_file() {
    for (which, world) in worlds() {
        for (name, bytes) in &world.files {
            for length in 0..bytes.len() {
                let mut damaged = world.files.clone();
                damaged.get_mut(name).unwrap().truncate(length);
                let plain =
                    super::support::open(lodestore::storage::MemoryStorage::from_files(damaged.clone()));
                // A log that is cut within its last frame is what a crash leaves: that opens.
                if plain.is_err() {
                    world.salvaged(&damaged, &format!("{which}: {name} cut to {length}"));
                }
            }
            let mut damaged = world.files.clone();
            damaged.remove(name);
            world.salvaged(&damaged, &format!("{which}: without {name}"));
        }
    }
}

#[test]
fn several_at_once() {
    for (which, world) in worlds() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(11);
        let names: Vec<&String> = world.files.keys().collect();
        for round in 0..3_000 {
            let mut damaged = world.files.clone();
            let mut what = format!("{which}, round {round}:");
            for _ in 0..rng.random_range(2..5) {
                let name = names[rng.random_range(0..names.len())];
                let Some(bytes) = damaged.get_mut(name).filter(|bytes| !bytes.is_empty()) else { continue };
                let at = rng.random_range(0..bytes.len());
                what += &format!(" {name} {at}");
                match rng.random_range(0..20) {
                    // That the newest log is gone or was cut short, only a snapshot can tell.
                    0 if !name.starts_with("log-") => drop(damaged.remove(name)),
                    1 if !name.starts_with("log-") => bytes.truncate(at),
                    _ => bytes[at] ^= rng.random_range(1..=255u8),
                }
            }
            world.salvaged(&damaged, &what);
        }
    }
}
