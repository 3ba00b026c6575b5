//! Who speaks is told, by the levels that senders tell.

mod harness;

use harness::{AUDIO, World, microphone};
use parley_engine::{Command, Event, Id, Profile};
use parley_wire::rtp::HeaderFields;

const GCM: Profile = Profile::AeadAes128Gcm;

/// Somebody with a microphone. Levels are in -dBov, as RFC 6464 has them.
struct Speaker {
    who: usize,
    track: Id,
    number: u16,
}

impl Speaker {
    fn in_group(world: &mut World, group: Id) -> Self {
        let who = world.join(GCM);
        let track = world.publish(who, microphone());
        world.command(Command::SetTrackGroup(track, Some(group)));
        Self {
            who,
            track,
            number: 0,
        }
    }

    /// 20 ms of sound.
    fn utter(&mut self, world: &mut World, level: u8) {
        let fields = HeaderFields {
            marker: false,
            payload_type: AUDIO,
            sequence_number: self.number,
            timestamp: u32::from(self.number) * 960,
            ssrc: 77,
        };
        self.number += 1;
        let packet = world.people[self.who].packet(&fields, &[(1, b"1"), (6, &[level])], &[1; 80]);
        world.send_from(self.who, vec![packet]);
    }
}

/// Lets all of them sound for so long, each at its level.
fn sound(world: &mut World, ms: u64, people: &mut [(&mut Speaker, u8)]) {
    for _ in 0..ms / 20 {
        for (speaker, level) in people.iter_mut() {
            speaker.utter(world, *level);
        }
        world.advance(20);
    }
}

fn told(world: &World) -> Vec<(Id, Vec<Id>)> {
    let of = |event: &Event| match event {
        Event::SpeakersChanged { group, tracks } => Some((*group, tracks.clone())),
        _ => None,
    };
    world.events.iter().filter_map(of).collect()
}

#[test]
fn speakers_are_told_the_loudest_first_and_only_when_it_changes() {
    let mut world = World::new(1);
    let (mut alice, mut bob) = (Speaker::in_group(&mut world, 5), Speaker::in_group(&mut world, 5));
    sound(&mut world, 2_000, &mut [(&mut alice, 127), (&mut bob, 127)]);
    assert_eq!(told(&world), [], "silence");
    sound(&mut world, 2_000, &mut [(&mut alice, 30), (&mut bob, 127)]);
    sound(&mut world, 500, &mut [(&mut alice, 127), (&mut bob, 127)]);
    sound(&mut world, 2_000, &mut [(&mut alice, 30), (&mut bob, 127)]);
    let mut expected = vec![(5, vec![alice.track])];
    assert_eq!(told(&world), expected, "a pause belongs to speech");
    sound(&mut world, 2_000, &mut [(&mut alice, 30), (&mut bob, 32)]);
    expected.push((5, vec![alice.track, bob.track]));
    assert_eq!(told(&world), expected);
    sound(&mut world, 2_000, &mut [(&mut alice, 30), (&mut bob, 27)]);
    assert_eq!(told(&world), expected, "not clearly louder");
    sound(&mut world, 2_000, &mut [(&mut alice, 30), (&mut bob, 15)]);
    expected.push((5, vec![bob.track, alice.track]));
    assert_eq!(told(&world), expected);
    sound(&mut world, 1_500, &mut [(&mut alice, 127), (&mut bob, 127)]);
    expected.push((5, vec![]));
    assert_eq!(told(&world), expected);
}

#[test]
fn neither_noise_nor_a_bang_is_speech_whatever_the_sender_takes_it_for() {
    let mut world = World::new(2);
    let mut alice = Speaker::in_group(&mut world, 1);
    // The V bit says that it is speech.
    sound(&mut world, 2_000, &mut [(&mut alice, 0x80 | 60)]);
    sound(&mut world, 40, &mut [(&mut alice, 5)]);
    sound(&mut world, 2_000, &mut [(&mut alice, 0x80 | 60)]);
    assert_eq!(told(&world), []);
}

#[test]
fn groups_are_told_apart_and_who_moves_speaks_in_the_other() {
    let mut world = World::new(3);
    let (mut alice, mut bob) = (Speaker::in_group(&mut world, 1), Speaker::in_group(&mut world, 2));
    let mut carol = Speaker::in_group(&mut world, 2);
    world.command(Command::SetTrackGroup(carol.track, None));
    let all = &mut [(&mut alice, 30), (&mut bob, 20), (&mut carol, 10)];
    sound(&mut world, 1_000, all);
    let mut before = told(&world);
    before.sort();
    let (alice_id, bob_id) = (all[0].0.track, all[1].0.track);
    assert_eq!(before, [(1, vec![alice_id]), (2, vec![bob_id])]);
    world.command(Command::SetTrackGroup(bob_id, Some(1)));
    sound(&mut world, 1_000, all);
    assert_eq!(told(&world)[2..], [(1, vec![bob_id, alice_id])]);
}

#[test]
fn who_is_muted_or_gone_speaks_no_longer() {
    let mut world = World::new(4);
    let (mut alice, mut bob) = (Speaker::in_group(&mut world, 1), Speaker::in_group(&mut world, 1));
    sound(&mut world, 1_000, &mut [(&mut alice, 20), (&mut bob, 40)]);
    world.command(Command::SetTrackMuted(alice.track, true));
    sound(&mut world, 400, &mut [(&mut alice, 20), (&mut bob, 40)]);
    assert_eq!(told(&world).last(), Some(&(1, vec![bob.track])));
    world.command(Command::SetTrackMuted(alice.track, false));
    sound(&mut world, 1_000, &mut [(&mut alice, 20), (&mut bob, 40)]);
    world.command(Command::RemoveTrack(bob.track));
    sound(&mut world, 400, &mut [(&mut alice, 20)]);
    assert_eq!(told(&world).last(), Some(&(1, vec![alice.track])));
}
