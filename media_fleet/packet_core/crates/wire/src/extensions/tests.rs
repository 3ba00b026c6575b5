use super::*;
use proptest::prelude::*;

fn map(ids: &[(Extension, u8)]) -> ExtensionMap {
    ExtensionMap::from_uris(
        ids.iter()
            .map(|(extension, id)| (ALL[*extension as usize].1, *id))
            .collect::<Vec<_>>(),
    )
}

#[test]
fn the_table_is_in_the_order_of_the_enum() {
    for (index, (extension, _)) in ALL.iter().enumerate() {
        assert_eq!(*extension as usize, index);
    }
}

#[test]
fn a_hop_replaces_its_own_and_passes_on_the_rest() {
    let publisher = map(&[
        (Extension::Mid, 4),
        (Extension::Rid, 10),
        (Extension::AudioLevel, 1),
        (Extension::TransportCc, 3),
    ]);
    let data = [0x40, b'0', 0xa0, b'h', 0x10, 0x85, 0x31, 0x12, 0x34];
    let values = Values::read(Elements::new(ONE_BYTE_PROFILE, &data), &publisher);
    assert_eq!(values.transport_sequence(), Some(0x1234));
    assert_eq!(values.get(Extension::Rid), Some(&b"h"[..]));

    let subscriber = map(&[
        (Extension::Mid, 7),
        (Extension::AudioLevel, 2),
        (Extension::TransportCc, 5),
        (Extension::AbsSendTime, 6),
    ]);
    let own = OwnValues {
        mid: b"12",
        abs_send_time: 0x00ab_cdef,
        transport_sequence: 9,
    };
    let mut out = [0u8; MAX_BLOCK_LEN];
    let len = write_block(&mut out, &values, &subscriber, &own);
    assert_eq!(len % 4, 0);
    let written: Vec<_> = Elements::new(ONE_BYTE_PROFILE, &out[4..len]).collect();
    assert_eq!(
        written,
        [
            (7, &b"12"[..]),
            (6, &[0xab, 0xcd, 0xef][..]),
            (5, &[0, 9][..]),
            (2, &[0x85][..])
        ]
    );
}

#[test]
fn a_long_value_takes_the_two_byte_form() {
    let both = map(&[(Extension::DependencyDescriptor, 12)]);
    let mut data = vec![12, 30];
    data.extend([7u8; 30]);
    let values = Values::read(Elements::new(TWO_BYTE_PROFILE, &data), &both);
    let own = OwnValues {
        mid: b"0",
        abs_send_time: 0,
        transport_sequence: 0,
    };
    let mut out = [0u8; MAX_BLOCK_LEN];
    let len = write_block(&mut out, &values, &both, &own);
    let written: Vec<_> = Elements::new(TWO_BYTE_PROFILE, &out[4..len]).collect();
    assert_eq!(written, [(12, &[7u8; 30][..])]);
}

#[test]
fn what_is_not_negotiated_is_not_read_under_id_zero() {
    let data = [0x00, 0x05, 1, 2, 3, 4, 5, 6];
    let values = Values::read(Elements::new(ONE_BYTE_PROFILE, &data), &ExtensionMap::default());
    assert!(ALL.iter().all(|(extension, _)| values.get(*extension).is_none()));
}

#[test]
fn a_value_of_an_impossible_length_is_left_out() {
    let negotiated = map(&[(Extension::AudioLevel, 1), (Extension::TransportCc, 2)]);
    let data = [0x11, 0x85, 0x85, 0x20, 7];
    let values = Values::read(Elements::new(ONE_BYTE_PROFILE, &data), &negotiated);
    assert_eq!(values.get(Extension::AudioLevel), None);
    assert_eq!(values.transport_sequence(), None);
}

#[test]
fn the_longest_values_fill_the_longest_block() {
    let ids: Vec<_> = ALL
        .iter()
        .map(|(extension, _)| (*extension, *extension as u8 + 1))
        .collect();
    let all = map(&ids);
    let mut data = Vec::new();
    for (extension, id) in ids {
        let longest = (0..=MAX_VALUE_LEN)
            .rev()
            .find(|len| extension.fits(*len))
            .unwrap();
        data.extend([id, longest as u8]);
        data.resize(data.len() + longest, 0x5a);
    }
    let values = Values::read(Elements::new(TWO_BYTE_PROFILE, &data), &all);
    let own = OwnValues {
        mid: &[b'm'; 255],
        abs_send_time: 1,
        transport_sequence: 2,
    };
    let mut out = [0u8; MAX_BLOCK_LEN];
    let len = write_block(&mut out, &values, &all, &own);
    assert_eq!(len.next_multiple_of(4), len);
    assert!(MAX_BLOCK_LEN - len < 4, "{len}");
    assert_eq!(Elements::new(TWO_BYTE_PROFILE, &out[4..len]).count(), 9);
}

proptest! {
    #[test]
    fn any_block_is_rewritten_into_a_readable_one(
        data in proptest::collection::vec(any::<u8>(), 0..300), two_byte: bool, from: [u8; COUNT], to: [u8; COUNT]
    ) {
        let map = |ids: [u8; COUNT]| ExtensionMap::from_uris(ALL.iter().zip(ids).map(|((_, uri), id)| (*uri, id)));
        let (publisher, subscriber) = (map(from), map(to));
        let profile = if two_byte { TWO_BYTE_PROFILE } else { ONE_BYTE_PROFILE };
        let values = Values::read(Elements::new(profile, &data), &publisher);
        let own = OwnValues { mid: b"0", abs_send_time: 1, transport_sequence: 2 };
        let mut out = [0u8; MAX_BLOCK_LEN];
        let len = write_block(&mut out, &values, &subscriber, &own);
        if len == 0 {
            return Ok(());
        }
        let profile = u16::from_be_bytes([out[0], out[1]]);
        let words = usize::from(u16::from_be_bytes([out[2], out[3]]));
        prop_assert_eq!(4 + 4 * words, len);
        let written: Vec<_> = Elements::new(profile, &out[4..len]).collect();
        let mut expected = vec![
            (Extension::Mid, Some(&b"0"[..])),
            (Extension::AbsSendTime, Some(&[0, 0, 1])),
            (Extension::TransportCc, Some(&[0, 2])),
        ];
        expected.extend(PASSED_ON.map(|extension| (extension, values.get(extension))));
        let expected: Vec<_> = expected
            .into_iter()
            .filter_map(|(extension, value)| Some((subscriber.id(extension)?, value?)))
            .collect();
        prop_assert_eq!(written, expected);
    }
}
