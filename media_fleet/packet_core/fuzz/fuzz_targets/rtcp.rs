//! Invariant: any bytes end as packets or as one error, with work bounded by their length; what is written of what was read reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parley_wire::rtcp::{Compound, Packet, Writer, transport_cc};

fuzz_target!(|data: &[u8]| {
    let mut errors = 0;
    for part in Compound::new(data) {
        let Ok(part) = part else {
            errors += 1;
            continue;
        };
        match part {
            Packet::SenderReport(info, blocks) => {
                let mut room = [0; 64];
                let mut writer = Writer::new(&mut room);
                writer.sender_report(&info);
                let len = writer.len();
                let again = Compound::new(&room[..len]).next();
                assert!(matches!(again, Some(Ok(Packet::SenderReport(read, _))) if read == info));
                assert!(blocks.count() <= 31);
            }
            Packet::ReceiverReport(blocks) => assert!(blocks.count() <= 31),
            Packet::Goodbye(ssrcs) => assert!(ssrcs.count() <= 31),
            Packet::Nack { lost, .. } => assert!(lost.sequence_numbers().count() <= 17 * data.len() / 4),
            Packet::FullIntraRequest(ssrcs) => assert!(ssrcs.count() <= data.len() / 8),
            Packet::PictureLoss { .. } => {}
            Packet::NodeData(read) => assert!(read.len() <= data.len() - 12),
            Packet::TransportCc(packet) => {
                if let Some(feedback) = transport_cc::parse(packet) {
                    assert!(feedback.arrivals.len() <= 8192);
                }
            }
        }
    }
    assert!(errors <= 1);
    // As an attacker would: without the head that the compound has checked.
    let _ = transport_cc::parse(data);
});
