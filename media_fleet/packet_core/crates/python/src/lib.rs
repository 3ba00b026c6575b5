//! The packet core as a Python module. `packet_core.pyi` is its description; this file only translates.

mod arguments;
mod events;
mod statistics;

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use parley_engine::{
    Command, Config, ExtensionMap, Id, MAX_NODE_DATA, Profile, RelayConfig, RelayedTrackConfig,
    SubscriptionConfig, TrackConfig,
};
use parley_io::{Listen, NoAnswer, Node, thread_of, ufrag_start};
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use arguments::{credentials, extensions, keys, kind_and_codec, one_of, payload_type, profile, short_text};

pyo3::create_exception!(
    packet_core,
    PacketCoreError,
    PyException,
    "The core cannot do what was asked."
);

pyo3::create_exception!(
    packet_core,
    PacketCoreSilentError,
    PacketCoreError,
    "A thread of the core does not answer."
);

fn unanswered(reason: NoAnswer) -> PyErr {
    match reason {
        NoAnswer::Closed => PacketCoreError::new_err("the packet core is closed"),
        NoAnswer::Silent => PacketCoreSilentError::new_err("a thread of the packet core does not answer"),
    }
}

/// The sockets of one node, and its I/O threads.
#[pyclass(frozen, module = "packet_core")]
struct PacketCore {
    /// Nobody waits for an answer with the lock held.
    node: RwLock<Option<Arc<Node>>>,
    port: u16,
    tcp_port: Option<u16>,
    threads: usize,
    next_number: AtomicU32,
    /// Local ufrags in use, so that a second use is an error where it is made.
    ufrags: Mutex<Vec<(Id, String)>>,
}

impl PacketCore {
    fn node(&self) -> PyResult<Arc<Node>> {
        let node = self.node.read().unwrap_or_else(PoisonError::into_inner);
        node.clone().ok_or_else(|| unanswered(NoAnswer::Closed))
    }

    fn with_node<T>(&self, act: impl FnOnce(&Node) -> Result<T, NoAnswer>) -> PyResult<T> {
        act(&*self.node()?).map_err(unanswered)
    }

    fn command(&self, command: Command) -> PyResult<()> {
        self.with_node(|node| node.command(command))
    }

    /// An id of something in a thread.
    fn new_id(&self, thread: usize) -> Id {
        self.next_number.fetch_add(1, Ordering::Relaxed) * self.threads as Id + thread as Id
    }

    /// An id of something in the thread of something else.
    fn new_id_beside(&self, other: Id) -> Id {
        self.new_id(other as usize % self.threads)
    }

    fn check_beside(&self, one: Id, other: Id) -> PyResult<()> {
        one_of(
            one as usize % self.threads == other as usize % self.threads,
            "both must be in one thread",
        )
    }

    fn claim_ufrag(&self, transport: Id, ufrag: &str) -> PyResult<()> {
        let mut ufrags = self.ufrags.lock().unwrap_or_else(PoisonError::into_inner);
        if ufrags.iter().any(|(_, used)| used == ufrag) {
            return Err(PyValueError::new_err(format!(
                "the ice_ufrag {ufrag:?} is in use"
            )));
        }
        ufrags.push((transport, ufrag.to_owned()));
        Ok(())
    }
}

#[pymethods]
impl PacketCore {
    #[new]
    #[pyo3(signature = (
        *, bind_addresses, port, tcp_port = None, consent_timeout_ms = 15_000, last_n_audio = 0, threads = 1
    ))]
    fn new(
        bind_addresses: Vec<String>,
        port: u16,
        tcp_port: Option<u16>,
        consent_timeout_ms: u64,
        last_n_audio: usize,
        threads: usize,
    ) -> PyResult<Self> {
        let listen = Listen {
            addresses: arguments::addresses(&bind_addresses)?,
            port,
            tcp_port,
        };
        if consent_timeout_ms == 0 {
            return Err(PyValueError::new_err("consent_timeout_ms must be above zero"));
        }
        one_of(
            (1..=parley_io::MAX_THREADS).contains(&threads),
            "there are 1 to 64 threads",
        )?;
        let seed = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), port);
        let config = Config {
            consent_timeout_us: consent_timeout_ms * 1000,
            last_n_audio,
            seed,
        };
        let node = Node::start(&listen, config, threads).map_err(|error| {
            let places: Vec<String> = listen
                .addresses
                .iter()
                .map(|ip| SocketAddr::new(*ip, port).to_string())
                .collect();
            PacketCoreError::new_err(format!("cannot listen at {}: {error}", places.join(" and ")))
        })?;
        let (port, tcp_port) = (node.port(), node.tcp_port());
        Ok(Self {
            node: RwLock::new(Some(Arc::new(node))),
            port,
            tcp_port,
            threads,
            next_number: AtomicU32::new(1),
            ufrags: Mutex::default(),
        })
    }

    #[getter]
    fn local_port(&self) -> u16 {
        self.port
    }

    #[getter]
    fn local_tcp_port(&self) -> Option<u16> {
        self.tcp_port
    }

    #[getter]
    fn threads(&self) -> usize {
        self.threads
    }

    fn ufrag_start(&self, thread: usize) -> PyResult<char> {
        one_of(thread < self.threads, "there is no such thread")?;
        Ok(ufrag_start(thread))
    }

    fn event_fd(&self) -> PyResult<i32> {
        self.with_node(|node| Ok(node.event_fd()))
    }

    #[pyo3(signature = (limit = 4096))]
    fn drain_events<'py>(&self, py: Python<'py>, limit: usize) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let drained = self.with_node(|node| node.drain_events(limit))?;
        drained
            .into_iter()
            .map(|event| events::to_python(py, event))
            .collect()
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let node = self.node.write().unwrap_or_else(PoisonError::into_inner).take();
        // The threads need no interpreter to end, and others may use it meanwhile.
        if let Some(node) = node {
            py.detach(|| node.stop());
        }
        Ok(())
    }

    // ---- transports ----

    #[pyo3(signature = (*, ice_ufrag, ice_pwd))]
    fn add_transport(&self, ice_ufrag: &str, ice_pwd: &str) -> PyResult<Id> {
        let credentials = credentials(ice_ufrag, ice_pwd)?;
        let id = self.new_id(thread_of(ice_ufrag.as_bytes(), self.threads));
        self.claim_ufrag(id, ice_ufrag)?;
        self.command(Command::AddTransport(id, credentials))?;
        Ok(id)
    }

    #[pyo3(signature = (transport, *, ice_ufrag, ice_pwd))]
    fn restart_ice(&self, transport: Id, ice_ufrag: &str, ice_pwd: &str) -> PyResult<()> {
        let credentials = credentials(ice_ufrag, ice_pwd)?;
        let thread = thread_of(ice_ufrag.as_bytes(), self.threads);
        one_of(
            thread == transport as usize % self.threads,
            "the ice_ufrag means another thread than the transport's",
        )?;
        self.claim_ufrag(transport, ice_ufrag)?;
        self.command(Command::RestartIce(transport, credentials))
    }

    fn send_dtls(&self, transport: Id, datagrams: Vec<Vec<u8>>) -> PyResult<()> {
        if datagrams
            .iter()
            .any(|datagram| datagram.is_empty() || datagram.len() > 1500)
        {
            return Err(PyValueError::new_err("a DTLS datagram has 1 to 1500 bytes"));
        }
        self.command(Command::SendDtls(transport, datagrams))
    }

    #[pyo3(signature = (transport, *, profile, receive_key, receive_salt, send_key, send_salt))]
    fn set_srtp_keys(
        &self,
        transport: Id,
        profile: &str,
        receive_key: Vec<u8>,
        receive_salt: Vec<u8>,
        send_key: Vec<u8>,
        send_salt: Vec<u8>,
    ) -> PyResult<()> {
        let profile = self::profile(profile)?;
        let keys = self::keys(profile, receive_key, receive_salt, send_key, send_salt)?;
        self.command(Command::SetSrtpKeys(transport, Box::new(keys)))
    }

    fn remove_transport(&self, transport: Id) -> PyResult<()> {
        self.ufrags
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|(id, _)| *id != transport);
        self.command(Command::RemoveTransport(transport))
    }

    // ---- links to other nodes ----

    #[pyo3(signature = (*, thread, address, port, peer_thread, receive_key, receive_salt, send_key, send_salt))]
    #[allow(clippy::too_many_arguments)]
    fn add_link(
        &self,
        thread: usize,
        address: &str,
        port: u16,
        peer_thread: u8,
        receive_key: Vec<u8>,
        receive_salt: Vec<u8>,
        send_key: Vec<u8>,
        send_salt: Vec<u8>,
    ) -> PyResult<Id> {
        let address: IpAddr = address
            .parse()
            .map_err(|_| PyValueError::new_err(format!("address {address:?} is no IP address")))?;
        one_of(port > 0, "a port is above zero")?;
        one_of(thread < self.threads, "there is no such thread")?;
        let keys = self::keys(
            Profile::AeadAes128Gcm,
            receive_key,
            receive_salt,
            send_key,
            send_salt,
        )?;
        let id = self.new_id(thread);
        self.command(Command::AddLink(
            id,
            SocketAddr::new(address, port),
            peer_thread,
            Box::new(keys),
        ))?;
        Ok(id)
    }

    fn send_node_data(&self, link: Id, data: Vec<u8>) -> PyResult<()> {
        one_of(
            data.len() <= MAX_NODE_DATA,
            "a message to a node has at most 1400 bytes",
        )?;
        self.command(Command::SendNodeData(link, data))
    }

    #[pyo3(signature = (link, *, kind, codec, clock_rate, ssrcs, red = false, made_layer = false))]
    #[allow(clippy::too_many_arguments)]
    fn add_relayed_track(
        &self,
        link: Id,
        kind: &str,
        codec: &str,
        clock_rate: u32,
        ssrcs: Vec<u32>,
        red: bool,
        made_layer: bool,
    ) -> PyResult<Id> {
        let (kind, codec) = kind_and_codec(kind, codec)?;
        one_of((1..=8).contains(&ssrcs.len()), "a track has 1 to 8 layers")?;
        one_of(clock_rate > 0, "clock_rate must be above zero")?;
        let config = RelayedTrackConfig {
            kind,
            codec,
            clock_rate,
            red,
            ssrcs,
            made_layer,
        };
        let id = self.new_id_beside(link);
        self.command(Command::AddRelayedTrack(id, link, Box::new(config)))?;
        Ok(id)
    }

    #[pyo3(signature = (link, track, *, layer, ssrc, cname, red = false))]
    fn add_relay(
        &self,
        link: Id,
        track: Id,
        layer: usize,
        ssrc: u32,
        cname: String,
        red: bool,
    ) -> PyResult<Id> {
        one_of(cname.len() <= 255, "cname has at most 255 bytes")?;
        self.check_beside(link, track)?;
        let id = self.new_id_beside(link);
        let config = RelayConfig {
            layer,
            ssrc,
            red,
            cname,
        };
        self.command(Command::AddRelay(id, link, track, Box::new(config)))?;
        Ok(id)
    }

    // ---- tracks ----

    #[pyo3(signature = (
        transport, *, kind, codec, mid, payload_type, rtx_payload_type, clock_rate, rids, ssrc, rtx_ssrc, extensions,
        transport_cc, nack, red_payload_type = None, made_layer = false
    ))]
    #[allow(clippy::too_many_arguments)]
    fn add_track(
        &self,
        transport: Id,
        kind: &str,
        codec: &str,
        mid: String,
        payload_type: u8,
        rtx_payload_type: Option<u8>,
        clock_rate: u32,
        rids: Vec<String>,
        ssrc: Option<u32>,
        rtx_ssrc: Option<u32>,
        extensions: &Bound<'_, PyDict>,
        transport_cc: bool,
        nack: bool,
        red_payload_type: Option<u8>,
        made_layer: bool,
    ) -> PyResult<Id> {
        let (kind, codec) = kind_and_codec(kind, codec)?;
        if rids.len() > 8 {
            return Err(PyValueError::new_err("a track has at most 8 layers"));
        }
        one_of(clock_rate > 0, "clock_rate must be above zero")?;
        let config = TrackConfig {
            kind,
            codec,
            mid: short_text("mid", mid)?,
            payload_type: self::payload_type(payload_type)?,
            rtx_payload_type: rtx_payload_type.map(self::payload_type).transpose()?,
            red_payload_type: red_payload_type.map(self::payload_type).transpose()?,
            clock_rate,
            rids: rids
                .into_iter()
                .map(|rid| short_text("rid", rid))
                .collect::<PyResult<_>>()?,
            ssrc,
            rtx_ssrc,
            extensions: self::extensions(extensions)?,
            transport_cc,
            nack,
            made_layer,
        };
        let id = self.new_id_beside(transport);
        self.command(Command::AddTrack(id, transport, Box::new(config)))?;
        Ok(id)
    }

    fn remove_track(&self, track: Id) -> PyResult<()> {
        self.command(Command::RemoveTrack(track))
    }

    fn succeed_track(&self, former: Id, new: Id) -> PyResult<()> {
        self.command(Command::SucceedTrack(former, new))
    }

    #[pyo3(signature = (track, *, muted))]
    fn set_track_muted(&self, track: Id, muted: bool) -> PyResult<()> {
        self.command(Command::SetTrackMuted(track, muted))
    }

    #[pyo3(signature = (track, group))]
    fn set_track_group(&self, track: Id, group: Option<Id>) -> PyResult<()> {
        self.command(Command::SetTrackGroup(track, group))
    }

    fn request_key_frame(&self, track: Id) -> PyResult<()> {
        self.command(Command::RequestKeyFrame(track))
    }

    #[pyo3(signature = (track, *, allowed))]
    fn allow_made_layer(&self, track: Id, allowed: bool) -> PyResult<()> {
        self.command(Command::AllowMadeLayer(track, allowed))
    }

    #[pyo3(signature = (track, transport, *, ssrc))]
    fn add_made_layer(&self, track: Id, transport: Id, ssrc: u32) -> PyResult<()> {
        self.check_beside(track, transport)?;
        self.command(Command::AddMadeLayer(track, transport, ssrc))
    }

    fn expect_subscriber(&self, track: Id) -> PyResult<()> {
        self.command(Command::ExpectSubscriber(track))
    }

    // ---- subscriptions ----

    #[pyo3(signature = (
        transport, track, *, mid, ssrc, rtx_ssrc, payload_type, rtx_payload_type, cname, extensions,
        continuous = false, red_payload_type = None, made_layer = false
    ))]
    #[allow(clippy::too_many_arguments)]
    fn add_subscription(
        &self,
        transport: Id,
        track: Id,
        mid: String,
        ssrc: u32,
        rtx_ssrc: Option<u32>,
        payload_type: u8,
        rtx_payload_type: Option<u8>,
        cname: String,
        extensions: &Bound<'_, PyDict>,
        continuous: bool,
        red_payload_type: Option<u8>,
        made_layer: bool,
    ) -> PyResult<Id> {
        let extensions: ExtensionMap = self::extensions(extensions)?;
        one_of(cname.len() <= 255, "cname has at most 255 bytes")?;
        let config = SubscriptionConfig {
            mid: short_text("mid", mid)?,
            ssrc,
            rtx_ssrc,
            payload_type: self::payload_type(payload_type)?,
            rtx_payload_type: rtx_payload_type.map(self::payload_type).transpose()?,
            red_payload_type: red_payload_type.map(self::payload_type).transpose()?,
            cname,
            extensions,
            continuous,
            made_layer,
        };
        self.check_beside(transport, track)?;
        let id = self.new_id_beside(transport);
        self.command(Command::AddSubscription(id, transport, track, Box::new(config)))?;
        Ok(id)
    }

    #[pyo3(signature = (subscription, layer))]
    fn set_wanted_layer(&self, subscription: Id, layer: Option<usize>) -> PyResult<()> {
        self.command(Command::SetWantedLayer(subscription, layer))
    }

    #[pyo3(signature = (subscription, height))]
    fn set_wanted_height(&self, subscription: Id, height: Option<u16>) -> PyResult<()> {
        self.command(Command::SetWantedHeight(subscription, height))
    }

    #[pyo3(signature = (subscription, frame_rate))]
    fn set_wanted_frame_rate(&self, subscription: Id, frame_rate: Option<u8>) -> PyResult<()> {
        self.command(Command::SetWantedFrameRate(subscription, frame_rate))
    }

    fn set_priority(&self, subscription: Id, priority: u32) -> PyResult<()> {
        self.command(Command::SetPriority(subscription, priority))
    }

    #[pyo3(signature = (subscription, *, paused))]
    fn set_paused(&self, subscription: Id, paused: bool) -> PyResult<()> {
        self.command(Command::SetPaused(subscription, paused))
    }

    fn remove_subscription(&self, subscription: Id) -> PyResult<()> {
        self.command(Command::RemoveSubscription(subscription))
    }

    // ---- looking inside ----

    fn stats(&self, py: Python<'_>) -> PyResult<statistics::CoreStats> {
        let threads = py.detach(|| Ok::<_, PyErr>(self.node()?.stats()))?;
        let all = threads
            .into_iter()
            .collect::<Result<Vec<_>, _>>()
            .map_err(unanswered)?;
        Ok(statistics::sum(
            all.iter().map(|(engine, io)| statistics::core(engine, io)),
        ))
    }

    fn thread_stats(&self, py: Python<'_>) -> PyResult<Vec<Option<statistics::CoreStats>>> {
        let threads = py.detach(|| Ok::<_, PyErr>(self.node()?.stats()))?;
        let told = threads.into_iter().map(Result::ok);
        Ok(told
            .map(|told| told.map(|(engine, io)| statistics::core(&engine, &io)))
            .collect())
    }

    fn track_stats(&self, py: Python<'_>, track: Id) -> PyResult<Vec<statistics::LayerStats>> {
        let layers = py.detach(|| self.with_node(|node| node.track_stats(track)))?;
        Ok(layers.iter().map(statistics::layer).collect())
    }

    fn subscription_stats(
        &self,
        py: Python<'_>,
        subscription: Id,
    ) -> PyResult<Option<statistics::SubscriptionStats>> {
        let found = py.detach(|| self.with_node(|node| node.subscription_stats(subscription)))?;
        Ok(found.as_ref().map(statistics::subscription))
    }

    fn transport_stats(&self, py: Python<'_>, transport: Id) -> PyResult<Option<statistics::TransportStats>> {
        let found = py.detach(|| self.with_node(|node| node.transport_stats(transport)))?;
        Ok(found.as_ref().map(statistics::transport))
    }

    fn transport_reports(
        &self,
        py: Python<'_>,
        transports: Vec<Id>,
    ) -> PyResult<Vec<Option<statistics::TransportReport>>> {
        let found = py.detach(|| self.with_node(|node| node.transport_reports(&transports)))?;
        let reports = found.iter().map(Option::as_ref);
        reports
            .map(|report| report.map(|report| statistics::report(py, report)).transpose())
            .collect()
    }
}

/// The packet plane of a media node.
#[pymodule(name = "packet_core")]
mod module {
    #[pymodule_export]
    use super::{
        PacketCore, PacketCoreError, PacketCoreSilentError,
        events::{
            DtlsReceived, LayerNeeded, LayerStarted, LayerStopped, LayersWanted, NodeDataReceived,
            SpeakersChanged, SubscriptionStarved, TrackSucceeded, TransportConnected, TransportLost,
        },
        statistics::{CoreStats, LayerStats, SubscriptionStats, TransportReport, TransportStats},
    };
}
