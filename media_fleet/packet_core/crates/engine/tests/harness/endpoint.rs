//! One WebRTC endpoint, as far as packets go: it checks, protects, reads, asks again for what is missing, and sends again what it is asked for.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use aws_lc_rs::hmac;
use parley_engine::{Credentials, Keys, Profile, Remote, SubscriptionConfig};
use parley_wire::demux::{self, Kind};
use parley_wire::extensions::{Extension, ExtensionMap, Values};
use parley_wire::nack::NackGenerator;
use parley_wire::round_trip::RoundTrip;
use parley_wire::rtcp::{Compound, Packet, ReportBlock, SenderInfo, Writer, transport_cc};
use parley_wire::rtp::{Header, HeaderFields, ONE_BYTE_PROFILE, TWO_BYTE_PROFILE, write_fixed_header};
use parley_wire::sequence::{SequenceExtender, nearest};
use parley_wire::srtp::{MAX_OVERHEAD, ReceiveContext, SendContext};

use super::{Path, credentials_of, extension_map, keys_of};

/// A packet that an endpoint has received, RTX taken off.
#[derive(Clone, Debug)]
pub struct Rtp {
    pub at_us: u64,
    pub ssrc: u32,
    pub payload_type: u8,
    pub sequence_number: u16,
    pub timestamp: u32,
    pub marker: bool,
    pub has_padding: bool,
    pub mid: Option<Vec<u8>>,
    pub has_rid: bool,
    pub audio_level: Option<Vec<u8>>,
    pub descriptor: Option<Vec<u8>>,
    pub transport_sequence: Option<u16>,
    pub abs_send_time: Option<Vec<u8>>,
    pub playout_delay: Option<Vec<u8>>,
    pub payload: Vec<u8>,
    pub by_rtx: bool,
}

/// RTCP that an endpoint has received.
#[derive(Clone, Debug, PartialEq)]
pub enum Feedback {
    SenderReport(SenderInfo),
    ReceiverReport(ReportBlock),
    Goodbye(u32),
    Nack(u32, Vec<u16>),
    PictureLoss(u32),
    TransportCc(transport_cc::Feedback),
}

#[derive(Default)]
struct Watched {
    rtx_ssrc: Option<u32>,
    nack: NackGenerator,
    round_trip: RoundTrip,
    extender: SequenceExtender,
}

pub struct Endpoint {
    who: usize,
    pub address: Remote,
    profile: Profile,
    send: SendContext,
    receive: ReceiveContext,
    /// The highest packet index under each SSRC that is sent.
    indices: HashMap<u32, u64>,
    /// What was sent, plain, by SSRC and sequence number: for sending again.
    sent: HashMap<(u32, u16), Vec<u8>>,
    /// RTX of an SSRC that is sent: its SSRC, payload type and next sequence number.
    pub rtx: HashMap<u32, (u32, u8, u16)>,
    watched: HashMap<u32, Watched>,
    /// Whether missing packets are asked for.
    pub asks_again: bool,
    pub answers_nacks: bool,
    next_check_us: u64,
    pub checks: bool,
    transport_sequence: u16,
    pub rtp: Vec<Rtp>,
    pub feedback: Vec<(u64, Feedback)>,
    /// What lies between the node and this endpoint; None: nothing, and no transport-wide feedback either.
    pub path: Option<Path>,
    pub stun_answers: usize,
    pub refused: usize,
}

impl Endpoint {
    pub fn new(who: usize, profile: Profile) -> Self {
        let keys = keys_of(profile, who as u8 + 1, who as u8 + 101);
        Self {
            who,
            address: Remote::udp(SocketAddr::from(([10, 0, 0, 1], 5000 + who as u16))),
            profile,
            send: SendContext::new(profile, &keys.receive_key, &keys.receive_salt).unwrap(),
            receive: ReceiveContext::new(profile, &keys.send_key, &keys.send_salt).unwrap(),
            indices: HashMap::new(),
            sent: HashMap::new(),
            rtx: HashMap::new(),
            watched: HashMap::new(),
            asks_again: false,
            answers_nacks: false,
            next_check_us: 0,
            checks: true,
            transport_sequence: 0,
            rtp: Vec::new(),
            feedback: Vec::new(),
            path: None,
            stun_answers: 0,
            refused: 0,
        }
    }

    pub fn credentials(&self) -> Credentials {
        credentials_of(self.who)
    }

    /// The engine's side of the keys.
    pub fn keys(&self) -> Keys {
        keys_of(self.profile, self.who as u8 + 1, self.who as u8 + 101)
    }

    /// A Binding request of a controlling agent.
    pub fn check(&self, nominates: bool) -> Vec<u8> {
        let credentials = self.credentials();
        binding_request(&credentials.ufrag, &credentials.pwd, nominates)
    }

    pub fn watches(&mut self, config: &SubscriptionConfig) {
        let watched = Watched {
            rtx_ssrc: config.rtx_ssrc,
            ..Watched::default()
        };
        self.watched.insert(config.ssrc, watched);
    }

    /// Protects a packet; `elements` are header extensions by the publisher's ids, the transport-wide number comes in addition.
    pub fn packet(&mut self, fields: &HeaderFields, elements: &[(u8, &[u8])], payload: &[u8]) -> Vec<u8> {
        self.packet_with_padding(fields, elements, payload, 0)
    }

    pub fn packet_with_padding(
        &mut self,
        fields: &HeaderFields,
        elements: &[(u8, &[u8])],
        payload: &[u8],
        padding: u8,
    ) -> Vec<u8> {
        let mut packet = vec![0u8; 12];
        write_fixed_header(&mut packet, fields);
        packet[0] |= 0x10;
        let is_long = elements.iter().any(|(_, value)| value.len() > 16);
        let profile = if is_long {
            TWO_BYTE_PROFILE
        } else {
            ONE_BYTE_PROFILE
        };
        packet.extend(profile.to_be_bytes());
        packet.extend([0, 0]);
        let sequence = self.transport_sequence.to_be_bytes();
        self.transport_sequence = self.transport_sequence.wrapping_add(1);
        for (id, value) in elements.iter().copied().chain([(4, &sequence[..])]) {
            if is_long {
                packet.extend([id, value.len() as u8]);
            } else {
                packet.push(id << 4 | (value.len() - 1) as u8);
            }
            packet.extend(value);
        }
        packet.resize(packet.len().next_multiple_of(4), 0);
        let words = (packet.len() - 16) / 4;
        packet[14..16].copy_from_slice(&(words as u16).to_be_bytes());
        let payload_start = packet.len();
        packet.extend(payload);
        if padding > 0 {
            packet[0] |= 0x20;
            packet.resize(packet.len() + usize::from(padding), 0);
            *packet.last_mut().unwrap() = padding;
        }
        self.sent
            .insert((fields.ssrc, fields.sequence_number), packet.clone());
        let len = packet.len();
        packet.resize(len + MAX_OVERHEAD, 0);
        let highest = self.indices.get(&fields.ssrc).copied();
        let index = highest.map_or(u64::from(fields.sequence_number), |highest| {
            nearest(highest, fields.sequence_number)
        });
        self.indices.insert(fields.ssrc, highest.unwrap_or(0).max(index));
        let len = self
            .send
            .protect_rtp(&mut packet, payload_start, len, fields.ssrc, index);
        packet.truncate(len);
        packet
    }

    pub fn rtcp(&mut self, write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
        let mut packet = vec![0u8; 1400];
        let mut writer = Writer::new(&mut packet);
        write(&mut writer);
        let len = writer.len();
        self.protect_rtcp(&packet[..len])
    }

    pub fn protect_rtcp(&mut self, plain: &[u8]) -> Vec<u8> {
        let mut packet = plain.to_vec();
        packet.resize(plain.len() + MAX_OVERHEAD, 0);
        let len = self.send.protect_rtcp(&mut packet, plain.len()).unwrap();
        packet.truncate(len);
        packet
    }

    pub fn receive(&mut self, now_us: u64, datagram: Vec<u8>) {
        match &mut self.path {
            Some(path) => path.enter(now_us, datagram),
            None => self.arrive(now_us, datagram),
        }
    }

    fn arrive(&mut self, now_us: u64, mut datagram: Vec<u8>) {
        match demux::classify(&datagram) {
            Kind::Stun => self.stun_answers += 1,
            Kind::Rtp => self.receive_rtp(now_us, datagram),
            Kind::Rtcp => match self.receive.unprotect_rtcp(&mut datagram) {
                Ok(len) => self.receive_rtcp(now_us, &datagram[..len]),
                Err(_) => self.refused += 1,
            },
            Kind::Dtls | Kind::Unknown => {}
        }
    }

    fn receive_rtp(&mut self, now_us: u64, mut packet: Vec<u8>) {
        let header = Header::parse(&packet).unwrap();
        let Ok(len) = self.receive.unprotect_rtp(&mut packet, &header) else {
            self.refused += 1;
            return;
        };
        packet.truncate(len);
        let map: ExtensionMap = extension_map(1);
        let values = Values::read(header.extensions(&packet), &map);
        let mut rtp = Rtp {
            at_us: now_us,
            ssrc: header.ssrc,
            payload_type: header.payload_type,
            sequence_number: header.sequence_number,
            timestamp: header.timestamp,
            marker: header.marker,
            has_padding: header.has_padding,
            mid: values.get(Extension::Mid).map(<[u8]>::to_vec),
            has_rid: values.get(Extension::Rid).is_some(),
            audio_level: values.get(Extension::AudioLevel).map(<[u8]>::to_vec),
            descriptor: values.get(Extension::DependencyDescriptor).map(<[u8]>::to_vec),
            transport_sequence: values.transport_sequence(),
            abs_send_time: values.get(Extension::AbsSendTime).map(<[u8]>::to_vec),
            playout_delay: values.get(Extension::PlayoutDelay).map(<[u8]>::to_vec),
            payload: header.payload(&packet).unwrap().to_vec(),
            by_rtx: false,
        };
        let repairs = self
            .watched
            .iter()
            .find(|(_, watched)| watched.rtx_ssrc == Some(header.ssrc))
            .map(|(ssrc, _)| *ssrc);
        if let (Some(path), Some(sequence)) = (&mut self.path, rtp.transport_sequence) {
            path.arrivals.record(sequence, now_us);
        }
        if let Some(ssrc) = repairs {
            if rtp.payload.is_empty() {
                return; // Padding, to probe with.
            }
            rtp.sequence_number = u16::from_be_bytes([rtp.payload[0], rtp.payload[1]]);
            rtp.payload.drain(..2);
            rtp.ssrc = ssrc;
            rtp.by_rtx = true;
        }
        if let Some(watched) = self.watched.get_mut(&rtp.ssrc) {
            let number = watched.extender.extend(rtp.sequence_number);
            let arrival = watched.nack.received(number, now_us / 1000);
            if let Some(sample) = arrival.answers_after_ms {
                watched.round_trip.measured(sample as f64);
            }
        }
        self.rtp.push(rtp);
    }

    fn receive_rtcp(&mut self, now_us: u64, compound: &[u8]) {
        for packet in Compound::new(compound) {
            let mut add = |feedback| self.feedback.push((now_us, feedback));
            match packet.expect("the engine writes well-formed RTCP") {
                Packet::SenderReport(info, _) => add(Feedback::SenderReport(info)),
                Packet::ReceiverReport(blocks) => {
                    blocks.for_each(|block| add(Feedback::ReceiverReport(block)));
                }
                Packet::Goodbye(ssrcs) => ssrcs.for_each(|ssrc| add(Feedback::Goodbye(ssrc))),
                Packet::Nack { ssrc, lost } => add(Feedback::Nack(ssrc, lost.sequence_numbers().collect())),
                Packet::PictureLoss { ssrc } => add(Feedback::PictureLoss(ssrc)),
                Packet::TransportCc(packet) => {
                    add(Feedback::TransportCc(transport_cc::parse(packet).unwrap()));
                }
                Packet::FullIntraRequest(_) | Packet::NodeData(_) => {}
            }
        }
    }

    /// What the endpoint sends by itself: checks, requests for missing packets, answers to such.
    pub fn act(&mut self, now_us: u64) -> Vec<Vec<u8>> {
        let mut datagrams = Vec::new();
        while let Some((arrived_us, datagram)) = self.path.as_mut().and_then(|path| path.leave(now_us)) {
            self.arrive(arrived_us, datagram);
        }
        if self.path.as_mut().is_some_and(|path| path.tells(now_us))
            && let Some(mut arrivals) = self.path.as_mut().map(|path| std::mem::take(&mut path.arrivals))
        {
            while !arrivals.is_empty() {
                datagrams.push(self.rtcp(|writer| arrivals.write(writer, 2, 3)));
            }
            if let Some(path) = &mut self.path {
                path.arrivals = arrivals;
            }
        }
        if self.checks && now_us >= self.next_check_us {
            self.next_check_us = now_us + 2_500_000;
            datagrams.push(self.check(true));
        }
        if self.asks_again {
            let mut due: BTreeMap<u32, Vec<u16>> = BTreeMap::new();
            for (ssrc, watched) in &mut self.watched {
                let lost = due.entry(*ssrc).or_default();
                watched.nack.due(now_us / 1000, &mut watched.round_trip, lost);
            }
            due.retain(|_, lost| !lost.is_empty());
            for (ssrc, lost) in due {
                datagrams.push(self.rtcp(|writer| writer.nack(2, ssrc, &lost)));
            }
        }
        if self.answers_nacks {
            let nacks: Vec<(u32, Vec<u16>)> = self
                .feedback
                .extract_if(.., |(_, feedback)| matches!(feedback, Feedback::Nack(..)))
                .filter_map(|(_, feedback)| match feedback {
                    Feedback::Nack(ssrc, lost) => Some((ssrc, lost)),
                    _ => None,
                })
                .collect();
            for (ssrc, lost) in nacks {
                datagrams.extend(
                    lost.iter()
                        .filter_map(|number| self.retransmission(ssrc, *number)),
                );
            }
        }
        datagrams
    }

    /// A packet once more, as RTX.
    pub fn retransmission(&mut self, ssrc: u32, sequence_number: u16) -> Option<Vec<u8>> {
        let plain = self.sent.get(&(ssrc, sequence_number))?.clone();
        let header = Header::parse(&plain).unwrap();
        let (rtx_ssrc, payload_type, next) = self.rtx.get_mut(&ssrc)?;
        let fields = HeaderFields {
            marker: header.marker,
            payload_type: *payload_type,
            sequence_number: *next,
            timestamp: header.timestamp,
            ssrc: *rtx_ssrc,
        };
        *next = next.wrapping_add(1);
        let mut payload = sequence_number.to_be_bytes().to_vec();
        payload.extend(header.payload(&plain).unwrap());
        let map = extension_map(0);
        let values = Values::read(header.extensions(&plain), &map);
        let mid = values.get(Extension::Mid).map(<[u8]>::to_vec);
        let rid = values.get(Extension::Rid).map(<[u8]>::to_vec);
        let mut elements: Vec<(u8, &[u8])> = Vec::new();
        if let Some(mid) = &mid {
            elements.push((1, mid));
        }
        if let Some(rid) = &rid {
            elements.push((3, rid));
        }
        Some(self.packet(&fields, &elements, &payload))
    }

    // ---- looking at what came ----

    /// The packets of an SSRC, in order of their numbers, repaired ones in their place.
    pub fn stream(&self, ssrc: u32) -> Vec<Rtp> {
        let mut extender = SequenceExtender::default();
        let mut by_number: BTreeMap<u64, Rtp> = BTreeMap::new();
        for rtp in self.rtp.iter().filter(|rtp| rtp.ssrc == ssrc) {
            by_number
                .entry(extender.extend(rtp.sequence_number))
                .or_insert_with(|| rtp.clone());
        }
        by_number.into_values().collect()
    }

    pub fn picture_losses(&self, ssrc: u32) -> usize {
        self.feedback
            .iter()
            .filter(|(_, feedback)| *feedback == Feedback::PictureLoss(ssrc))
            .count()
    }
}

pub fn binding_request(ufrag: &str, pwd: &str, nominates: bool) -> Vec<u8> {
    let mut message = vec![0, 1, 0, 0];
    message.extend(0x2112_A442u32.to_be_bytes());
    message.extend([7; 12]);
    let mut attribute = |kind: u16, value: &[u8]| {
        message.extend(kind.to_be_bytes());
        message.extend((value.len() as u16).to_be_bytes());
        message.extend(value);
        message.resize(message.len().next_multiple_of(4), 0);
    };
    attribute(0x0006, format!("{ufrag}:far").as_bytes());
    attribute(0x0024, &[0x6e, 0, 1, 0xff]);
    attribute(0x802a, &[1; 8]);
    if nominates {
        attribute(0x0025, &[]);
    }
    let length = (message.len() - 20 + 24) as u16;
    message[2..4].copy_from_slice(&length.to_be_bytes());
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, pwd.as_bytes());
    let tag = hmac::sign(&key, &message);
    message.extend([0, 8, 0, 20]);
    message.extend(tag.as_ref());
    message
}
