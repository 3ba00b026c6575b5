use super::*;
use proptest::prelude::*;

fn read(data: &[u8]) -> Vec<Packet<'_>> {
    Compound::new(data)
        .map(|packet| packet.expect("well formed"))
        .collect()
}

#[test]
fn reports_come_back() {
    let info = SenderInfo {
        ssrc: 1,
        ntp: 0x0102_0304_0506_0708,
        rtp_timestamp: 9,
        packets: 10,
        octets: 11,
    };
    let block = ReportBlock {
        ssrc: 2,
        fraction_lost: 3,
        lost: 4,
        highest_sequence: 5,
        jitter: 6,
        last_report: 7,
        delay: 8,
    };
    let mut buffer = [0u8; 200];
    let mut writer = Writer::new(&mut buffer);
    writer.sender_report(&info);
    writer.canonical_name(1, "p_1");
    writer.receiver_report(1, &[block, block]);
    writer.goodbye(1);
    let len = writer.len();
    let packets = read(&buffer[..len]);
    assert_eq!(packets.len(), 3, "the source description is skipped");
    assert!(matches!(packets[0], Packet::SenderReport(read, _) if read == info));
    assert!(
        matches!(packets[1], Packet::ReceiverReport(blocks) if blocks.collect::<Vec<_>>() == [block, block])
    );
    assert!(matches!(packets[2], Packet::Goodbye(ssrcs) if ssrcs.collect::<Vec<_>>() == [1]));
}

#[test]
fn requests_come_back() {
    let mut buffer = [0u8; 200];
    let mut writer = Writer::new(&mut buffer);
    writer.nack(1, 2, &[65_530, 65_535, 3, 4, 40]);
    writer.picture_loss(1, 2);
    let len = writer.len();
    let packets = read(&buffer[..len]);
    let Packet::Nack { ssrc: 2, lost } = packets[0] else {
        panic!()
    };
    assert_eq!(
        lost.sequence_numbers().collect::<Vec<_>>(),
        [65_530, 65_535, 3, 4, 40]
    );
    assert!(matches!(packets[1], Packet::PictureLoss { ssrc: 2 }));
}

#[test]
fn a_negative_count_of_losses_is_none() {
    let mut buffer = [0u8; 32];
    Writer::new(&mut buffer).receiver_report(
        1,
        &[ReportBlock {
            lost: 5,
            ..ReportBlock::default()
        }],
    );
    buffer[13..16].copy_from_slice(&[0xff, 0xff, 0xfe]);
    let Packet::ReceiverReport(mut blocks) = read(&buffer)[0] else {
        panic!()
    };
    assert_eq!(blocks.next().unwrap().lost, 0);
}

#[test]
fn a_canonical_name_is_written_as_one_chunk_that_ends_in_zeros() {
    for (name, expected) in [
        (
            "ab",
            &[0x81, 202, 0, 3, 0, 0, 0, 9, 1, 2, b'a', b'b', 0, 0, 0, 0][..],
        ),
        ("a", &[0x81, 202, 0, 2, 0, 0, 0, 9, 1, 1, b'a', 0]),
    ] {
        let mut buffer = [0xee; 16];
        let mut writer = Writer::new(&mut buffer);
        writer.canonical_name(9, name);
        let len = writer.len();
        assert_eq!(&buffer[..len], expected);
    }
}

#[test]
fn sources_of_a_full_intra_request_are_read() {
    let mut data = vec![0x84, 206, 0, 6];
    data.extend([0, 0, 0, 1, 0, 0, 0, 0]);
    data.extend([0, 0, 0, 7, 1, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
    let Packet::FullIntraRequest(entries) = read(&data)[0] else {
        panic!()
    };
    assert_eq!(entries.collect::<Vec<_>>(), [7, 8]);
}

#[test]
fn what_does_not_fit_is_left_out_whole() {
    let mut buffer = [0u8; 20];
    let mut writer = Writer::new(&mut buffer);
    writer.picture_loss(1, 2);
    writer.picture_loss(1, 2);
    assert_eq!(writer.len(), 12);
}

#[test]
fn a_short_packet_in_a_compound_ends_it_with_an_error() {
    for data in [
        &[0x81, 201, 0, 1, 0, 0, 0, 1][..],
        &[0x80, 200, 0, 1, 0, 0, 0, 1],
        &[0x80, 201, 0, 9],
        &[0x40, 201, 0, 0],
    ] {
        assert!(Compound::new(data).any(|packet| packet.is_err()), "{data:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(mut data in proptest::collection::vec(any::<u8>(), 0..200), kind in 195u8..210) {
        if data.len() > 4 {
            data[0] = data[0] & 0x3f | 0x80;
            data[1] = kind;
            data[2] = 0;
        }
        for packet in Compound::new(&data).flatten() {
            match packet {
                Packet::SenderReport(_, blocks) | Packet::ReceiverReport(blocks) => { blocks.count(); }
                Packet::Goodbye(ssrcs) => { ssrcs.count(); }
                Packet::Nack { lost, .. } => { lost.sequence_numbers().count(); }
                Packet::FullIntraRequest(entries) => { entries.count(); }
                Packet::TransportCc(packet) => { let _ = transport_cc::parse(packet); }
                Packet::PictureLoss { .. } | Packet::NodeData(_) => {}
            }
        }
    }

    #[test]
    fn any_message_of_a_node_comes_back(data in proptest::collection::vec(any::<u8>(), 0..1400)) {
        let mut buffer = [0xff; 1412];
        let mut writer = Writer::new(&mut buffer);
        writer.node_data(7, &data);
        let len = writer.len();
        let Some(Ok(Packet::NodeData(read))) = Compound::new(&buffer[..len]).next() else {
            return Err(TestCaseError::fail("no message"));
        };
        prop_assert_eq!(read, &data[..]);
    }

    #[test]
    fn any_reports_come_back(
        ssrc: u32, ntp: u64, rtp_timestamp: u32, packets: u32, octets: u32,
        blocks in proptest::collection::vec(any::<(u32, u8, u32, u32, u32, u32, u32)>(), 0..=MAX_REPORT_BLOCKS),
    ) {
        let info = SenderInfo { ssrc, ntp, rtp_timestamp, packets, octets };
        let blocks: Vec<_> = blocks
            .into_iter()
            .map(|(ssrc, fraction_lost, lost, highest_sequence, jitter, last_report, delay)| {
                ReportBlock { ssrc, fraction_lost, lost: lost & MAX_LOST, highest_sequence, jitter, last_report, delay }
            })
            .collect();
        let mut buffer = [0u8; 1000];
        let mut writer = Writer::new(&mut buffer);
        writer.sender_report(&info);
        writer.receiver_report(ssrc, &blocks);
        let len = writer.len();
        let packets = read(&buffer[..len]);
        prop_assert!(matches!(packets[0], Packet::SenderReport(back, _) if back == info));
        let Packet::ReceiverReport(back) = packets[1] else { panic!() };
        prop_assert_eq!(back.collect::<Vec<_>>(), blocks);
    }

    #[test]
    fn any_ascending_losses_come_back(start: u16, gaps in proptest::collection::vec(1u16..30, 1..50)) {
        let mut lost = vec![start];
        for gap in gaps {
            lost.push(lost.last().unwrap().wrapping_add(gap));
        }
        let mut buffer = [0u8; 1000];
        let mut writer = Writer::new(&mut buffer);
        writer.nack(1, 2, &lost);
        let len = writer.len();
        let Packet::Nack { lost: read_back, .. } = read(&buffer[..len])[0] else { panic!() };
        prop_assert_eq!(read_back.sequence_numbers().collect::<Vec<_>>(), lost);
    }
}
