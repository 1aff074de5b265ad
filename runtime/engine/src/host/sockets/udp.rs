//! UDP is refused where a socket would be made, so its resources have no values and its methods nothing to do.
use super::{
    NetworkHandle, View,
    address::SocketResult,
    bindings::wasi::sockets::{
        network::{ErrorCode, IpAddressFamily, IpSocketAddress},
        udp::{
            Host, HostIncomingDatagramStream, HostOutgoingDatagramStream, HostUdpSocket, IncomingDatagram, OutgoingDatagram,
        },
        udp_create_socket,
    },
};
use wasmtime::component::Resource;
use wasmtime_wasi::p2::DynPollable;

#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum UdpSocket {}
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum Incoming {}
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum Outgoing {}

impl udp_create_socket::Host for View<'_> {
    fn create_udp_socket(&mut self, _: IpAddressFamily) -> SocketResult<Resource<UdpSocket>> {
        Err(ErrorCode::NotSupported.into())
    }
}

impl Host for View<'_> {}

/// A resource of a type without values: the guest made the handle up, and the table says so.
macro_rules! none {
    ($view:expr, $resource:expr) => {
        match *$view.table.get(&$resource)? {}
    };
}

impl HostUdpSocket for View<'_> {
    fn start_bind(&mut self, s: Resource<UdpSocket>, _: Resource<NetworkHandle>, _: IpSocketAddress) -> SocketResult<()> {
        none!(self, s)
    }
    fn finish_bind(&mut self, s: Resource<UdpSocket>) -> SocketResult<()> {
        none!(self, s)
    }
    fn stream(
        &mut self,
        s: Resource<UdpSocket>,
        _: Option<IpSocketAddress>,
    ) -> SocketResult<(Resource<Incoming>, Resource<Outgoing>)> {
        none!(self, s)
    }
    fn local_address(&mut self, s: Resource<UdpSocket>) -> SocketResult<IpSocketAddress> {
        none!(self, s)
    }
    fn remote_address(&mut self, s: Resource<UdpSocket>) -> SocketResult<IpSocketAddress> {
        none!(self, s)
    }
    fn address_family(&mut self, s: Resource<UdpSocket>) -> wasmtime::Result<IpAddressFamily> {
        none!(self, s)
    }
    fn unicast_hop_limit(&mut self, s: Resource<UdpSocket>) -> SocketResult<u8> {
        none!(self, s)
    }
    fn set_unicast_hop_limit(&mut self, s: Resource<UdpSocket>, _: u8) -> SocketResult<()> {
        none!(self, s)
    }
    fn receive_buffer_size(&mut self, s: Resource<UdpSocket>) -> SocketResult<u64> {
        none!(self, s)
    }
    fn set_receive_buffer_size(&mut self, s: Resource<UdpSocket>, _: u64) -> SocketResult<()> {
        none!(self, s)
    }
    fn send_buffer_size(&mut self, s: Resource<UdpSocket>) -> SocketResult<u64> {
        none!(self, s)
    }
    fn set_send_buffer_size(&mut self, s: Resource<UdpSocket>, _: u64) -> SocketResult<()> {
        none!(self, s)
    }
    fn subscribe(&mut self, s: Resource<UdpSocket>) -> wasmtime::Result<Resource<DynPollable>> {
        none!(self, s)
    }
    fn drop(&mut self, s: Resource<UdpSocket>) -> wasmtime::Result<()> {
        none!(self, s)
    }
}

impl HostIncomingDatagramStream for View<'_> {
    fn receive(&mut self, s: Resource<Incoming>, _: u64) -> SocketResult<Vec<IncomingDatagram>> {
        none!(self, s)
    }
    fn subscribe(&mut self, s: Resource<Incoming>) -> wasmtime::Result<Resource<DynPollable>> {
        none!(self, s)
    }
    fn drop(&mut self, s: Resource<Incoming>) -> wasmtime::Result<()> {
        none!(self, s)
    }
}

impl HostOutgoingDatagramStream for View<'_> {
    fn check_send(&mut self, s: Resource<Outgoing>) -> SocketResult<u64> {
        none!(self, s)
    }
    fn send(&mut self, s: Resource<Outgoing>, _: Vec<OutgoingDatagram>) -> SocketResult<u64> {
        none!(self, s)
    }
    fn subscribe(&mut self, s: Resource<Outgoing>) -> wasmtime::Result<Resource<DynPollable>> {
        none!(self, s)
    }
    fn drop(&mut self, s: Resource<Outgoing>) -> wasmtime::Result<()> {
        none!(self, s)
    }
}
