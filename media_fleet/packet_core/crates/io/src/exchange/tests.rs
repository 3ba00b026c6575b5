use parley_engine::{Command, Config, Credentials, Event, Output};

use super::*;

struct Nowhere(Vec<u8>);

impl Output for Nowhere {
    fn buffer(&mut self, len: usize) -> &mut [u8] {
        self.0.resize(len, 0);
        &mut self.0
    }

    fn send(&mut self, _to: Remote, _len: usize) {}

    fn event(&mut self, _event: Event) {}
}

const PWD: &str = "a-password-of-enough-length";

fn engine() -> Engine {
    Engine::new(Config {
        consent_timeout_us: 15_000_000,
        last_n_audio: 0,
        seed: 1,
    })
}

fn address(number: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], number))
}

/// Shows the engine an authentic check, as if another thread had received it.
fn check(exchange: &mut Exchange, engine: &mut Engine, ufrag: &str, from: SocketAddr, is_routed: bool) {
    let mut check = crate::checks::binding_request(ufrag, PWD);
    let now = parley_engine::Now { us: 1, ntp: 0 };
    let before = engine.checks();
    let remote = Remote::udp(from);
    engine.handle_datagram(now, 1, remote, &mut check, &mut Nowhere(Vec::new()));
    assert_eq!(engine.checks(), before + 1);
    let enclosed = Enclosed {
        from,
        came: None,
        len: check.len(),
        is_routed,
    };
    exchange.checked(engine, 0, &enclosed);
}

#[test]
fn each_ufrag_means_a_thread_and_each_thread_has_its_ufrags() {
    for threads in 1..=MAX_THREADS {
        for thread in 0..threads {
            let ufrag = format!("{}abc", ufrag_start(thread));
            assert_eq!(thread_of(ufrag.as_bytes(), threads), thread);
        }
        for byte in 0..=u8::MAX {
            assert!(thread_of(&[byte], threads) < threads);
        }
        assert!(thread_of(&[], threads) < threads);
    }
}

#[test]
fn who_is_at_an_address_stays_whoever_else_claims_it() {
    let mail = Arc::new(Mail::new(3).unwrap());
    let mut exchange = Exchange::new(0, mail);
    let engine = engine();
    let from = address(9);
    let notice = |held| Notice { from, held };
    exchange.note(&engine, 1, notice(Some(false)));
    exchange.note(&engine, 2, notice(Some(true)));
    let of_two = Route {
        thread: 2,
        held: true,
    };
    assert_eq!(exchange.routes[&from], of_two);
    for (thread, held) in [(1, Some(true)), (1, Some(false)), (1, None)] {
        exchange.note(&engine, thread, notice(held));
        assert_eq!(exchange.routes[&from], of_two);
    }
    // Once nobody is there any more, somebody else may come.
    exchange.note(&engine, 2, notice(Some(false)));
    exchange.note(&engine, 1, notice(Some(true)));
    assert_eq!(exchange.routes[&from].thread, 1);
    exchange.note(&engine, 1, notice(None));
    assert!(exchange.routes.is_empty());
}

#[test]
fn what_is_told_follows_the_engine_and_made_up_addresses_are_forgotten() {
    let mail = Arc::new(Mail::new(2).unwrap());
    let (mut owner, mut engine) = (Exchange::new(1, Arc::clone(&mail)), engine());
    let mut receiver = Exchange::new(0, mail);
    let here = self::engine();
    let now = parley_engine::Now { us: 1, ntp: 0 };
    let mut out = Nowhere(Vec::new());
    let credentials = Credentials {
        ufrag: "Bufrag".into(),
        pwd: PWD.into(),
    };
    engine.handle_command(now, Command::AddTransport(1, credentials), &mut out);
    // Somebody has credentials, and sends from everywhere.
    let mut most = 0;
    for number in 1..=20_000 {
        check(&mut owner, &mut engine, "Bufrag", address(number), false);
        owner.sweep(2, &engine);
        most = most.max(owner.told.len());
        if number % 100 == 0 {
            owner.post();
            let mut parcel = Parcel::default();
            receiver.open(&here, 1, &mut parcel);
            most = most.max(receiver.routes.len());
        }
    }
    assert!(most < 2 * SWEEP_GROWTH, "{most}");
    // What is told last holds: the engine knows the last few, and is at one of them.
    owner.next_sweep_us = 0;
    owner.sweep(3, &engine);
    receiver.open(&here, 1, &mut Parcel::default());
    assert_eq!(receiver.routes.len(), owner.told.len());
    let known = |from: &SocketAddr| engine.knows(Remote::udp(*from));
    assert!(receiver.routes.keys().all(known));
    let held = receiver.routes.values().filter(|route| route.held).count();
    assert_eq!(held, 1);
    engine.handle_command(now, Command::RemoveTransport(1), &mut out);
    owner.sweep(3 + SWEEP_US, &engine);
    receiver.open(&here, 1, &mut Parcel::default());
    assert_eq!((receiver.routes.len(), owner.told.len()), (0, 0));
}
