//! Tracks cross from node to node over links: each packet once, repaired on the way, every layer that is wanted and no other.

mod harness;

use harness::nodes::{CROSSING, EAST, ENGINE, LINK, Nodes, WEST, address, engine_at};
use harness::video::{Camera, assert_unbroken, content};
use harness::{World, camera, keys_of, microphone};
use parley_engine::{Codec, Command, Event, Kind, MAX_NODE_DATA, Profile, RelayConfig, RelayedTrackConfig};
use parley_wire::rtp::HeaderFields;

const GCM: Profile = Profile::AeadAes128Gcm;
const RIDS: [&str; 3] = ["q", "h", "f"];

#[test]
fn viewers_at_another_node_see_what_crosses_once() {
    let mut nodes = Nodes::new(1);
    let publisher = nodes.worlds[WEST].join(GCM);
    let track = nodes.worlds[WEST].publish(publisher, camera(&[]));
    let (relayed, _) = nodes.relay(track, &camera(&[]));
    let viewers: Vec<(usize, u32)> = (0..3)
        .map(|_| {
            let viewer = nodes.worlds[EAST].join(GCM);
            let (_, ssrc) = nodes.worlds[EAST].subscribe(viewer, relayed, Kind::Video);
            (viewer, ssrc)
        })
        .collect();
    nodes.film(&mut Camera::new(publisher, &[]), 60);
    for (viewer, ssrc) in viewers {
        let stream = nodes.worlds[EAST].people[viewer].stream(ssrc);
        assert_unbroken(&stream);
        assert!(stream.len() > 50 * 6, "{}", stream.len());
    }
    assert!(nodes.crossed.values().all(|times| *times == 1));
    assert_eq!(nodes.crossed.len(), 60 * 6);
}

#[test]
fn what_the_link_loses_is_asked_for_and_sent_again() {
    let mut nodes = Nodes::new(2);
    let publisher = nodes.worlds[WEST].join(GCM);
    let track = nodes.worlds[WEST].publish(publisher, camera(&[]));
    let (relayed, _) = nodes.relay(track, &camera(&[]));
    let viewer = nodes.worlds[EAST].join(GCM);
    let (_, ssrc) = nodes.worlds[EAST].subscribe(viewer, relayed, Kind::Video);
    let mut film = Camera::new(publisher, &[]);
    nodes.film(&mut film, 10);
    let key_frames = nodes.worlds[WEST].engine.track_stats(track)[0].key_frames;
    nodes.loss = 5;
    nodes.film(&mut film, 200);
    nodes.loss = 0;
    nodes.film(&mut film, 30);
    let stream = nodes.worlds[EAST].people[viewer].stream(ssrc);
    assert_unbroken(&stream);
    assert!(stream.len() > 230 * 6, "{}", stream.len());
    let (sent, packets) = (nodes.crossed.values().sum::<usize>(), nodes.crossed.len());
    let again = sent - packets;
    assert!(
        again >= packets / 30 && again <= packets / 8,
        "{again} of {packets}"
    );
    assert!(nodes.worlds[EAST].engine.stats().nacks_sent > 0);
    assert_eq!(
        nodes.worlds[WEST].engine.track_stats(track)[0].key_frames,
        key_frames,
        "the publisher is not bothered"
    );
}

#[test]
fn what_is_lost_before_the_link_and_on_it_is_waited_for_at_the_other_node() {
    for (before, on_link) in [(0, 0), (10, 0), (0, 10), (10, 10)] {
        let mut nodes = Nodes::new(7);
        let publisher = nodes.worlds[WEST].join(GCM);
        let track = nodes.worlds[WEST].publish(publisher, camera(&[]));
        let (relayed, _) = nodes.relay(track, &camera(&[]));
        let viewer = nodes.worlds[EAST].join(GCM);
        let (_, ssrc) = nodes.worlds[EAST].subscribe(viewer, relayed, Kind::Video);
        (nodes.worlds[WEST].loss_up, nodes.loss) = (before, on_link);
        nodes.film(&mut Camera::new(publisher, &[]), 300);
        let stream = nodes.worlds[EAST].people[viewer].stream(ssrc);
        let delay = stream.last().unwrap().playout_delay.clone();
        let least = delay.map(|value| u32::from(value[0]) << 4 | u32::from(value[1] >> 4));
        // At least what it takes to notice, 60 ms.
        let case = format!("{before} % before, {on_link} % on the link: {least:?}");
        assert_eq!(least.is_some(), before + on_link > 0, "{case}");
        assert!(least.is_none_or(|least| (6..=30).contains(&least)), "{case}");
    }
}

#[test]
fn each_layer_crosses_while_it_is_wanted_and_is_chosen_where_it_is_watched() {
    let mut nodes = Nodes::new(3);
    let publisher = nodes.worlds[WEST].join(GCM);
    let track = nodes.worlds[WEST].publish(publisher, camera(&RIDS));
    let (relayed, relays) = nodes.relay(track, &camera(&RIDS));
    let viewer = nodes.worlds[EAST].join(GCM);
    let (subscription, ssrc) = nodes.worlds[EAST].subscribe(viewer, relayed, Kind::Video);
    let mut film = Camera::new(publisher, &RIDS);
    let last_layer = |nodes: &Nodes| {
        let stream = nodes.worlds[EAST].people[viewer].stream(ssrc);
        stream.last().map(|rtp| content(&rtp.payload).layer)
    };
    nodes.film(&mut film, 60);
    assert_eq!(last_layer(&nodes), Some(2));
    for (wanted, forwarded) in [(Some(0), 0), (Some(1), 1), (None, 2)] {
        nodes.worlds[EAST].command(Command::SetWantedLayer(subscription, wanted));
        nodes.film(&mut film, 30);
        assert_eq!(last_layer(&nodes), Some(forwarded));
    }
    assert!((0..3).all(|layer| nodes.crossed(CROSSING + layer) > 140 * 6));
    nodes.worlds[WEST].command(Command::SetPaused(relays[2], true));
    let before = nodes.crossed(CROSSING + 2);
    nodes.film(&mut film, 90);
    assert_eq!(
        nodes.crossed(CROSSING + 2),
        before,
        "what nobody there wants does not cross"
    );
    assert_eq!(last_layer(&nodes), Some(1), "the best that is left");
    nodes.worlds[WEST].command(Command::SetPaused(relays[2], false));
    nodes.film(&mut film, 60);
    assert_eq!(last_layer(&nodes), Some(2));
    assert_unbroken(&nodes.worlds[EAST].people[viewer].stream(ssrc));
}

#[test]
fn key_frame_requests_of_many_cross_as_one_and_reach_the_publisher() {
    let mut nodes = Nodes::new(4);
    let publisher = nodes.worlds[WEST].join(GCM);
    let track = nodes.worlds[WEST].publish(publisher, camera(&[]));
    let (relayed, _) = nodes.relay(track, &camera(&[]));
    let viewers: Vec<(usize, u32)> = (0..5)
        .map(|_| {
            let viewer = nodes.worlds[EAST].join(GCM);
            let (_, ssrc) = nodes.worlds[EAST].subscribe(viewer, relayed, Kind::Video);
            (viewer, ssrc)
        })
        .collect();
    let mut film = Camera::new(publisher, &[]);
    nodes.film(&mut film, 60);
    let asked = |nodes: &Nodes| nodes.worlds[WEST].people[publisher].picture_losses(0xaa00);
    let before = asked(&nodes);
    for (viewer, ssrc) in viewers {
        let lost = nodes.worlds[EAST].people[viewer].rtcp(|writer| writer.picture_loss(2, ssrc));
        nodes.worlds[EAST].send_from(viewer, vec![lost]);
    }
    nodes.film(&mut film, 30);
    assert_eq!(asked(&nodes), before + 1);
}

#[test]
fn sound_and_its_level_cross_and_are_repaired_as_well() {
    let mut nodes = Nodes::new(5);
    let publisher = nodes.worlds[WEST].join(GCM);
    let track = nodes.worlds[WEST].publish(publisher, microphone());
    let (relayed, _) = nodes.relay(track, &microphone());
    let viewer = nodes.worlds[EAST].join(GCM);
    let (_, ssrc) = nodes.worlds[EAST].subscribe(viewer, relayed, Kind::Audio);
    nodes.loss = 5;
    for number in 0..200u16 {
        if number == 190 {
            nodes.loss = 0;
        }
        utter(&mut nodes.worlds[WEST], publisher, number, 0x80 | 30);
        nodes.advance(20);
    }
    nodes.advance(200);
    let stream = nodes.worlds[EAST].people[viewer].stream(ssrc);
    assert!(stream.len() >= 198, "{}", stream.len());
    assert!(stream.iter().all(|rtp| rtp.audio_level == Some(vec![0x80 | 30])));
}

/// 20 ms of somebody's sound at a level in -dBov.
fn utter(world: &mut World, who: usize, number: u16, level: u8) {
    let fields = HeaderFields {
        marker: false,
        payload_type: harness::AUDIO,
        sequence_number: number,
        timestamp: u32::from(number) * 960,
        ssrc: 0xbb00,
    };
    let packet = world.people[who].packet(&fields, &[(1, b"1"), (6, &[level])], &[7; 80]);
    world.send_from(who, vec![packet]);
}

#[test]
fn all_sound_crosses_and_each_node_forwards_the_loudest_of_all_nodes() {
    let mut nodes = Nodes::with_last_n_audio(7, 1);
    let (ann, ben) = (nodes.worlds[WEST].join(GCM), nodes.worlds[EAST].join(GCM));
    let ann_here = nodes.worlds[WEST].publish(ann, microphone());
    let ben_there = nodes.worlds[EAST].publish(ben, microphone());
    let (ann_there, _) = nodes.relay(ann_here, &microphone());
    nodes.worlds[WEST].command(Command::SetTrackGroup(ann_here, Some(1)));
    for track in [ann_there, ben_there] {
        nodes.worlds[EAST].command(Command::SetTrackGroup(track, Some(1)));
    }
    let viewer = nodes.worlds[EAST].join(GCM);
    let ssrcs =
        [ann_there, ben_there].map(|track| nodes.worlds[EAST].subscribe(viewer, track, Kind::Audio).1);
    let mut number = 0;
    let mut heard = |nodes: &mut Nodes, ann_level: u8, ben_level: u8| {
        let counts = |nodes: &Nodes| ssrcs.map(|ssrc| nodes.worlds[EAST].people[viewer].stream(ssrc).len());
        let before = counts(nodes);
        for _ in 0..50 {
            utter(&mut nodes.worlds[WEST], ann, number, ann_level);
            utter(&mut nodes.worlds[EAST], ben, number, ben_level);
            number += 1;
            nodes.advance(20);
        }
        nodes.advance(100);
        let after = counts(nodes);
        [after[0] - before[0], after[1] - before[1]]
    };
    nodes.loss = 5;
    assert_eq!(heard(&mut nodes, 127, 30), [0, 50], "silence");
    assert_eq!(heard(&mut nodes, 70, 30), [0, 50], "noise");
    assert_eq!(
        heard(&mut nodes, 30, 127),
        [0, 4],
        "a pause, and the end of the sound before it"
    );
    nodes.loss = 0;
    heard(&mut nodes, 30, 127);
    assert_eq!(heard(&mut nodes, 30, 127), [50, 0]);
    assert_eq!(
        nodes.crossed(CROSSING),
        250,
        "whatever it is, and whoever hears it"
    );
    for ssrc in ssrcs {
        let stream = nodes.worlds[EAST].people[viewer].stream(ssrc);
        let numbers: Vec<u16> = stream.iter().map(|rtp| rtp.sequence_number).collect();
        let span = numbers.iter().max().unwrap() - numbers.iter().min().unwrap();
        assert_eq!(
            usize::from(span) + 1,
            numbers.len(),
            "no gap, though some came late"
        );
    }
}

#[test]
fn a_silent_node_is_noticed_and_so_is_its_return() {
    let mut nodes = Nodes::new(6);
    let told = |nodes: &mut Nodes| -> Vec<Event> {
        let events = std::mem::take(&mut nodes.worlds[EAST].events);
        events
            .into_iter()
            .filter(|event| {
                matches!(
                    event,
                    Event::TransportConnected { .. } | Event::TransportLost { .. }
                )
            })
            .collect()
    };
    nodes.advance(1500);
    let connected = Event::TransportConnected {
        transport: LINK,
        remote: engine_at(WEST),
    };
    assert_eq!(told(&mut nodes), std::slice::from_ref(&connected));
    nodes.advance(20_000);
    assert_eq!(told(&mut nodes), [], "an idle link shows signs of life");
    nodes.loss = 100;
    nodes.advance(5_000);
    assert_eq!(told(&mut nodes), [Event::TransportLost { transport: LINK }]);
    nodes.loss = 0;
    nodes.advance(1_500);
    assert_eq!(told(&mut nodes), [connected]);
}

#[test]
fn whoever_is_not_the_other_node_is_not_listened_to() {
    let mut nodes = Nodes::new(7);
    let stranger = keys_of(GCM, 55, 56);
    let mut foreign = World::new(8);
    foreign.command(Command::AddLink(LINK, address(EAST), ENGINE, Box::new(stranger)));
    let publisher = foreign.join(GCM);
    let track = foreign.publish(publisher, camera(&[]));
    let config = RelayConfig {
        layer: 0,
        ssrc: CROSSING,
        red: false,
        cname: "stranger".into(),
    };
    foreign.command(Command::AddRelay(900, LINK, track, Box::new(config)));
    let relayed = RelayedTrackConfig {
        kind: Kind::Video,
        codec: Codec::Vp8,
        clock_rate: 90_000,
        red: false,
        ssrcs: vec![CROSSING],
        made_layer: false,
    };
    nodes.worlds[EAST].command(Command::AddRelayedTrack(900, LINK, Box::new(relayed)));
    Camera::new(publisher, &[]).film(&mut foreign, 10);
    let forged: Vec<_> = std::mem::take(&mut foreign.beyond)
        .into_iter()
        .map(|(_, datagram)| (engine_at(WEST), datagram))
        .collect();
    assert!(forged.len() >= 60);
    let (all, before) = (forged.len() as u64, nodes.worlds[EAST].engine.stats());
    nodes.worlds[EAST].inject(forged);
    let stats = nodes.worlds[EAST].engine.stats();
    assert_eq!(stats.dropped_authentication - before.dropped_authentication, all);
    assert_eq!(nodes.worlds[EAST].engine.track_stats(900)[0].packets_received, 0);
    // Nor does anybody get the node's address by a check, and none starts a handshake on a link.
    let mallory = nodes.worlds[EAST].meet(GCM);
    let check = nodes.worlds[EAST].people[mallory].check(true);
    nodes.worlds[EAST].inject(vec![(engine_at(WEST), check), (engine_at(WEST), vec![22; 40])]);
    let events = std::mem::take(&mut nodes.worlds[EAST].events);
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, Event::DtlsReceived { .. }))
    );
    nodes.advance(1500);
    assert!(nodes.worlds[EAST].events.iter().any(
        |event| matches!(event, Event::TransportConnected { transport: LINK, remote } if remote.address() == address(WEST))
    ));
}

#[test]
fn messages_of_nodes_cross_whole_and_are_taken_from_nodes_alone() {
    let mut nodes = Nodes::new(9);
    let messages: Vec<Vec<u8>> = [0, 1, 2, 3, 4, 1399, MAX_NODE_DATA]
        .into_iter()
        .map(|len| vec![len as u8; len])
        .collect();
    for message in messages.iter().cloned().chain([vec![1; MAX_NODE_DATA + 1]]) {
        nodes.worlds[WEST].command(Command::SendNodeData(LINK, message));
    }
    let mallory = nodes.worlds[EAST].join(GCM);
    let forged = nodes.worlds[EAST].people[mallory].rtcp(|writer| writer.node_data(2, b"forged"));
    nodes.worlds[EAST].send_from(mallory, vec![forged]);
    nodes.advance(20);
    let came: Vec<Vec<u8>> = std::mem::take(&mut nodes.worlds[EAST].events)
        .into_iter()
        .filter_map(|event| match event {
            Event::NodeDataReceived { transport, data } => {
                assert_eq!(transport, LINK);
                Some(data)
            }
            _ => None,
        })
        .collect();
    assert_eq!(came, messages);
    assert_eq!(nodes.worlds[WEST].engine.stats().commands_ignored, 1, "too long");
}
