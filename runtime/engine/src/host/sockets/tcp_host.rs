//! The TCP socket's methods as the guest calls them.
use super::{
    NetworkHandle, View,
    address::SocketResult,
    bindings::wasi::sockets::{
        network::{ErrorCode, IpAddressFamily, IpSocketAddress},
        tcp::{Host, HostTcpSocket, ShutdownType},
        tcp_create_socket,
    },
    stream::Connection,
    tcp::{Options, TcpSocket},
};
use wasmtime::component::Resource;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, subscribe};

type Streams = (Resource<DynInputStream>, Resource<DynOutputStream>);

impl Host for View<'_> {}

impl tcp_create_socket::Host for View<'_> {
    fn create_tcp_socket(&mut self, family: IpAddressFamily) -> SocketResult<Resource<TcpSocket>> {
        Ok(self.table.push(TcpSocket::new(family))?)
    }
}

impl View<'_> {
    fn streams(&mut self, socket: &Resource<TcpSocket>, connection: &Connection) -> SocketResult<Streams> {
        let input: DynInputStream = Box::new(connection.reader());
        let output: DynOutputStream = Box::new(connection.writer());
        Ok((self.table.push_child(input, socket)?, self.table.push_child(output, socket)?))
    }

    fn option<T>(&self, socket: Resource<TcpSocket>, get: fn(&Options) -> T) -> SocketResult<T> {
        Ok(get(&self.table.get(&socket)?.options))
    }

    fn set_option(&mut self, socket: Resource<TcpSocket>, set: impl FnOnce(&mut Options)) -> SocketResult<()> {
        set(&mut self.table.get_mut(&socket)?.options);
        Ok(())
    }
}

/// WASI refuses zero where a size, a time or a count is meant.
fn positive<T: PartialEq + From<u8>>(value: T) -> SocketResult<T> {
    if value == T::from(0) { Err(ErrorCode::InvalidArgument.into()) } else { Ok(value) }
}

impl HostTcpSocket for View<'_> {
    fn start_bind(
        &mut self,
        socket: Resource<TcpSocket>,
        network: Resource<NetworkHandle>,
        local: IpSocketAddress,
    ) -> SocketResult<()> {
        self.table.get(&network)?;
        self.table.get_mut(&socket)?.start_bind(local.into())
    }

    fn finish_bind(&mut self, socket: Resource<TcpSocket>) -> SocketResult<()> {
        self.table.get_mut(&socket)?.finish_bind()
    }

    fn start_connect(
        &mut self,
        socket: Resource<TcpSocket>,
        network: Resource<NetworkHandle>,
        remote: IpSocketAddress,
    ) -> SocketResult<()> {
        self.table.get(&network)?;
        self.table.get_mut(&socket)?.start_connect(remote.into(), self.sockets)
    }

    fn finish_connect(&mut self, socket: Resource<TcpSocket>) -> SocketResult<Streams> {
        let connection = self.table.get_mut(&socket)?.finish_connect(self.sockets)?;
        self.streams(&socket, &connection)
    }

    fn start_listen(&mut self, socket: Resource<TcpSocket>) -> SocketResult<()> {
        self.table.get_mut(&socket)?.start_listen(self.sockets)
    }

    fn finish_listen(&mut self, socket: Resource<TcpSocket>) -> SocketResult<()> {
        self.table.get_mut(&socket)?.finish_listen(&self.sockets.control)
    }

    fn accept(
        &mut self,
        socket: Resource<TcpSocket>,
    ) -> SocketResult<(Resource<TcpSocket>, Resource<DynInputStream>, Resource<DynOutputStream>)> {
        let (accepted, connection) = self.table.get_mut(&socket)?.accept(&self.sockets.control)?;
        let accepted = self.table.push(accepted)?;
        let (input, output) = self.streams(&accepted, &connection)?;
        Ok((accepted, input, output))
    }

    fn local_address(&mut self, socket: Resource<TcpSocket>) -> SocketResult<IpSocketAddress> {
        Ok(self.table.get(&socket)?.local()?.into())
    }

    fn remote_address(&mut self, socket: Resource<TcpSocket>) -> SocketResult<IpSocketAddress> {
        Ok(self.table.get(&socket)?.connected()?.0.into())
    }

    fn is_listening(&mut self, socket: Resource<TcpSocket>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&socket)?.is_listening())
    }

    fn address_family(&mut self, socket: Resource<TcpSocket>) -> wasmtime::Result<IpAddressFamily> {
        Ok(self.table.get(&socket)?.family)
    }

    fn set_listen_backlog_size(&mut self, socket: Resource<TcpSocket>, value: u64) -> SocketResult<()> {
        positive(value)?;
        match self.table.get(&socket)?.is_connected() {
            true => Err(ErrorCode::InvalidState.into()),
            false => Ok(()), // a hint; the fabric has its own bound
        }
    }

    fn keep_alive_enabled(&mut self, socket: Resource<TcpSocket>) -> SocketResult<bool> {
        self.option(socket, |options| options.keep_alive)
    }

    fn set_keep_alive_enabled(&mut self, socket: Resource<TcpSocket>, value: bool) -> SocketResult<()> {
        self.set_option(socket, |options| options.keep_alive = value)
    }

    fn keep_alive_idle_time(&mut self, socket: Resource<TcpSocket>) -> SocketResult<u64> {
        self.option(socket, |options| options.keep_alive_idle)
    }

    fn set_keep_alive_idle_time(&mut self, socket: Resource<TcpSocket>, value: u64) -> SocketResult<()> {
        let value = positive(value)?;
        self.set_option(socket, |options| options.keep_alive_idle = value)
    }

    fn keep_alive_interval(&mut self, socket: Resource<TcpSocket>) -> SocketResult<u64> {
        self.option(socket, |options| options.keep_alive_interval)
    }

    fn set_keep_alive_interval(&mut self, socket: Resource<TcpSocket>, value: u64) -> SocketResult<()> {
        let value = positive(value)?;
        self.set_option(socket, |options| options.keep_alive_interval = value)
    }

    fn keep_alive_count(&mut self, socket: Resource<TcpSocket>) -> SocketResult<u32> {
        self.option(socket, |options| options.keep_alive_count)
    }

    fn set_keep_alive_count(&mut self, socket: Resource<TcpSocket>, value: u32) -> SocketResult<()> {
        let value = positive(value)?;
        self.set_option(socket, |options| options.keep_alive_count = value)
    }

    fn hop_limit(&mut self, socket: Resource<TcpSocket>) -> SocketResult<u8> {
        self.option(socket, |options| options.hop_limit)
    }

    fn set_hop_limit(&mut self, socket: Resource<TcpSocket>, value: u8) -> SocketResult<()> {
        let value = positive(value)?;
        self.set_option(socket, |options| options.hop_limit = value)
    }

    fn receive_buffer_size(&mut self, socket: Resource<TcpSocket>) -> SocketResult<u64> {
        self.option(socket, |options| options.receive_buffer)
    }

    fn set_receive_buffer_size(&mut self, socket: Resource<TcpSocket>, value: u64) -> SocketResult<()> {
        let value = positive(value)?;
        self.set_option(socket, |options| options.receive_buffer = value)
    }

    fn send_buffer_size(&mut self, socket: Resource<TcpSocket>) -> SocketResult<u64> {
        self.option(socket, |options| options.send_buffer)
    }

    fn set_send_buffer_size(&mut self, socket: Resource<TcpSocket>, value: u64) -> SocketResult<()> {
        let value = positive(value)?;
        self.set_option(socket, |options| options.send_buffer = value)
    }

    fn subscribe(&mut self, socket: Resource<TcpSocket>) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.table, socket)
    }

    fn shutdown(&mut self, socket: Resource<TcpSocket>, how: ShutdownType) -> SocketResult<()> {
        let (_, connection) = self.table.get(&socket)?.connected()?;
        if matches!(how, ShutdownType::Receive | ShutdownType::Both) {
            connection.shut_reading();
        }
        if matches!(how, ShutdownType::Send | ShutdownType::Both) {
            connection.shut_writing();
        }
        Ok(())
    }

    fn drop(&mut self, socket: Resource<TcpSocket>) -> wasmtime::Result<()> {
        self.table.delete(socket)?;
        Ok(())
    }
}
