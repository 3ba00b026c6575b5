//! A publisher and subscribers: sockets with keys, no WebRTC stack.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use aws_lc_rs::hmac;
use parley_engine::{Keys, Profile};
use parley_io::syscalls;
use parley_wire::rtp::{HeaderFields, ONE_BYTE_PROFILE, write_fixed_header};
use parley_wire::srtp::{MAX_OVERHEAD, SendContext};

/// Length of a plain RTP packet.
pub const PACKET_LEN: usize = 1100;
/// Header, extension block (mid, transport-wide sequence number), VP8 descriptor with a picture id.
const HEADER_LEN: usize = 12 + 4 + 8;
/// Where the time of sending stands in a payload, behind the four bytes of the VP8 descriptor and one of the frame.
pub const TIME_AT: usize = 5;
const SOCKET_BUFFER: i32 = 16 * 1024 * 1024;
/// The publisher's mid and transport-wide sequence number ids.
pub const MID_ID: u8 = 4;
/// See [`MID_ID`].
pub const TRANSPORT_CC_ID: u8 = 3;
/// The id of the name of a simulcast layer.
pub const RID_ID: u8 = 5;
/// Names of simulcast layers, lowest first.
pub const RIDS: [&str; 3] = ["q", "h", "f"];
/// The publisher's payload type.
pub const PAYLOAD_TYPE: u8 = 96;

/// A socket on loopback with room for bursts.
pub fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback takes another socket");
    syscalls::tune(&socket, SOCKET_BUFFER);
    socket
}

/// Keys that both sides know.
pub fn keys() -> Keys {
    Keys {
        profile: Profile::AeadAes128Gcm,
        receive_key: vec![1; 16],
        receive_salt: vec![2; 12],
        send_key: vec![3; 16],
        send_salt: vec![4; 12],
    }
}

/// Passes a STUN check with a nomination, so that the node knows the socket's address.
pub fn check(socket: &UdpSocket, node: SocketAddr, ufrag: &str, pwd: &str) {
    let request = binding_request(ufrag, pwd);
    socket
        .set_read_timeout(Some(Duration::from_secs(5)))
        .expect("a time-out can be set");
    let mut answer = [0u8; 200];
    for _ in 0..5 {
        socket.send_to(&request, node).expect("loopback takes a datagram");
        match socket.recv(&mut answer) {
            Ok(_) if answer[..2] == [0x01, 0x01] => return,
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => panic!("no answer to a check: {error}"),
        }
    }
    panic!("the node answers no check");
}

/// A Binding request with username, USE-CANDIDATE and message integrity (RFC 8445, section 7.1).
fn binding_request(ufrag: &str, pwd: &str) -> Vec<u8> {
    let username = format!("{ufrag}:peer");
    let mut message = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    message.extend([7; 12]);
    message.extend([0, 6]);
    message.extend((username.len() as u16).to_be_bytes());
    message.extend(username.as_bytes());
    message.resize(message.len().next_multiple_of(4), 0);
    message.extend([0, 0x25, 0, 0]);
    let len = (message.len() - 20 + 24) as u16;
    message[2..4].copy_from_slice(&len.to_be_bytes());
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, pwd.as_bytes());
    let tag = hmac::sign(&key, &message);
    message.extend([0, 8, 0, 20]);
    message.extend(tag.as_ref());
    message
}

/// Makes protected packets of one encoding, one after the other.
pub struct Publisher {
    send: SendContext,
    index: u64,
    ssrc: u32,
    rid: Option<u8>,
}

impl Publisher {
    /// One whose packets the node takes with [`keys`]. `layer`: which of [`RIDS`]; None where there is one encoding.
    pub fn new(ssrc: u32, layer: Option<usize>) -> Self {
        let keys = keys();
        let send =
            SendContext::new(keys.profile, &keys.receive_key, &keys.receive_salt).expect("the keys fit");
        Self {
            send,
            index: 0,
            ssrc,
            rid: layer.map(|layer| RIDS[layer].as_bytes()[0]),
        }
    }

    /// Writes the next packet at the start of `out`; returns its length. `sent_ns` travels in the payload.
    ///
    /// `transport_sequence` counts all packets of the publisher's transport.
    pub fn packet(
        &mut self,
        out: &mut [u8],
        sent_ns: u64,
        transport_sequence: u16,
        is_last_of_frame: bool,
    ) -> usize {
        self.index += 1;
        let fields = HeaderFields {
            marker: is_last_of_frame,
            payload_type: PAYLOAD_TYPE,
            sequence_number: self.index as u16,
            timestamp: (self.index / 10 * 3000) as u32,
            ssrc: self.ssrc,
        };
        write_fixed_header(out, &fields);
        out[0] |= 0x10;
        out[12..14].copy_from_slice(&ONE_BYTE_PROFILE.to_be_bytes());
        out[14..16].copy_from_slice(&[0, 2]);
        let sequence = transport_sequence.to_be_bytes();
        let (rid_head, rid) = self.rid.map_or((0, 0), |rid| (RID_ID << 4, rid));
        out[16..24].copy_from_slice(&[
            MID_ID << 4,
            b'0',
            TRANSPORT_CC_ID << 4 | 1,
            sequence[0],
            sequence[1],
            rid_head,
            rid,
            0,
        ]);
        let picture = (self.index / 10) as u16 & 0x7fff;
        let payload = &mut out[HEADER_LEN..PACKET_LEN];
        payload[..5].copy_from_slice(&[0x90, 0x80, 0x80 | (picture >> 8) as u8, picture as u8, 0]);
        payload[TIME_AT..TIME_AT + 8].copy_from_slice(&sent_ns.to_be_bytes());
        self.send.protect_rtp(
            &mut out[..PACKET_LEN + MAX_OVERHEAD],
            HEADER_LEN,
            PACKET_LEN,
            self.ssrc,
            self.index,
        )
    }
}
