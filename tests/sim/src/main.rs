//! Deterministic simulation: `cargo xtask sim`. One seed drives a workload, a faulty storage and the clock; what is
//! left after each crash is compared with a model.

mod check;
mod choose;
mod client;
mod dice;
mod env;
mod explore;
mod faults;
mod medium;
mod model;
mod mutant;
mod oracle;
mod run;
mod storage;
mod world;

use explore::Tally;
use std::rc::Rc;

fn main() {
    let seed: u64 = std::env::args().nth(1).unwrap().parse().unwrap();
    let n: u64 = std::env::args().nth(2).unwrap().parse().unwrap();
    let tally = Rc::new(Tally::default());
    let t = std::time::Instant::now();
    for s in seed..seed + n {
        let r = std::panic::catch_unwind(|| {
            let tally = Rc::new(Tally::default());
            world::run(s, None, n == 1, &tally);
            (tally.crashes.get(), tally.writes.get(), tally.flips.get())
        });
        match r { Err(_) => println!("seed {s} failed"), Ok(c) => { tally.crashes.set(tally.crashes.get() + c.0); tally.writes.set(tally.writes.get() + c.1);tally.flips.set(tally.flips.get() + c.2) } }
    }
    println!("{} crashes {} writes {} flips in {:?}", tally.crashes.get(), tally.writes.get(), tally.flips.get(), t.elapsed());
}
