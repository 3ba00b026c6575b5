//! Events, as Python sees them.

use parley_engine::{Event, Id};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

macro_rules! event_class {
    ($name:ident { $($field:ident: $kind:ty),* }) => {
        #[pyclass(frozen, get_all, module = "packet_core")]
        #[doc = concat!("See `packet_core.pyi`: ", stringify!($name), ".")]
        pub(crate) struct $name {
            $($field: $kind),*
        }
    };
}

event_class!(DtlsReceived { transport: Id, data: Py<PyBytes> });
event_class!(NodeDataReceived { transport: Id, data: Py<PyBytes> });
event_class!(TransportConnected {
    transport: Id,
    address: String,
    port: u16,
    protocol: &'static str
});
event_class!(TransportLost { transport: Id });
event_class!(LayerStarted {
    track: Id,
    layer: usize
});
event_class!(SubscriptionStarved {
    subscription: Id,
    starved: bool
});
event_class!(LayersWanted {
    track: Id,
    layers: usize
});
event_class!(LayerNeeded {
    track: Id,
    needed: bool
});
event_class!(SpeakersChanged {
    group: Id,
    tracks: Vec<Id>
});
event_class!(TrackSucceeded { track: Id });
event_class!(LayerStopped {
    track: Id,
    layer: usize
});

pub(crate) fn to_python(py: Python<'_>, event: Event) -> PyResult<Bound<'_, PyAny>> {
    Ok(match event {
        Event::DtlsReceived { transport, data } => {
            let data = PyBytes::new(py, &data).unbind();
            Bound::new(py, DtlsReceived { transport, data })?.into_any()
        }
        Event::NodeDataReceived { transport, data } => {
            let data = PyBytes::new(py, &data).unbind();
            Bound::new(py, NodeDataReceived { transport, data })?.into_any()
        }
        Event::TransportConnected { transport, remote } => {
            let (ip, port) = (remote.address().ip().to_string(), remote.address().port());
            Bound::new(
                py,
                TransportConnected {
                    transport,
                    address: ip,
                    port,
                    protocol: remote.protocol(),
                },
            )?
            .into_any()
        }
        Event::TransportLost { transport } => Bound::new(py, TransportLost { transport })?.into_any(),
        Event::SubscriptionStarved {
            subscription,
            starved,
        } => Bound::new(
            py,
            SubscriptionStarved {
                subscription,
                starved,
            },
        )?
        .into_any(),
        Event::LayersWanted { track, layers } => Bound::new(py, LayersWanted { track, layers })?.into_any(),
        Event::LayerNeeded { track, needed } => Bound::new(py, LayerNeeded { track, needed })?.into_any(),
        Event::SpeakersChanged { group, tracks } => {
            Bound::new(py, SpeakersChanged { group, tracks })?.into_any()
        }
        Event::TrackSucceeded { track } => Bound::new(py, TrackSucceeded { track })?.into_any(),
        Event::LayerStarted { track, layer } => Bound::new(py, LayerStarted { track, layer })?.into_any(),
        Event::LayerStopped { track, layer } => Bound::new(py, LayerStopped { track, layer })?.into_any(),
    })
}
