//! Reports and feedback: what publishers learn of the way to the node, and what keeps subscribers' lips in sync.

mod harness;

use harness::video::Camera;
use harness::{Feedback, World, camera, microphone};
use parley_engine::{Command, Kind, Profile};
use parley_wire::rtcp::{ReportBlock, SenderInfo};

const GCM: Profile = Profile::AeadAes128Gcm;
const SSRC: u32 = 0xaa00;

fn sender_report(world: &mut World, who: usize, ssrc: u32, rtp_timestamp: u32) -> u64 {
    let ntp = world.now().ntp;
    let info = SenderInfo {
        ssrc,
        ntp,
        rtp_timestamp,
        packets: 1,
        octets: 1,
    };
    let packet = world.people[who].rtcp(|writer| writer.sender_report(&info));
    world.send_from(who, vec![packet]);
    ntp
}

fn sender_reports(world: &World, who: usize) -> Vec<SenderInfo> {
    world.people[who]
        .feedback
        .iter()
        .filter_map(|(_, feedback)| match feedback {
            Feedback::SenderReport(info) => Some(*info),
            _ => None,
        })
        .collect()
}

fn receiver_reports(world: &World, who: usize) -> Vec<(u64, ReportBlock)> {
    world.people[who]
        .feedback
        .iter()
        .filter_map(|(at, feedback)| match feedback {
            Feedback::ReceiverReport(block) => Some((*at, *block)),
            _ => None,
        })
        .collect()
}

#[test]
fn a_sender_report_speaks_the_subscribers_numbers_and_the_publishers_clock() {
    let mut world = World::new(1);
    let (publisher, viewer) = (world.join(GCM), world.join(GCM));
    let track = world.publish(publisher, camera(&[]));
    let (subscription, ssrc) = world.subscribe(viewer, track, Kind::Video);
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 10);
    let timestamp = film.encodings[0].timestamp;
    let ntp = sender_report(&mut world, publisher, SSRC, timestamp);
    let reports = sender_reports(&world, viewer);
    assert_eq!(reports.len(), 1);
    let stream = world.people[viewer].stream(ssrc);
    let last = stream.last().unwrap();
    assert_eq!(reports[0].ssrc, ssrc);
    assert_eq!(reports[0].ntp, ntp, "the publisher's clock");
    assert_eq!(
        reports[0].rtp_timestamp, last.timestamp,
        "the same moment, in the timestamps that this subscriber sees"
    );
    let stats = world.engine.subscription_stats(subscription).unwrap();
    assert_eq!(u64::from(reports[0].packets), stats.packets_sent);
    assert_eq!(u64::from(reports[0].octets), stats.bytes_sent);
}

#[test]
fn sound_and_picture_stay_in_sync_over_a_switch_of_layers() {
    let mut world = World::new(2);
    let (publisher, viewer) = (world.join(GCM), world.join(GCM));
    let track = world.publish(publisher, camera(&["q", "f"]));
    let (subscription, ssrc) = world.subscribe(viewer, track, Kind::Video);
    let mut film = Camera::new(publisher, &["q", "f"]);
    film.film(&mut world, 30);
    for layer in 0..2 {
        // The last frame was made 33 ms ago.
        let timestamp = film.encodings[layer].timestamp.wrapping_add(2970);
        sender_report(&mut world, publisher, SSRC + layer as u32, timestamp);
    }
    film.film(&mut world, 1);
    world.command(Command::SetWantedLayer(subscription, Some(0)));
    film.film(&mut world, 30);
    let reports = sender_reports(&world, viewer);
    assert_eq!(reports.len(), 2, "one of the publisher's, one at the switch");
    let report = reports[1];
    // A frame's moment by the report must be the moment at which it was made, whatever offset the switch has brought.
    let stream = world.people[viewer].stream(ssrc);
    let last = stream.last().unwrap();
    let by_report = report.ntp as f64 / 2f64.powi(32)
        + f64::from(last.timestamp.wrapping_sub(report.rtp_timestamp).cast_signed()) / 90_000.0;
    let made = world.now().ntp as f64 / 2f64.powi(32) - (world.now_us - last.at_us) as f64 / 1e6;
    assert!((by_report - made).abs() < 0.002, "{} s apart", by_report - made);
}

#[test]
fn a_publisher_is_told_loss_and_jitter_every_second() {
    let mut world = World::new(3);
    let publisher = world.join(GCM);
    world.publish(publisher, camera(&[]));
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 60);
    world.loss_up = 20;
    film.film(&mut world, 120);
    let reports = receiver_reports(&world, publisher);
    let seconds = world.now_us / 1_000_000;
    assert!(
        (seconds - 2..=seconds + 1).contains(&(reports.len() as u64)),
        "{}",
        reports.len()
    );
    let (_, first) = reports[0];
    assert_eq!((first.ssrc, first.fraction_lost, first.lost), (SSRC, 0, 0));
    let (_, last) = reports[reports.len() - 1];
    assert_eq!(last.highest_sequence >> 16, 1, "the sequence number has wrapped");
    assert!(
        (20..90).contains(&last.fraction_lost),
        "about a fifth: {}",
        last.fraction_lost
    );
    assert!(last.lost > 80, "{}", last.lost);
}

#[test]
fn nothing_is_reported_of_what_is_not_known() {
    let mut world = World::new(4);
    let publisher = world.join(GCM);
    world.publish(publisher, camera(&["q", "h"]));
    world.advance(3000);
    assert!(receiver_reports(&world, publisher).is_empty());
}

#[test]
fn a_publishers_round_trip_can_be_computed_from_its_reports() {
    let mut world = World::new(5);
    let publisher = world.join(GCM);
    world.publish(publisher, camera(&[]));
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 3);
    let ntp = sender_report(&mut world, publisher, SSRC, 0);
    let sent_us = world.now_us;
    world.people[publisher].feedback.clear();
    film.film(&mut world, 60);
    let (at, block) = receiver_reports(&world, publisher)[0];
    assert_eq!(block.last_report, (ntp >> 16) as u32);
    let delay_us = u64::from(block.delay) * 1_000_000 / 65_536;
    assert!(
        (at - sent_us).abs_diff(delay_us) < 1000,
        "{} {delay_us}",
        at - sent_us
    );
}

#[test]
fn the_round_trip_to_a_subscriber_is_measured() {
    let mut world = World::new(6);
    let (publisher, viewer) = (world.join(GCM), world.join(GCM));
    let track = world.publish(publisher, camera(&[]));
    let (subscription, ssrc) = world.subscribe(viewer, track, Kind::Video);
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 10);
    sender_report(&mut world, publisher, SSRC, 0);
    let report = sender_reports(&world, viewer)[0];
    world.advance(140);
    let block = ReportBlock {
        ssrc,
        fraction_lost: 64,
        last_report: (report.ntp >> 16) as u32,
        delay: 65_536 / 10,
        ..ReportBlock::default()
    };
    let packet = world.people[viewer].rtcp(|writer| writer.receiver_report(2, &[block]));
    world.send_from(viewer, vec![packet]);
    let stats = world.engine.subscription_stats(subscription).unwrap();
    let round_trip_ms = stats.round_trip_ms.unwrap();
    assert!(
        (round_trip_ms - 40.0).abs() < 1.0,
        "140 ms less 100 at the viewer: {round_trip_ms}"
    );
    assert!((stats.fraction_lost - 0.25).abs() < 0.001);
}

#[test]
fn a_report_of_transports_has_all_that_each_sends_and_receives() {
    let mut world = World::new(6);
    let (publisher, viewer) = (world.join(GCM), world.join(GCM));
    let track = world.publish(publisher, camera(&[]));
    let (subscription, ssrc) = world.subscribe(viewer, track, Kind::Video);
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 10);
    let block = ReportBlock {
        ssrc,
        fraction_lost: 64,
        lost: 3,
        jitter: 900,
        ..ReportBlock::default()
    };
    let packet = world.people[viewer].rtcp(|writer| writer.receiver_report(2, &[block]));
    world.send_from(viewer, vec![packet]);
    let ids = [publisher as u32, 999, viewer as u32];
    let reports = world.engine.transport_reports(&ids);
    let [Some(sending), None, Some(receiving)] = reports.as_slice() else {
        panic!("{reports:?}");
    };
    assert_eq!(sending.tracks, [(track, world.engine.track_stats(track))]);
    assert_eq!(sending.subscriptions, []);
    assert_eq!(sending.transport.remote, Some(world.people[publisher].address));
    let layer = sending.tracks[0].1[0];
    assert!(
        sending.transport.packets_received > layer.packets_received,
        "media, and the check that came first"
    );
    assert!(sending.transport.bytes_received > layer.bytes_received);
    let [(id, stats)] = receiving.subscriptions[..] else {
        panic!("{receiving:?}");
    };
    assert_eq!(
        (id, stats.packets_lost, stats.jitter, stats.packets_sent),
        (subscription, 3, 900, layer.packets_received)
    );
}

#[test]
fn every_packet_is_fed_back_on_within_a_tenth_of_a_second() {
    let mut world = World::new(7);
    let publisher = world.join(GCM);
    let (video, audio) = (camera(&[]), microphone());
    world.publish(publisher, video);
    world.publish(publisher, audio);
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 5);
    world.loss_up = 10;
    film.film(&mut world, 60);
    world.loss_up = 0;
    let padding = film.encodings[0].padding(&mut world.people[publisher]);
    world.send_from(publisher, vec![padding]);
    world.advance(200);
    let mut reported = Vec::new();
    let mut last_at = 0;
    for (at, feedback) in &world.people[publisher].feedback {
        if let Feedback::TransportCc(feedback) = feedback {
            assert!(last_at == 0 || at - last_at <= 100_000, "{last_at} {at}");
            last_at = *at;
            assert_eq!(usize::from(feedback.base), reported.len(), "none left out");
            reported.extend(feedback.arrivals.iter().map(Option::is_some));
        }
    }
    assert_eq!(reported.len(), 65 * 6 + 1, "also of padding");
    let lost = reported.iter().filter(|came| !**came).count();
    assert!((20..60).contains(&lost), "{lost}");
}

#[test]
fn feedback_tells_when_packets_came_and_not_when_they_were_read() {
    let mut world = World::new(9);
    let publisher = world.join(GCM);
    world.publish(publisher, camera(&[]));
    let mut film = Camera::new(publisher, &[]);
    let mut came = Vec::new();
    // Busier and idler: a packet waits, and the next one does not.
    for waited_us in [0, 4000, 1000, 0] {
        world.waited_us = waited_us;
        let packet = film.encodings[0].frame(&mut world.people[publisher], true, 1);
        came.push((world.now_us - waited_us).cast_signed());
        world.send_from(publisher, packet);
        world.advance(2);
    }
    world.advance(100);
    let arrivals: Vec<i64> = world.people[publisher]
        .feedback
        .iter()
        .filter_map(|(_, feedback)| match feedback {
            Feedback::TransportCc(feedback) => Some(feedback.arrivals.clone()),
            _ => None,
        })
        .flatten()
        .map(Option::unwrap)
        .collect();
    assert_eq!(arrivals, came, "the second came before the first");
}

#[test]
fn a_subscriber_is_told_goodbye_when_a_track_ends() {
    let mut world = World::new(8);
    let (publisher, viewer) = (world.join(GCM), world.join(GCM));
    let track = world.publish(publisher, camera(&[]));
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    Camera::new(publisher, &[]).film(&mut world, 3);
    world.command(Command::RemoveTrack(track));
    let goodbyes: Vec<_> = world.people[viewer]
        .feedback
        .iter()
        .filter(|(_, feedback)| *feedback == Feedback::Goodbye(ssrc))
        .collect();
    assert_eq!(goodbyes.len(), 1);
}
