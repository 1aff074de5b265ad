//! `wasi:sockets` 0.2 with resources of our own, over the workload's [`Network`].
//!
//! wasmtime-wasi's socket types are closed, and a guest's network is not the host's. Only wasi:io's streams and pollables are reused.
mod address; // WASI's addresses and errors to and from Rust's
mod names; // ip-name-lookup
mod pending; // an operation under way on the control plane's runtime
mod stream; // a connection as wasi:io streams
mod tcp; // the TCP socket's states
mod tcp_host; // its methods as the guest calls them
mod udp; // refused for now

use crate::Network;
use address::SocketError;
use std::sync::Arc;
use tokio::runtime::Handle;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};

mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "coracle:engine/network",
        imports: { default: trappable },
        with: {
            "wasi:io": wasmtime_wasi::p2::bindings::io,
            "wasi:clocks": wasmtime_wasi::p2::bindings::clocks,
            "wasi:sockets/network.network": super::NetworkHandle,
            "wasi:sockets/ip-name-lookup.resolve-address-stream": super::names::Lookup,
            "wasi:sockets/tcp.tcp-socket": super::tcp::TcpSocket,
            "wasi:sockets/udp.udp-socket": super::udp::UdpSocket,
            "wasi:sockets/udp.incoming-datagram-stream": super::udp::Incoming,
            "wasi:sockets/udp.outgoing-datagram-stream": super::udp::Outgoing,
        },
        require_store_data_send: true,
        trappable_error_type: { "wasi:sockets/network.error-code" => super::SocketError },
    });
}
use bindings::wasi::sockets::{instance_network, ip_name_lookup, network, tcp_create_socket, udp_create_socket};

/// First port given to the local end of a connection, as IANA has it.
const FIRST_EPHEMERAL: u16 = 49_152;

/// WASI's right to use the network. A guest's network is decided by its workload, so there is only one.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct NetworkHandle;

/// One instance's side of the network.
pub(super) struct Sockets {
    network: Arc<dyn Network>,
    control: Handle,
    ephemeral: u16,
}

impl Sockets {
    pub(super) fn new(network: Arc<dyn Network>, control: Handle) -> Sockets {
        Sockets { network, control, ephemeral: FIRST_EPHEMERAL }
    }

    /// The fabric knows connections by their streams, so a local port only has to look like one.
    fn next_port(&mut self) -> u16 {
        self.ephemeral = self.ephemeral.checked_add(1).unwrap_or(FIRST_EPHEMERAL);
        self.ephemeral
    }
}

/// What the guest's calls work on.
pub(super) struct View<'a> {
    table: &'a mut ResourceTable,
    sockets: &'a mut Sockets,
}

struct HasSockets;

impl HasData for HasSockets {
    type Data<'a> = View<'a>;
}

pub(super) fn link(linker: &mut Linker<super::State>) -> Result<(), wasmtime::Error> {
    use bindings::wasi::sockets::{tcp, udp};
    fn view(state: &mut super::State) -> View<'_> {
        View { table: &mut state.table, sockets: &mut state.sockets }
    }
    network::add_to_linker::<_, HasSockets>(linker, &network::LinkOptions::default(), view)?;
    instance_network::add_to_linker::<_, HasSockets>(linker, view)?;
    ip_name_lookup::add_to_linker::<_, HasSockets>(linker, view)?;
    tcp::add_to_linker::<_, HasSockets>(linker, view)?;
    tcp_create_socket::add_to_linker::<_, HasSockets>(linker, view)?;
    udp::add_to_linker::<_, HasSockets>(linker, view)?;
    udp_create_socket::add_to_linker::<_, HasSockets>(linker, view)
}

impl instance_network::Host for View<'_> {
    fn instance_network(&mut self) -> wasmtime::Result<Resource<NetworkHandle>> {
        Ok(self.table.push(NetworkHandle)?)
    }
}

impl network::Host for View<'_> {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<network::ErrorCode> {
        match error {
            SocketError::Code(code) => Ok(code),
            SocketError::Trap(error) => Err(error),
        }
    }

    fn network_error_code(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<Option<network::ErrorCode>> {
        let error = self.table.get(&error)?;
        Ok(error.downcast_ref::<std::io::Error>().map(address::io_error_code))
    }
}

impl network::HostNetwork for View<'_> {
    fn drop(&mut self, network: Resource<NetworkHandle>) -> wasmtime::Result<()> {
        self.table.delete(network)?;
        Ok(())
    }
}
