use super::*;

fn pair() -> (SendBatch, UdpSocket, SocketAddr) {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    receiver.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let to = receiver.local_addr().unwrap();
    (
        SendBatch::new(Some(UdpSocket::bind("127.0.0.1:0").unwrap()), None),
        receiver,
        to,
    )
}

/// How many wait for the first way.
fn messages<W>(batch: &SendBatch<W>) -> usize {
    batch.v4.as_ref().unwrap().messages.len()
}

fn put(batch: &mut SendBatch<impl Way>, to: SocketAddr, datagram: &[u8]) {
    batch.buffer(2000)[..datagram.len()].copy_from_slice(datagram);
    batch.send(Remote::udp(to), datagram.len());
}

#[test]
fn datagrams_arrive_one_by_one_however_they_were_joined() {
    let (mut batch, receiver, to) = pair();
    let sizes = [100usize, 100, 100, 40, 100, 100, 300, 300, 7];
    for (index, size) in sizes.iter().enumerate() {
        put(&mut batch, to, &vec![index as u8; *size]);
    }
    assert_eq!(messages(&batch), 3, "100 100 100 40 | 100 100 | 300 300 7");
    batch.flush();
    let mut datagram = [0u8; 2000];
    for (index, size) in sizes.iter().enumerate() {
        let len = receiver.recv(&mut datagram).unwrap();
        assert_eq!((len, datagram[0]), (*size, index as u8));
    }
    assert_eq!(batch.stats.datagrams_sent, sizes.len() as u64);
    assert_eq!(batch.stats.send_calls, 1);
}

#[test]
fn more_than_the_kernel_cuts_goes_in_several_messages() {
    let (mut batch, receiver, to) = pair();
    for _ in 0..MAX_SEGMENTS + 1 {
        put(&mut batch, to, &[1; 1200]);
    }
    assert_eq!(messages(&batch), 2, "54 fit into 64 KiB");
    batch.flush();
    let mut datagram = [0u8; 2000];
    for _ in 0..MAX_SEGMENTS + 1 {
        assert_eq!(receiver.recv(&mut datagram).unwrap(), 1200);
    }
}

#[test]
fn what_the_kernel_does_not_cut_is_sent_one_by_one() {
    let (mut batch, receiver, to) = pair();
    // The kernel leaves checksums of what it cuts to the device, and refuses if there are to be none (EINVAL).
    syscalls::send_no_checksums(&batch.v4.as_ref().unwrap().way);
    for index in 0..5 {
        put(&mut batch, to, &[index; 100]);
    }
    assert_eq!(messages(&batch), 1);
    batch.flush();
    let mut datagram = [0u8; 2000];
    for index in 0..5 {
        assert_eq!(receiver.recv(&mut datagram).unwrap(), 100);
        assert_eq!(datagram[0], index);
    }
    assert_eq!((batch.stats.datagrams_sent, batch.stats.send_failures), (5, 0));
}

/// A way that refuses as it is told to.
#[derive(Default)]
struct Refusing {
    /// Of cut messages.
    cut: Option<i32>,
    /// Of datagrams to this port.
    to_port: Option<(u16, i32)>,
    /// So many datagrams fit; waiting makes room for `grows` more.
    room: Option<usize>,
    grows: usize,
    waits: usize,
    sent: Vec<(u16, usize)>,
}

impl Way for Refusing {
    fn send(&mut self, _buffer: &[u8], messages: &[Message]) -> Result<usize> {
        let refusal = |message: &Message| match (self.cut, self.to_port) {
            (Some(error), _) if message.is_cut() => Some(error),
            (_, Some((port, error))) if message.to.port() == port => Some(error),
            _ if self.room == Some(0) => Some(libc::EAGAIN),
            _ => None,
        };
        if let Some(error) = refusal(&messages[0]) {
            return Err(Error::from_raw_os_error(error));
        }
        if let Some(room) = &mut self.room {
            *room -= 1;
        }
        let message = messages[0];
        self.sent
            .extend(message.datagrams().map(|one| (one.to.port(), one.len)));
        Ok(1)
    }

    fn wait(&mut self) {
        self.waits += 1;
        self.room = Some(self.grows);
    }
}

fn refusing(way: Refusing) -> SendBatch<Refusing> {
    SendBatch::new(Some(way), None)
}

fn way(batch: &mut SendBatch<Refusing>) -> &mut Refusing {
    &mut batch.v4.as_mut().unwrap().way
}

fn to(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// Three datagrams to each of three ports: three messages.
fn fill(batch: &mut SendBatch<Refusing>) {
    for port in 1..=3 {
        for _ in 0..3 {
            put(batch, to(port), &[0; 100]);
        }
    }
}

fn everything() -> Vec<(u16, usize)> {
    (1..=3).flat_map(|port| [(port, 100); 3]).collect()
}

#[test]
fn without_checksum_offload_nothing_is_lost_and_nothing_joined_any_more() {
    let mut batch = refusing(Refusing {
        cut: Some(libc::EIO),
        ..Refusing::default()
    });
    fill(&mut batch);
    assert_eq!(messages(&batch), 3);
    batch.flush();
    assert_eq!(way(&mut batch).sent, everything());
    assert_eq!(
        batch.stats.send_calls, 10,
        "one was refused, and no other was tried"
    );
    fill(&mut batch);
    assert_eq!(messages(&batch), 9);
    assert_eq!(batch.stats.send_failures, 0);
}

#[test]
fn what_is_too_long_to_be_cut_on_one_way_is_joined_on_others() {
    for error in [libc::EINVAL, libc::EMSGSIZE] {
        let mut batch = refusing(Refusing {
            cut: Some(error),
            ..Refusing::default()
        });
        fill(&mut batch);
        batch.flush();
        assert_eq!(
            (way(&mut batch).sent.clone(), batch.stats.send_failures),
            (everything(), 0)
        );
        fill(&mut batch);
        assert_eq!(messages(&batch), 3);
    }
}

#[test]
fn what_is_refused_is_counted_and_the_rest_goes_on() {
    for error in [libc::EMSGSIZE, libc::EINVAL, libc::ENETUNREACH, libc::EPERM] {
        let mut batch = refusing(Refusing {
            to_port: Some((2, error)),
            ..Refusing::default()
        });
        fill(&mut batch);
        batch.flush();
        assert_eq!((batch.stats.datagrams_sent, batch.stats.send_failures), (6, 3));
        assert!(way(&mut batch).sent.iter().all(|(port, _)| *port != 2));
    }
}

#[test]
fn a_full_socket_is_waited_for_once_a_batch() {
    let mut batch = refusing(Refusing {
        room: Some(1),
        grows: 1,
        ..Refusing::default()
    });
    fill(&mut batch);
    batch.flush();
    assert_eq!(way(&mut batch).waits, 1);
    assert_eq!((batch.stats.datagrams_sent, batch.stats.send_failures), (6, 3));
    (way(&mut batch).room, way(&mut batch).grows) = (Some(0), 9);
    fill(&mut batch);
    batch.flush();
    assert_eq!(
        (way(&mut batch).waits, batch.stats.send_failures),
        (2, 3),
        "there was room"
    );
}

#[test]
fn each_version_of_ip_leaves_by_its_own_way_in_its_own_messages() {
    let mut batch = SendBatch::new(Some(Refusing::default()), Some(Refusing::default()));
    let v6 = SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, 9));
    for _ in 0..2 {
        put(&mut batch, to(1), &[0; 100]);
        put(&mut batch, v6, &[0; 100]);
        put(&mut batch, v6, &[0; 100]);
    }
    batch.flush();
    assert_eq!(way(&mut batch).sent, [(1, 100); 2]);
    assert_eq!(batch.v6.as_ref().unwrap().way.sent, [(9, 100); 4]);
    assert_eq!(batch.stats.send_calls, 4, "what lies apart is not joined");
    let mut batch = refusing(Refusing::default());
    put(&mut batch, v6, &[0; 100]);
    assert_eq!(batch.stats.send_failures, 1, "there is no such way");
}
